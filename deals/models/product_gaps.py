"""What the product lacks, across all deals: one record a gap, on which the deals' requirements wait."""

import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from people.models import Role, User


class Severity(models.TextChoices):
    """What the gap does to a deal."""

    BREAKER = "deal_breaker", "Deal breaker"
    CHALLENGE = "deal_challenge", "Deal challenge"
    NICE = "nice_to_have", "Nice to have"


WEIGHTS = {Severity.BREAKER: 3, Severity.CHALLENGE: 2, Severity.NICE: 1}
"""By these parts a deal's amount is split over its gaps where it is not split evenly."""


class GapState(models.TextChoices):
    """Where the product stands with it."""

    OPEN = "open", "Open"
    PLANNED = "planned", "Planned"
    CLOSED = "closed", "Closed"


class ProductGapQuerySet(models.QuerySet):
    """Gaps by what the domain asks of them."""

    def visible_to(self, user: User) -> "ProductGapQuerySet":
        """All of them for everybody who works on deals: they are the product's, and name no customer."""
        return self.none() if user.role == Role.MARKETING else self

    def standing(self) -> "ProductGapQuerySet":
        """Those that were not merged into another."""
        return self.filter(merged_into=None)

    def unclosed(self) -> "ProductGapQuerySet":
        """Those on which deals wait, or may."""
        return self.standing().exclude(state=GapState.CLOSED)


DAYS = (datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))


@pghistory.track()
class ProductGap(models.Model):
    """One thing that the product does not do. Merged into another, it stays as the way to that."""

    title = models.CharField(max_length=160)
    description = models.CharField(max_length=2000, blank=True)
    severity = models.CharField(max_length=14, choices=Severity, default=Severity.CHALLENGE)
    state = models.CharField(max_length=7, choices=GapState, default=GapState.OPEN)
    state_on = models.DateField("planned for, or closed on", null=True, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = ProductGapQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("title"), condition=Q(merged_into=None), name="deals_gap_title_once",
                violation_error_message="There is a gap of this title. Merge the two.",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="deals_gap_has_title"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="deals_gap_severity"),
            models.CheckConstraint(condition=Q(state__in=GapState.values), name="deals_gap_state"),
            models.CheckConstraint(
                condition=Q(state="open", state_on=None)
                | (~Q(state="open") & Q(state_on__isnull=False, state_on__range=DAYS)),
                name="deals_gap_state_has_day",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The gap's page."""
        from django.urls import reverse

        return reverse("deals:product_gap", args=[self.pk])

    @property
    def is_closed(self) -> bool:
        """The product does it now."""
        return self.state == GapState.CLOSED
