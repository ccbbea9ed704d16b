"""The steps between a yes and a signature: what legal, security and procurement still have to do, on either side."""

import datetime

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import User

MOST = 100
"""How many steps a deal may have."""


class StepKind(models.TextChoices):
    """Whose desk a step is on."""

    LEGAL = "legal", "Legal"
    SECURITY = "security", "Security"
    PROCUREMENT = "procurement", "Procurement"


class Side(models.TextChoices):
    """Who has to do it."""

    OURS = "ours", "We"
    THEIRS = "theirs", "The customer"


class ClosingStepQuerySet(OfOpportunityQuerySet):
    """Steps by what the domain asks of them."""

    def in_order(self) -> "ClosingStepQuerySet":
        """What is to do first, the most urgent before; what is done comes last, the newest first."""
        return self.order_by(F("done_at").desc(nulls_first=True), F("due_on").asc(nulls_last=True), "pk")


@pghistory.track()
class ClosingStep(models.Model):
    """One step: what, on whose desk, who does it and by when."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="closing_steps")
    what = models.CharField("what has to happen", max_length=200)
    kind = models.CharField(max_length=12, choices=StepKind)
    side = models.CharField("who has to do it", max_length=6, choices=Side, default=Side.OURS)
    owner = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who of us"
    )  # fmt: skip
    contact = models.CharField("who at the customer", max_length=160, blank=True)
    due_on = models.DateField("by when", null=True, blank=True)
    done_at = models.DateTimeField("done", null=True, blank=True, editable=False)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = ClosingStepQuerySet.as_manager()

    class Meta:
        ordering = ["opportunity", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="deals_closing_step_kind"),
            models.CheckConstraint(
                condition=Q(side="ours", contact="") | Q(side="theirs", owner=None), name="deals_closing_step_one_side"
            ),
            models.CheckConstraint(
                condition=Q(done_by=None) | Q(done_at__isnull=False), name="deals_closing_step_done"
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(due_on__range=(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))),
                name="deals_closing_step_day",
            ),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def is_done(self) -> bool:
        """Nothing is left to do."""
        return self.done_at is not None

    @property
    def is_late(self) -> bool:
        """Not done, and its day has passed."""
        return self.done_at is None and self.due_on is not None and self.due_on < timezone.localdate()
