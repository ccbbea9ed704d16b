"""Pipeline scrubs: a pair goes through its open deals and decides on each: keep, fix or kill."""

import datetime

import pghistory
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.pairings import Pairing
from deals.models.tasks import DealTask
from people.models import User


class ScrubQuerySet(models.QuerySet):
    """Scrubs by what the domain asks of them."""

    def visible_to(self, user: User) -> "ScrubQuerySet":
        """Those of the pairings that `user` sees."""
        return self.filter(pairing__in=Pairing.objects.visible_to(user))

    def finished(self) -> "ScrubQuerySet":
        """Those that were gone through."""
        return self.filter(finished_at__isnull=False)

    def counted(self, user: User) -> "ScrubQuerySet":
        """Adds `kept`, `fixed` and `killed`: how many of the deals that `user` sees came to each."""
        seen = Q(decisions__opportunity__in=Opportunity.objects.visible_to(user))
        of = {"kept": Decision.KEEP, "fixed": Decision.FIX, "killed": Decision.KILL}
        return self.annotate(
            **{name: Count("decisions", filter=seen & Q(decisions__decision=value)) for name, value in of.items()}
        )


class Decision(models.TextChoices):
    """What comes of a deal in a scrub."""

    KEEP = "keep", "Keep"
    FIX = "fix", "Fix"
    KILL = "kill", "Kill"


@pghistory.track()
class Scrub(models.Model):
    """One walk of a pair through its open deals, from the first decision to the last."""

    pairing = models.ForeignKey(Pairing, models.CASCADE, related_name="scrubs")
    started_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    left_open = models.PositiveSmallIntegerField(default=0, help_text="Deals without a decision when it was finished.")

    objects = ScrubQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["pairing"], condition=Q(finished_at=None), name="deals_scrub_one_at_a_time")
        ]
        indexes = [
            models.Index(fields=["pairing", "-finished_at"], condition=~Q(finished_at=None), name="deals_scrubs_done")
        ]

    def __str__(self) -> str:
        return f"Scrub of {self.pairing}"


@pghistory.track()
class ScrubDecision(models.Model):
    """What the pair decided on one deal, and the two probabilities as they stood."""

    scrub = models.ForeignKey(Scrub, models.CASCADE, related_name="decisions")
    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="scrub_decisions")
    decision = models.CharField(max_length=4, choices=Decision)
    note = models.CharField(max_length=500, blank=True)
    look_again_on = models.DateField(null=True, blank=True, help_text="Of a deal that was kept; empty: next time.")
    task = models.OneToOneField(DealTask, models.SET_NULL, null=True, blank=True, related_name="decided_in")
    claimed = models.PositiveSmallIntegerField(null=True)
    evidenced = models.PositiveSmallIntegerField(null=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["scrub", "at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["scrub", "opportunity"], name="deals_scrub_decision_once"),
            models.CheckConstraint(condition=Q(decision__in=Decision.values), name="deals_scrub_decision"),
            models.CheckConstraint(
                condition=Q(look_again_on=None)
                | Q(look_again_on__range=(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))),
                name="deals_scrub_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} {self.opportunity}"
