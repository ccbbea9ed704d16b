"""Teams, how they nest, and the territory each covers."""

from collections.abc import Iterable

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef

from people.models.users import User
from presales.prepared import Given, prepared


class TeamQuerySet(models.QuerySet):
    """Teams by what the domain asks of them."""

    def visible_to(self, user: User) -> "TeamQuerySet":
        """The teams whose work `user` sees; marketing sees every team, since it brings leads to all."""
        if user.role in ("admin", "marketing"):
            return self
        return self.filter(pk__in=user.team_ids)

    def with_descendants(self, ids: Iterable[int]) -> set[int]:
        """`ids` and the ids of every team below them."""
        return _down(ids, self.model.objects.order_by().values_list("pk", "parent_id"))

    def managed_by(self, user: User) -> set[int]:
        """The ids of the teams that `user` is in and of every team below them, in one query."""
        teams = _all_teams().rows(user=user.pk)
        return _down([pk for pk, _, is_own in teams if is_own], [(pk, parent) for pk, parent, _ in teams])


@prepared
def _all_teams() -> models.QuerySet:
    own = Membership.objects.filter(team=OuterRef("pk"), user=Given("user", models.BigIntegerField()))
    return Team.objects.order_by().values_list("pk", "parent_id", Exists(own))


def _down(ids: Iterable[int], teams: Iterable[tuple[int, int | None]]) -> set[int]:
    """`ids` and those below them, of `teams` as (id, id of the parent)."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in teams:
        children.setdefault(parent, []).append(pk)
    found: set[int] = set()
    todo = list(ids)
    while todo:
        pk = todo.pop()
        if pk not in found:
            found.add(pk)
            todo.extend(children.get(pk, []))
    return found


@pghistory.track()
class Team(models.Model):
    """People who work one territory together. An empty territory list means "any"."""

    name = models.CharField(max_length=80, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    regions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    verticals = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    min_employees = models.PositiveIntegerField("smallest company", null=True, blank=True)
    max_employees = models.PositiveIntegerField("largest company", null=True, blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    version = models.PositiveIntegerField(default=1)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_employees__isnull=True)
                | models.Q(min_employees__isnull=True)
                | models.Q(max_employees__gte=models.F("min_employees")),
                name="people_team_size_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a parent that is the team itself or below it."""
        if self.pk and self.parent_id and self.parent_id in Team.objects.with_descendants([self.pk]):
            raise ValidationError({"parent": "A team cannot be below itself."})


@pghistory.track()
class Membership(models.Model):
    """One person in one team; what they do there follows from their role."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="people_membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"
