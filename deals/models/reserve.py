"""Notes held in reserve: ideas that the SE keeps for the AE before anyone says them to the customer."""

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from deals.models.opportunities import Opportunity
from people.models import Role, User


class ReserveNoteQuerySet(models.QuerySet):
    """Reserve notes by what the domain asks of them."""

    def visible_to(self, user: User) -> "ReserveNoteQuerySet":
        """Those of deals that `user` owns or holds now, or whose team `user` manages; nobody else's exist for them.

        Narrower than the deal itself, which the whole team reads. Whoever had the deal before reads them no more.
        """
        if user.role == Role.ADMIN:
            return self
        readable = Q(opportunity__owner=user) | Q(opportunity__se=user)
        if user.role == Role.MANAGER:
            readable |= Q(opportunity__team__in=user.team_ids)
        return self.filter(readable, opportunity__in=Opportunity.objects.visible_to(user))

    def undecided(self) -> "ReserveNoteQuerySet":
        """Those on open deals that wait for the AE's word."""
        return self.filter(state=ReserveNote.State.RESERVE, opportunity__outcome="open")


@pghistory.track()
class ReserveNote(models.Model):
    """One idea: in reserve until the AE releases it for the customer or holds it back."""

    class State(models.TextChoices):
        """What the AE has said to it."""

        RESERVE = "reserve", "In reserve"
        RELEASED = "released", "Released"
        HELD = "held", "Held back"

    PRIVATE_FIELDS = frozenset({"text", "answer"})
    """Never shown by the history's renderer; see presales/history.py."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="reserve_notes")
    text = models.TextField("the idea", max_length=2000)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=State, default=State.RESERVE)
    answer = models.CharField("what you say to it", max_length=500, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ReserveNoteQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="reserve", decided_by=None, decided_at=None)
                | Q(state__in=["released", "held"], decided_by__isnull=False, decided_at__isnull=False),
                name="deals_reserve_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None) | Q(decided_at__gte=F("written_at")), name="deals_reserve_decided_later"
            ),
        ]
        indexes = [models.Index(fields=["opportunity"], condition=Q(state="reserve"), name="deals_reserve_waiting")]

    def __str__(self) -> str:
        return f"Idea in reserve of {self.author}"

    @property
    def is_undecided(self) -> bool:
        """The AE has not said anything to it."""
        return self.state == self.State.RESERVE

    @property
    def is_released(self) -> bool:
        """It may be said to the customer."""
        return self.state == self.State.RELEASED
