"""What the customer wants the solution to do, how much it matters to them, and how well we fit."""

from decimal import Decimal

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.product_gaps import ProductGap
from deals.models.stakeholders import Stakeholder


class Importance(models.TextChoices):
    """How much it matters to the customer."""

    MUST = "must", "Must"
    SHOULD = "should", "Should"
    COULD = "could", "Could"


class Fit(models.TextChoices):
    """How well we meet it; empty means that nobody has judged it yet."""

    NATIVE = "native", "Native"
    CONFIGURABLE = "configurable", "Configurable"
    CUSTOM = "custom", "Custom work"
    GAP = "gap", "Gap"


MOST = 300
"""Requirements of one deal. Whoever has more has an RFP."""


@pghistory.track()
class Requirement(models.Model):
    """One thing that the customer wants."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="requirements")
    text = models.CharField("requirement", max_length=500)
    importance = models.CharField(max_length=6, choices=Importance, default=Importance.MUST)
    fit = models.CharField(max_length=12, choices=Fit, blank=True)
    asked_by = models.ForeignKey(
        Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who asked for it"
    )
    gap = models.ForeignKey(
        ProductGap, models.PROTECT, null=True, blank=True, related_name="requirements",
        help_text="On which gap it waits, where the fit is one.",
    )  # fmt: skip
    note = models.CharField(max_length=1000, blank=True)
    work = models.CharField("what is built for them", max_length=2000, blank=True)
    work_days = models.DecimalField(
        "days of work", max_digits=5, decimal_places=1, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(9999))],
    )  # fmt: skip
    order = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["opportunity", "order", "pk"]
        constraints = [
            models.UniqueConstraint("opportunity", Lower("text"), name="deals_requirement_once"),
            models.CheckConstraint(condition=Q(importance__in=Importance.values), name="deals_requirement_importance"),
            models.CheckConstraint(condition=Q(fit__in=["", *Fit.values]), name="deals_requirement_fit"),
            models.CheckConstraint(condition=Q(gap=None) | Q(fit="gap"), name="deals_requirement_gap_is_one"),
            models.CheckConstraint(condition=~Q(text=""), name="deals_requirement_says_something"),
            models.CheckConstraint(
                condition=Q(work_days=None) | Q(work_days__gt=0, work_days__lte=9999), name="deals_requirement_days"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def waits_for_scope(self) -> bool:
        """Custom work of which nobody has said what is built."""
        return self.fit == Fit.CUSTOM and not self.work

    @property
    def waits_for_name(self) -> bool:
        """A gap that nobody has named yet."""
        return self.fit == Fit.GAP and self.gap_id is None
