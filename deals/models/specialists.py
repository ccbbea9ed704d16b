"""Specialists beside the SE: what somebody of a pair asks for, whom it is offered to, who takes it."""

import datetime

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models.opportunities import Opportunity, Outcome
from deals.models.queue import DeclineReason
from deals.visibility import specialist_requests_ever_offered_to, specialist_requests_visible_to
from people.models import User


class SpecialistKind(models.TextChoices):
    """In which part a specialist helps."""

    EXPERT = "expert", "Subject-matter expert"
    DEVREL = "devrel", "DevRel"
    ARCHITECT = "architect", "Architect"
    SECURITY = "security", "Security and compliance"
    DATA = "data", "Data and integration"
    PERFORMANCE = "performance", "Performance"


class SpecialistRequestQuerySet(models.QuerySet):
    """Requests for specialists by what the domain asks of them."""

    def visible_to(self, user: User) -> "SpecialistRequestQuerySet":
        """Those of the deals that `user` sees, those offered to `user` and those `user` took; deals/visibility.py."""
        return specialist_requests_visible_to(self, user)

    def ever_offered_to(self, user: User) -> "SpecialistRequestQuerySet":
        """Those whose place `user` may ask about, also where somebody was faster; see deals/visibility.py."""
        return specialist_requests_ever_offered_to(self, user)

    def waiting(self) -> "SpecialistRequestQuerySet":
        """Nobody has taken them yet."""
        return self.filter(state=SpecialistRequest.State.WAITING)

    def engaged(self) -> "SpecialistRequestQuerySet":
        """A specialist is on them."""
        return self.filter(state=SpecialistRequest.State.ENGAGED)

    def brought_by(self, user: User) -> "SpecialistRequestQuerySet":
        """Those that name `user`, or name nobody and want a skill that `user` brings; not those of the own deals."""
        skills = [skill.lower() for skill in user.skills]
        suits = Q(named=user) | Q(named=None, wanted__in=skills)
        own = Q(opportunity__se=user) | Q(opportunity__owner=user)
        return self.annotate(wanted=Lower("skill")).filter(suits).exclude(own)

    def asked_of(self, user: User) -> "SpecialistRequestQuerySet":
        """Those that wait for the answer of `user`."""
        declined = SpecialistDecline.objects.filter(request=OuterRef("pk"), specialist=user)
        return self.waiting().filter(~Exists(declined), opportunity__outcome=Outcome.OPEN).brought_by(user)


@pghistory.track()
class SpecialistRequest(models.Model):
    """Somebody with a skill is wanted for a part of a deal, beside its SE and in neither lane.

    It is offered to the person it names; to all SEs who bring the skill where it names nobody, or who was named passed.
    For one skill a deal has one request at a time, and with it one specialist.
    """

    class State(models.TextChoices):
        """Where the request stands."""

        WAITING = "waiting", "Waits for an answer"
        ENGAGED = "engaged", "On it"
        FINISHED = "finished", "Finished"
        WITHDRAWN = "withdrawn", "Withdrawn"
        CLOSED = "closed", "Deal closed"

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="specialist_requests")
    kind = models.CharField(max_length=12, choices=SpecialistKind)
    skill = models.CharField("skill wanted", max_length=60)
    purpose = models.CharField("what for", max_length=500)
    due_on = models.DateField("by when")
    named = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="whom to ask",
        help_text="Nobody means: everyone who brings the skill.",
    )  # fmt: skip
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    specialist = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="specialist_requests")
    accepted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    came_of_it = models.CharField("what came of it", max_length=2000, blank=True)

    objects = SpecialistRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                "opportunity", Lower("skill"), condition=Q(state__in=["waiting", "engaged"]),
                name="deals_specialist_one_a_skill",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "closed"], specialist=None, accepted_at=None)
                | Q(state__in=["engaged", "finished"], specialist__isnull=False, accepted_at__isnull=False)
                | Q(state="withdrawn"),
                name="deals_specialist_on_it",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "engaged"], settled_at=None)
                | Q(state__in=["finished", "withdrawn", "closed"], settled_at__isnull=False),
                name="deals_specialist_settled",
            ),
            models.CheckConstraint(
                condition=~Q(state="finished") | ~Q(came_of_it=""), name="deals_specialist_finished_with_note"
            ),
            models.CheckConstraint(
                condition=Q(due_on__range=(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))),
                name="deals_specialist_day",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["specialist", "opportunity"], condition=Q(state="engaged"), name="deals_specialist_engaged"
            ),
            models.Index(fields=["requested_at"], condition=Q(state="waiting"), name="deals_specialist_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.skill}) for {self.opportunity}"

    @property
    def is_waiting(self) -> bool:
        """Nobody has taken it yet."""
        return self.state == self.State.WAITING

    @property
    def is_engaged(self) -> bool:
        """A specialist is on it."""
        return self.state == self.State.ENGAGED

    @property
    def is_late(self) -> bool:
        """Not settled, and its day has passed."""
        return self.settled_at is None and self.due_on < timezone.localdate()


@pghistory.track()
class SpecialistDecline(models.Model):
    """Somebody who was asked passed."""

    request = models.ForeignKey(SpecialistRequest, models.CASCADE, related_name="declines")
    specialist = models.ForeignKey(User, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=DeclineReason)
    note = models.CharField(max_length=500, blank=True)
    declined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["declined_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "specialist"], name="deals_specialist_decline_once"),
        ]

    def __str__(self) -> str:
        return f"{self.specialist} declined {self.request}"
