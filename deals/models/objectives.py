"""What a person, a team or the company is to bring about in a quarter beside the quota: objectives with key results."""

import datetime

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from people.models import Membership, Role, Team, User
from presales import validity
from presales.quarters import label, shifted

STARTS = Q(quarter__day=1, quarter__month__in=[1, 4, 7, 10])
LONGEST = datetime.timedelta(days=91)
"""From the first day of a quarter to its last, at most."""
MOST_RESULTS = 5
DAYS = (datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))


class ObjectiveState(models.TextChoices):
    """What became of an objective."""

    PROPOSED = "proposed", "Proposed"
    AGREED = "agreed", "Agreed"
    DROPPED = "dropped", "Dropped"


class ObjectiveQuerySet(models.QuerySet):
    """Objectives by who may know of them."""

    def visible_to(self, user: User) -> "ObjectiveQuerySet":
        """Admins see all; managers the company's, those of their teams and of the people in them; AEs and SEs the
        company's, those of their teams and their own. Whoever answers for one sees it; marketing sees none."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.MARKETING:
            return self.none()
        seen = Q(user=user) | Q(owner=user) | Q(team__in=user.team_ids) | Q(user=None, team=None)
        if user.role == Role.MANAGER:
            seen |= Q(user__in=Membership.objects.filter(team__in=user.team_ids).values("user"))
        return self.filter(seen)


class KeyResultQuerySet(models.QuerySet):
    """Key results by who may know of them."""

    def visible_to(self, user: User) -> "KeyResultQuerySet":
        """Those of the objectives that `user` sees."""
        return self.filter(objective__in=Objective.objects.visible_to(user))


@validity.track(exclude=[])
class Objective(models.Model):
    """One sentence that is to be true when the deadline is over. Of a person, of a team, or of neither: the
    company's."""

    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="objectives")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="objectives")
    quarter = models.DateField(help_text="Its first day.")
    sentence = models.CharField("objective", max_length=200)
    owner = models.ForeignKey(
        User, models.RESTRICT, related_name="answered_objectives", help_text="Who answers for it."
    )
    deadline = models.DateField()
    state = models.CharField(max_length=8, choices=ObjectiveState, default=ObjectiveState.PROPOSED)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["-quarter", "pk"]
        indexes = [models.Index(fields=["quarter", "state"], name="deals_objective_by_quarter")]
        constraints = [
            models.CheckConstraint(condition=Q(user=None) | Q(team=None), name="deals_objective_of_one"),
            models.CheckConstraint(condition=Q(user=None) | Q(user=F("owner")), name="deals_objective_own"),
            models.CheckConstraint(condition=STARTS, name="deals_objective_quarter"),
            models.CheckConstraint(condition=~Q(sentence=""), name="deals_objective_said"),
            models.CheckConstraint(condition=Q(state__in=ObjectiveState.values), name="deals_objective_state"),
            models.CheckConstraint(
                condition=Q(deadline__gte=F("quarter")) & Q(deadline__lte=F("quarter") + LONGEST),
                name="deals_objective_deadline",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence

    def get_absolute_url(self) -> str:
        """The objective's page."""
        from django.urls import reverse

        return reverse("deals:objective", args=[self.pk])

    @property
    def whose(self) -> str:
        """The person or the team by name; "Company" for everybody."""
        return str(self.user or self.team or "Company")

    @property
    def quarter_label(self) -> str:
        """`Q4 2026`."""
        return label(self.quarter)


def last_day(quarter: datetime.date) -> datetime.date:
    """The last day of the quarter that begins on `quarter`."""
    return shifted(quarter, 1) - datetime.timedelta(days=1)


@validity.track(exclude=[])
class KeyResult(models.Model):
    """How one sees that the objective is met: a value that goes from `start` to `target`, up or down.

    With a `figure` it is measured: the name of one in `deals.objectives.FIGURES`. Without one it is kept by hand, by
    dated check-ins.
    """

    objective = models.ForeignKey(Objective, models.CASCADE, related_name="results")
    place = models.PositiveSmallIntegerField()
    text = models.CharField("key result", max_length=160)
    figure = models.CharField(max_length=40, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    start = models.DecimalField(max_digits=14, decimal_places=2)
    target = models.DecimalField(max_digits=14, decimal_places=2)
    version = models.PositiveIntegerField(default=1)

    objects = KeyResultQuerySet.as_manager()

    class Meta:
        ordering = ["objective", "place"]
        constraints = [
            models.UniqueConstraint(fields=["objective", "place"], name="deals_key_result_place"),
            models.CheckConstraint(condition=Q(place__gte=1, place__lte=MOST_RESULTS), name="deals_key_result_five"),
            models.CheckConstraint(condition=~Q(text=""), name="deals_key_result_said"),
            models.CheckConstraint(condition=~Q(start=F("target")), name="deals_key_result_goes"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def goes_up(self) -> bool:
        """Whether more is better."""
        return self.target > self.start


class CheckInQuerySet(models.QuerySet):
    """Check-ins by who may know of them."""

    def visible_to(self, user: User) -> "CheckInQuerySet":
        """Those of the objectives that `user` sees."""
        return self.filter(key_result__objective__in=Objective.objects.visible_to(user))

    def newest(self, day: datetime.date) -> "CheckInQuerySet":
        """Of each key result the one that held when `day` was over: the newest that had been written by then.

        What is dated after the deadline comes too late to count.
        """
        known = self.filter(on__lte=day, created_at__lt=validity.end_of(day))
        known = known.filter(on__lte=F("key_result__objective__deadline"))
        return known.order_by("key_result_id", "-on", "-created_at", "-pk").distinct("key_result_id")


@pghistory.track()
class CheckIn(models.Model):
    """What a key result kept by hand stood at on a day: who says so, and on what evidence. Never changed: whoever was
    wrong checks in anew."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="check_ins")
    value = models.DecimalField(max_digits=14, decimal_places=2)
    on = models.DateField("as of")
    evidence = models.CharField(max_length=500)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CheckInQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-created_at", "-pk"]
        indexes = [models.Index(fields=["key_result", "-on", "-created_at"], name="deals_check_ins_newest")]
        constraints = [
            models.CheckConstraint(condition=~Q(evidence=""), name="deals_check_in_evidence"),
            models.CheckConstraint(condition=Q(on__range=DAYS), name="deals_check_in_day"),
        ]

    def __str__(self) -> str:
        return f"{self.value} on {self.on:%-d %b %Y}"
