"""Dashboards that people put together: which cards in which order, with which filters, and who else may look."""

from dataclasses import dataclass

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from people.models.teams import Team
from people.models.users import User

MOST_CARDS = 16
MOST_DASHBOARDS = 30
"""So many each person may keep."""


class Sharing(models.TextChoices):
    """Who finds a dashboard."""

    PRIVATE = "private", "Only me"
    TEAMS = "teams", "Some teams"
    ALL = "all", "Everybody"


@dataclass(frozen=True)
class Placed:
    """A card on a dashboard: its name in the registry of the room of figures, and whether it is wide."""

    name: str
    is_wide: bool = False

    @classmethod
    def read(cls, text: str) -> "Placed":
        """From how it is stored."""
        name, _, width = text.partition(":")
        return cls(name, width == "wide")

    def __str__(self) -> str:
        return f"{self.name}:{'wide' if self.is_wide else 'narrow'}"


class DashboardQuerySet(models.QuerySet):
    """Dashboards by who finds them."""

    def visible_to(self, user: User) -> "DashboardQuerySet":
        """The own ones and those shared with everybody or with a team of `user`'s. What stands on them is another
        question: every figure asks it anew of whoever looks."""
        shared = Q(sharing=Sharing.TEAMS, with_teams__overlap=sorted(user.team_ids))
        return self.filter(Q(owner=user) | Q(sharing=Sharing.ALL) | shared)


@pghistory.track()
class Dashboard(models.Model):
    """A named list of cards with filters. The cards are names; what they say is asked when somebody looks."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="dashboards")
    name = models.CharField(max_length=80)
    cards = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    person = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    period = models.CharField(max_length=20, blank=True)
    as_of = models.DateField("as of", null=True, blank=True)
    sharing = models.CharField("shared with", max_length=7, choices=Sharing, default=Sharing.PRIVATE)
    with_teams = ArrayField(models.BigIntegerField(), verbose_name="teams", default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    objects = DashboardQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "owner", name="people_dashboard_once"),
            models.CheckConstraint(condition=~Q(name=""), name="people_dashboard_named"),
            models.CheckConstraint(condition=Q(sharing__in=Sharing.values), name="people_dashboard_sharing"),
            models.CheckConstraint(condition=Q(cards__len__lte=MOST_CARDS), name="people_dashboard_cards"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The dashboard's page."""
        from django.urls import reverse

        return reverse("insights:dashboard", args=[self.pk])

    @property
    def placed(self) -> list[Placed]:
        """Its cards in order."""
        return [Placed.read(text) for text in self.cards]

    def filters(self) -> dict[str, str]:
        """Its filters as they stand in an address, without the empty ones."""
        chosen = {"team": self.team_id, "person": self.person_id, "period": self.period, "as_of": self.as_of}
        return {name: str(value) for name, value in chosen.items() if value}
