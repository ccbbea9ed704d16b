"""The buying committee: who at the customer takes part in the decision."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from leads.titles import seniority_of
from people.models import User

SPONSOR_SENIORITIES = ("executive", "vp")


class StakeholderRole(models.TextChoices):
    """The part somebody plays in the decision."""

    ECONOMIC_BUYER = "economic_buyer", "Economic buyer"
    CHAMPION = "champion", "Champion"
    TECHNICAL_BUYER = "technical_buyer", "Technical buyer"
    USER = "user", "User"
    PROCUREMENT = "procurement", "Procurement"
    LEGAL = "legal", "Legal"
    BLOCKER = "blocker", "Blocker"


class Influence(models.TextChoices):
    """How much their word weighs."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Stance(models.TextChoices):
    """Where they stand on buying from us."""

    SUPPORTS = "supports", "Supports us"
    NEUTRAL = "neutral", "Neutral"
    AGAINST = "against", "Against us"
    UNKNOWN = "unknown", "Not known"


@pghistory.track()
class Stakeholder(models.Model):
    """One person of the customer's in one role. Somebody with two roles has two rows."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="stakeholders")
    name = models.CharField(max_length=160)
    job_title = models.CharField(max_length=160, blank=True)
    email = models.EmailField("e-mail", max_length=254, blank=True)
    role = models.CharField(max_length=16, choices=StakeholderRole)
    influence = models.CharField(max_length=6, choices=Influence, default=Influence.MEDIUM)
    stance = models.CharField(max_length=8, choices=Stance, default=Stance.UNKNOWN)
    known_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who of us knows them"
    )
    is_both = models.BooleanField(
        "really champion and economic buyer in one", default=False,
        help_text="Usually these are two people. Tick it when you have checked.",
    )  # fmt: skip
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["opportunity", "pk"]
        constraints = [
            models.UniqueConstraint("opportunity", "role", Lower("name"), name="deals_stakeholder_role_once"),
            models.CheckConstraint(condition=Q(role__in=StakeholderRole.values), name="deals_stakeholder_role"),
            models.CheckConstraint(condition=Q(influence__in=Influence.values), name="deals_stakeholder_influence"),
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="deals_stakeholder_stance"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_engaged(self) -> bool:
        """We have heard from them, and they are not against us."""
        return self.stance in (Stance.SUPPORTS, Stance.NEUTRAL)

    @property
    def is_sponsor_level(self) -> bool:
        """A vice president or above by title, or the one who can say yes to the money."""
        return self.role == StakeholderRole.ECONOMIC_BUYER or seniority_of(self.job_title) in SPONSOR_SENIORITIES
