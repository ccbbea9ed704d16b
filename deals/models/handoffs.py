"""What whoever works with a won customer has to know: promises, custom work, success metrics, risks and people."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.opportunities import Opportunity
from deals.models.stakeholders import Stakeholder, StakeholderRole
from people.models import User


class HandoffState(models.TextChoices):
    """How far a handoff has come."""

    DRAFT = "draft", "Being written"
    HANDED_OVER = "handed_over", "Waits for the receiver"
    RETURNED = "returned", "Returned with a question"
    ACCEPTED = "accepted", "Accepted"


class HandoffQuerySet(models.QuerySet):
    """Handoffs by what the domain asks of them."""

    def visible_to(self, user: User) -> "HandoffQuerySet":
        """Those of the deals that `user` sees, and those that were handed over to `user`, whose deals stay unseen."""
        received = Q(receiver=user) & ~Q(state=HandoffState.DRAFT)
        return self.filter(Q(opportunity__in=Opportunity.objects.visible_to(user)) | received)

    def current(self) -> "HandoffQuerySet":
        """Those of the closing that counts; a deal that was opened again keeps the earlier ones as records."""
        return self.filter(reopened_at=None)

    def waiting_for(self, user: User) -> "HandoffQuerySet":
        """Those that `user` has been given and neither accepted nor returned."""
        return self.current().filter(receiver=user, state=HandoffState.HANDED_OVER)


@pghistory.track()
class Handoff(models.Model):
    """The handoff of one closing of a deal. AE and SE fill their lanes; the receiver accepts it or asks.

    `closed_on` is the day of signature of the closing that it belongs to. Opening the deal again makes it a record.
    """

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="handoffs")
    state = models.CharField(max_length=11, choices=HandoffState, default=HandoffState.DRAFT)
    receiver = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="handoffs_received")
    promises = models.TextField("what we promised", max_length=4000, blank=True)
    success_metrics = models.TextField("what success is measured by", max_length=4000, blank=True)
    custom_work = models.TextField("custom work", max_length=4000, blank=True)
    risks = models.TextField("risks", max_length=4000, blank=True)
    question = models.CharField("what the receiver asks", max_length=1000, blank=True)
    answer = models.CharField("the answer", max_length=1000, blank=True)
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    closed_on = models.DateField("signed on", null=True, blank=True)
    handed_over_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    handed_over_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = HandoffQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity"], condition=Q(reopened_at=None), name="deals_handoff_one_current"
            ),
            models.CheckConstraint(condition=Q(state__in=HandoffState.values), name="deals_handoff_state"),
            models.CheckConstraint(
                condition=Q(state="draft")
                | Q(
                    receiver__isnull=False,
                    closed_on__isnull=False,
                    handed_over_at__isnull=False,
                    handed_over_by__isnull=False,
                ),
                name="deals_handoff_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", accepted_at__isnull=False) | (~Q(state="accepted") & Q(accepted_at=None)),
                name="deals_handoff_accepted_on",
            ),
            models.CheckConstraint(condition=~Q(state="returned") | ~Q(question=""), name="deals_handoff_question"),
            models.CheckConstraint(
                condition=Q(reopened_at=None) | Q(closed_on__isnull=False), name="deals_handoff_reopened_was_closed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["receiver"], condition=Q(state="handed_over", reopened_at=None), name="deals_handoff_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff of {self.opportunity}"

    def get_absolute_url(self) -> str:
        """The handoff's page, which the receiver reads without seeing the deal."""
        from django.urls import reverse

        return reverse("deals:handoff", args=[self.pk])

    @property
    def is_accepted(self) -> bool:
        """The receiver has it."""
        return self.state == HandoffState.ACCEPTED

    @property
    def waits(self) -> bool:
        """It lies with the receiver."""
        return self.state == HandoffState.HANDED_OVER and self.reopened_at is None

    @property
    def is_returned(self) -> bool:
        """The receiver has asked something."""
        return self.state == HandoffState.RETURNED

    @property
    def is_record(self) -> bool:
        """It belongs to a closing that was undone."""
        return self.reopened_at is not None

    @property
    def is_written(self) -> bool:
        """Whether AE and SE may still write: not while the receiver reads it, nor after."""
        return self.state in (HandoffState.DRAFT, HandoffState.RETURNED) and self.reopened_at is None


class HandoffPersonQuerySet(models.QuerySet):
    """People of handoffs by what the domain asks of them."""

    def visible_to(self, user: User) -> "HandoffPersonQuerySet":
        """Those of the handoffs that `user` sees."""
        return self.filter(handoff__in=Handoff.objects.visible_to(user))


@pghistory.track()
class HandoffPerson(models.Model):
    """Somebody at the customer whom the receiver should know; kept by name, so that it outlives the committee."""

    handoff = models.ForeignKey(Handoff, models.CASCADE, related_name="people")
    stakeholder = models.ForeignKey(Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=160)
    job_title = models.CharField(max_length=160, blank=True)
    role = models.CharField(max_length=16, choices=StakeholderRole)
    note = models.CharField("what to know", max_length=300, blank=True)

    objects = HandoffPersonQuerySet.as_manager()

    class Meta:
        ordering = ["handoff", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["handoff", "stakeholder"], name="deals_handoff_person_once"),
            models.CheckConstraint(condition=Q(role__in=StakeholderRole.values), name="deals_handoff_person_role"),
        ]

    def __str__(self) -> str:
        return self.name
