"""When people are away: vacation, leave, a course."""

import datetime
from collections.abc import Collection, Iterable

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from people.models.users import User
from presales.prepared import Given


def since() -> datetime.date:
    """Absences that ended before this day are over wherever the person is."""
    return timezone.now().date() - datetime.timedelta(days=1)


SINCE = Given("since", models.DateField(), since)


class AbsenceQuerySet(models.QuerySet):
    """Absences by what the domain asks of them."""

    def not_over(self) -> "AbsenceQuerySet":
        """Those that may still hold somewhere in the world; whose day it is, the person's own clock says."""
        return self.filter(ends_on__gte=since())

    def visible_to(self, user: User) -> "AbsenceQuerySet":
        """Those of the people whom `user` sees."""
        return self.filter(user__in=User.objects.visible_to(user))


@pghistory.track()
class Absence(models.Model):
    """Days on which a person is away, both included, by the clock of the person's own time zone."""

    user = models.ForeignKey(User, models.CASCADE, related_name="absences")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    version = models.PositiveIntegerField(default=1)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="people_absence_in_order"),
        ]
        indexes = [models.Index(fields=["user", "ends_on"], name="people_absence_by_user")]

    def __str__(self) -> str:
        return f"{self.user} away {self.starts_on:%-d %b %Y} to {self.ends_on:%-d %b %Y}"


# The absences of a person that are not over, the next first, as JSON.
SPANS = """ARRAY(SELECT jsonb_build_object('first', away.starts_on, 'last', away.ends_on) FROM people_absence away
                WHERE away.user_id = {0} AND away.ends_on >= {1} ORDER BY away.starts_on, away.id)"""


def spans_of(users: Collection[int]) -> dict[int, list[dict[str, str]]]:
    """The absences that are not over by person, the next first, in one query; who has none is missing."""
    found: dict[int, list[dict[str, str]]] = {}
    rows = Absence.objects.filter(user__in=users).not_over().order_by("starts_on", "pk")
    for user, first, last in rows.values_list("user", "starts_on", "ends_on"):
        found.setdefault(user, []).append({"first": first.isoformat(), "last": last.isoformat()})
    return found


def read_absences(people: Iterable[User]) -> None:
    """Tell each of `people`, who are loaded already, when they are away: one query for all."""
    people = list(people)
    found = spans_of({person.pk for person in people}) if people else {}
    for person in people:
        person.absence_spans = found.get(person.pk, [])
