"""The claim queue: what waits for an SE, who took it, who declined."""

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import Role, User


class HelpKind(models.TextChoices):
    """What an SE is wanted for. QUALIFIED is the entry that a qualified dossier makes by itself."""

    QUALIFIED = "qualified", "Qualified"
    DISCOVERY = "discovery", "Technical discovery"
    DEMO = "demo", "Demo"
    POC = "poc", "POC"
    RFP = "rfp", "RFP"
    ARCHITECTURE = "architecture", "Architecture review"
    SPECIALIST = "specialist", "Specialist"


class DeclineReason(models.TextChoices):
    """Why an SE passes."""

    CAPACITY = "capacity", "No capacity"
    SKILLS = "skills", "Not my field"
    CONFLICT = "conflict", "Conflict of interest"
    NOT_READY = "not_ready", "Not ready for an SE"


class QueueEntryQuerySet(OfOpportunityQuerySet):
    """Queue entries by what the domain asks of them."""

    def waiting(self) -> "QueueEntryQuerySet":
        """Entries nobody has taken yet."""
        return self.filter(closed_at=None)

    def offered_to(self, user: User) -> "QueueEntryQuerySet":
        """Entries, waiting or not, that `user` sees or once saw in the queue."""
        return self.filter(opportunity__in=Opportunity.objects.offered_to(user))

    def claimable_by(self, se: User) -> "QueueEntryQuerySet":
        """Waiting entries of the SE's teams that the SE has not declined."""
        if se.role != Role.SE:
            return self.none()
        declined = Decline.objects.filter(entry=OuterRef("pk"), se=se)
        return self.waiting().filter(
            ~Exists(declined), opportunity__team__in=se.team_ids, opportunity__se=None, opportunity__outcome="open"
        )


@pghistory.track()
class QueueEntry(models.Model):
    """An opportunity that wants an SE."""

    class Result(models.TextChoices):
        """How the entry left the queue."""

        CLAIMED = "claimed", "Claimed"
        ASSIGNED = "assigned", "Assigned by a manager"
        NO_GO = "no_go", "No-go"
        CLOSED = "closed", "Deal closed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="queue_entries")
    kind = models.CharField(max_length=12, choices=HelpKind, default=HelpKind.QUALIFIED)
    note = models.CharField("what is wanted", max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    entered_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=10, choices=Result, blank=True)

    objects = QueueEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "queue entries"
        ordering = ["entered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "kind"], condition=Q(closed_at=None), name="deals_queue_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, result="") | (Q(closed_at__isnull=False) & ~Q(result="")),
                name="deals_queue_closed_has_result",
            ),
        ]
        indexes = [models.Index(fields=["entered_at"], condition=Q(closed_at=None), name="deals_queue_waiting")]

    def __str__(self) -> str:
        return f"{self.opportunity} ({self.get_kind_display()})"


class ClaimQuerySet(models.QuerySet):
    """Claims by what the domain asks of them."""

    def current(self) -> "ClaimQuerySet":
        """Claims that hold now."""
        return self.filter(ended_at=None)


@pghistory.track()
class Claim(models.Model):
    """One SE's hold on one opportunity. The database allows one at a time."""

    class End(models.TextChoices):
        """How a claim ended."""

        HANDED_BACK = "handed_back", "Handed back"
        REASSIGNED = "reassigned", "Reassigned"
        NO_GO = "no_go", "No-go"
        CLOSED = "closed", "Deal closed"

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="claims")
    se = models.ForeignKey(User, models.PROTECT, related_name="claims", verbose_name="SE")
    claimed_at = models.DateTimeField(default=timezone.now)
    assigned_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=12, choices=End, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["-claimed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["opportunity"], condition=Q(ended_at=None), name="deals_one_claim"),
            models.CheckConstraint(
                condition=Q(ended_at=None, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="deals_ended_claim_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.se} on {self.opportunity}"


@pghistory.track()
class Decline(models.Model):
    """An SE passed on a queue entry."""

    entry = models.ForeignKey(QueueEntry, models.CASCADE, related_name="declines")
    se = models.ForeignKey(User, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, choices=DeclineReason)
    note = models.CharField(max_length=500, blank=True)
    declined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "se"], name="deals_decline_once")]

    def __str__(self) -> str:
        return f"{self.se} declined {self.entry}"
