"""Scoring rules as data, and the score rows that the worker keeps beside the leads."""

import datetime

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from leads.models.conversion import ConversionModel
from leads.models.engagements import EngagementKind
from leads.models.leads import Lead
from presales.derived import MAX_ATTEMPTS, Derived, DerivedQuerySet


class Dimension(models.TextChoices):
    """What a group of rules measures."""

    FIT = "fit", "Fit: who they are"
    ENGAGEMENT = "engagement", "Engagement: what they did"


def today_utc() -> datetime.date:
    """The day it is in UTC: the clock that scores go by."""
    return datetime.datetime.now(datetime.UTC).date()


@pghistory.track()
class ScoringSettings(models.Model):
    """The one row of scoring-wide figures. `revision` grows with every saved change of any rule.

    `mass_epoch` is the day that the decaying masses are kept relative to, and `mass_rev` grows whenever
    it or the half-life changes, which makes every kept mass stale (see leads/scoring/masses.py).
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    half_life_days = models.PositiveSmallIntegerField(
        default=21, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    fit_weight = models.PositiveSmallIntegerField(
        "weight of fit (%)", default=50, validators=[MaxValueValidator(100)], help_text="The rest is engagement's."
    )
    hot_from = models.PositiveSmallIntegerField(default=70, validators=[MaxValueValidator(100)])
    warm_from = models.PositiveSmallIntegerField(default=40, validators=[MaxValueValidator(100)])
    revision = models.PositiveBigIntegerField(default=1, editable=False)
    mass_epoch = models.DateField(default=today_utc, editable=False)
    mass_rev = models.PositiveIntegerField(default=1, editable=False)
    model = models.ForeignKey(
        ConversionModel, models.SET_NULL, null=True, editable=False, related_name="+",
        help_text="The learned version in use; its probability is computed together with the score.",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="leads_scoring_settings_one_row"),
            models.CheckConstraint(condition=Q(warm_from__lte=F("hot_from")), name="leads_scoring_bands"),
            models.CheckConstraint(condition=Q(fit_weight__lte=100), name="leads_scoring_fit_weight"),
        ]

    def __str__(self) -> str:
        return "Scoring settings"


@pghistory.track()
class ScoringGroup(models.Model):
    """Rules that together give at most `ceiling` points, so that ten page visits never outweigh a demo request."""

    dimension = models.CharField(max_length=10, choices=Dimension)
    name = models.CharField(max_length=60)
    ceiling = models.PositiveSmallIntegerField(default=30, validators=[MinValueValidator(1), MaxValueValidator(100)])
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["dimension", "order", "pk"]
        constraints = [models.UniqueConstraint(fields=["dimension", "name"], name="leads_scoring_group_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class ScoringRule(models.Model):
    """Points for leads that match (fit) or for each event of a kind, decaying (engagement)."""

    class Operator(models.TextChoices):
        """How a fit rule compares the field with its values."""

        IS_ANY = "is_any", "is one of"
        IS_NONE = "is_none", "is none of"
        CONTAINS = "contains", "contains"
        AT_LEAST = "at_least", "is at least"
        AT_MOST = "at_most", "is at most"
        IS_EMPTY = "is_empty", "is empty"
        IS_FILLED = "is_filled", "is filled"

    group = models.ForeignKey(ScoringGroup, models.CASCADE, related_name="rules")
    name = models.CharField(max_length=100)
    points = models.SmallIntegerField(validators=[MinValueValidator(-100), MaxValueValidator(100)])
    field = models.CharField(max_length=80, blank=True, help_text="What leads.scoring.fields calls it; fit rules only.")
    operator = models.CharField(max_length=10, choices=Operator, blank=True)
    values = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    engagement_kind = models.CharField(max_length=20, choices=EngagementKind, blank=True)
    is_active = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["group", "order", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(points__range=(-100, 100)), name="leads_scoring_rule_points"),
        ]

    def __str__(self) -> str:
        return self.name


class Band(models.TextChoices):
    """How much attention a lead gets."""

    HOT = "hot", "Hot"
    WARM = "warm", "Warm"
    COLD = "cold", "Cold"


class LeadScore(Derived):
    """One narrow row per lead, so that a rescore rewrites nothing else and fires no history trigger."""

    lead = models.OneToOneField(Lead, models.CASCADE, primary_key=True, related_name="score")
    fit = models.PositiveSmallIntegerField(default=0)
    engagement = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField("score", default=0)
    grade = models.CharField(max_length=2, default="D4")
    band = models.CharField(max_length=4, choices=Band, default=Band.COLD)
    masses = ArrayField(
        models.BigIntegerField(), default=list, editable=False, help_text="Per kind of engagement; empty means none."
    )
    mass_rev = models.PositiveIntegerField(default=0, editable=False)
    # By the learned version in use; empty without one. `logit` is everything but the points, so that a night of
    # decay has nothing to look up.
    logit = models.FloatField(null=True, editable=False)
    probability = models.FloatField(null=True, editable=False)

    objects = DerivedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fit__lte=100, engagement__lte=100, total__lte=100), name="leads_score_range"
            ),
        ]
        indexes = [
            models.Index(fields=["lead"], condition=~Q(input_rev=F("computed_rev")), name="leads_score_stale"),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.total}"


class ScoreRange(models.Model):
    """Which rules and which day the scores of one range of lead ids were last computed for.

    It stands in for a mark on every row: a nightly run that finds most scores unchanged writes none of
    them, and one killed in the middle leaves the ranges it did not reach behind, for the sweep.
    """

    first = models.PositiveBigIntegerField(primary_key=True, help_text="The range's lowest lead id.")
    revision = models.PositiveBigIntegerField(default=0)
    mass_rev = models.PositiveIntegerField(default=0)
    model = models.PositiveBigIntegerField(default=0, help_text="The learned version; 0 for none.")
    day = models.DateField(null=True, help_text="In UTC.")
    promoted = models.BooleanField(default=False, help_text="Leads past their team's threshold were made MQLs.")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["first"]

    def __str__(self) -> str:
        return f"scores from lead {self.first}"

    @classmethod
    def given_up(cls) -> models.QuerySet:
        """Those whose computation failed three times."""
        return cls.objects.filter(attempts__gte=MAX_ATTEMPTS)

    @classmethod
    def retry(cls) -> int:
        """Let the sweep try those again; how many."""
        return cls.given_up().update(attempts=0)


class ScoreInputs(models.Model):
    """What the leads of one range were found to be when rules and version were last evaluated for them.

    Kept so that new rules and new versions ask the leads only what was never asked (leads/scoring/remembered.py). It
    may be missing or old at any time: a lead whose `input_rev` is no longer the one in `data` is asked anew.
    """

    first = models.PositiveBigIntegerField(primary_key=True, help_text="The range's lowest lead id.")
    mass_rev = models.PositiveIntegerField()
    begun_at = models.DateTimeField(help_text="When the oldest of it was read.")
    data = models.BinaryField()

    class Meta:
        ordering = ["first"]

    def __str__(self) -> str:
        return f"inputs from lead {self.first}"
