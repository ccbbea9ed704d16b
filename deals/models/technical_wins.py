"""Whether the customer's technical people have decided for us; independent of what becomes of the deal."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.competitors import Competitor
from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.stakeholders import Stakeholder
from people.models import User


class TechnicalState(models.TextChoices):
    """How the technical decision stands."""

    PENDING = "pending", "Pending"
    WON = "won", "Won"
    LOST = "lost", "Lost"


SATISFACTION = [(1, "1: disappointed"), (2, "2"), (3, "3"), (4, "4"), (5, "5: delighted")]


@pghistory.track()
class TechnicalWin(models.Model):
    """The technical decision on one deal. A deal without a row is pending.

    Who signed off and against whom are kept by name too, so that the fact outlives a change of the committee.
    """

    opportunity = models.OneToOneField(Opportunity, models.CASCADE, related_name="technical_win")
    state = models.CharField(max_length=7, choices=TechnicalState, default=TechnicalState.PENDING)
    decided_on = models.DateField(null=True, blank=True)
    signed_off_by = models.ForeignKey(
        Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name="who decided at the customer",
    )  # fmt: skip
    signed_off_name = models.CharField(max_length=160, blank=True, editable=False)
    against = models.ForeignKey(Competitor, models.SET_NULL, null=True, blank=True, related_name="+")
    against_name = models.CharField(max_length=120, blank=True, editable=False)
    satisfaction = models.PositiveSmallIntegerField(
        "customer's satisfaction with the technical side", choices=SATISFACTION, null=True, blank=True
    )
    note = models.CharField("how we know", max_length=1000, blank=True)
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    recorded_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TechnicalState.values), name="deals_technical_state"),
            models.CheckConstraint(
                condition=Q(state="pending", decided_on=None) | (~Q(state="pending") & Q(decided_on__isnull=False)),
                name="deals_technical_decided_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(state="won") | ~Q(signed_off_name=""), name="deals_technical_win_is_signed_off"
            ),
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__gte=1, satisfaction__lte=5),
                name="deals_technical_satisfaction",
            ),
        ]

    def __str__(self) -> str:
        return f"Technical win {self.get_state_display().lower()}"

    @property
    def is_won(self) -> bool:
        """Their technical people have decided for us."""
        return self.state == TechnicalState.WON


def technical_win_of(opportunity: Opportunity) -> TechnicalWin:
    """The technical decision of a deal, pending and unsaved where nobody has written anything yet."""
    return getattr(opportunity, "technical_win", None) or TechnicalWin(opportunity=opportunity)
