"""What is kept of learning: trained versions, and what people decided about them. Each room that learns makes its own
tables of these two.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

LEAST_HORIZON, MOST_HORIZON = 14, 1825

# What the history of settings leaves out: how trainings went is no decision of anybody's.
NOT_TRACKED = ["latest", "watch", "trained_at", "failed_at", "last_error"]


class ModelState(models.TextChoices):
    """What may be shown; as presales.learning.training.State, which the site need not load for it."""

    RULES_ONLY = "rules_only", "Rules only"
    LEARNING = "learning", "Learning"
    ACTIVE = "active", "Active"


class LearnedVersion(models.Model):
    """One trained version. Its figures never change; which version is in use is said elsewhere.

    `data` is `presales.learning.model.Model.to_data`, `report` what it was found to be worth, `findings` the columns
    that were kept out, by key.
    """

    state = models.CharField(max_length=10, choices=ModelState)
    data = models.JSONField()
    report = models.JSONField()
    findings = models.JSONField(default=dict)
    wins = models.PositiveIntegerField()
    losses = models.PositiveIntegerField()
    outcomes_until = models.DateTimeField(help_text="The newest outcome it rests on.")
    verdict = models.CharField(max_length=300, blank=True, help_text="Why it was taken into use, or not.")
    trained_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Version {self.pk}"

    @property
    def outcomes(self) -> int:
        """How many records with a known ending it rests on."""
        return self.wins + self.losses


class LearningSettings(models.Model):
    """The one row of what people decided about learning, and of how the last training went.

    A training is due while `wanted_at` is later than `trained_at`. `latest` is the last training's report, whether it
    gave a version or not; `watch` how the version in use does on open records of today.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    horizon_days = models.PositiveSmallIntegerField(
        "count as lost after (days)", default=365,
        validators=[MinValueValidator(LEAST_HORIZON), MaxValueValidator(MOST_HORIZON)],
    )  # fmt: skip
    switched_on = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    switched_off = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    is_held = models.BooleanField(default=False, help_text="Trainings go on, but leave the version in use alone.")
    wanted_at = models.DateTimeField(default=timezone.now, editable=False)
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    trained_at = models.DateTimeField(null=True, editable=False)
    failed_at = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=500, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    latest = models.JSONField(default=dict, editable=False)
    watch = models.JSONField(default=dict, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def row(cls) -> "LearningSettings":
        """The one row, made with its defaults where there is none."""
        found = cls.objects.filter(pk=1).first()
        if found is None:
            cls.objects.bulk_create([cls()], ignore_conflicts=True)
            found = cls.objects.get(pk=1)
        return found


def state_constraint(name: str) -> models.CheckConstraint:
    """A version is learning or active; rules only is what there is without one."""
    return models.CheckConstraint(condition=Q(state__in=["learning", "active"]), name=name)


def settings_constraints(room_and_subject: str) -> list[models.CheckConstraint]:
    """One row, with a horizon within its limits."""
    return [
        models.CheckConstraint(condition=Q(pk=1), name=f"{room_and_subject}_one_row"),
        models.CheckConstraint(
            condition=Q(horizon_days__range=(LEAST_HORIZON, MOST_HORIZON)), name=f"{room_and_subject}_horizon"
        ),
    ]
