"""What was to be won in a quarter, and how much of it is: quotas as they were set when the day was over."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from deals.models import Quota
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import summed
from people.models import Membership
from presales.quarters import quarter_start, shifted
from presales.validity import as_of

OF_QUARTERS = """
SELECT user_id, team_id, amount, theirs FROM ({deals}) AS quota WHERE quarter = ANY(%(quarters)s::date[])
"""


@dataclass
class Quotas:
    """The quotas of some quarters, added up; of the teams and people that the user sees."""

    of_team: dict[int, Decimal] = field(default_factory=dict)
    of_person: dict[int, Decimal] = field(default_factory=dict)
    children: dict[int | None, list[int]] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)

    def team(self, pk: int) -> Decimal | None:
        """What was set for the team; else what its people and the teams below it add up to; None where nothing was."""
        if pk in self.of_team:
            return self.of_team[pk]
        below = [self.team(child) for child in self.children.get(pk, [])]
        people = [self.of_person[user] for user in self.members.get(pk, ()) if user in self.of_person]
        found = [amount for amount in [*below, *people] if amount is not None]
        return sum(found, Decimal(0)) if found else None

    def all(self) -> Decimal | None:
        """Of the topmost teams that the user sees; who sees no team's has their own."""
        tops = [amount for pk in self.children.get(None, []) if (amount := self.team(pk)) is not None]
        if not tops and not self.children:
            tops = list(self.of_person.values())
        return sum(tops, Decimal(0)) if tops else None

    def asked(self, filters: Filters) -> Decimal | None:
        """Of the person or team asked for, else of all."""
        if filters.person:
            return self.of_person.get(filters.person.pk)
        return self.team(filters.team.pk) if filters.team else self.all()


def quarters_in(period: Period) -> list[datetime.date]:
    """The first days of the quarters that lie wholly in `period`."""
    start = quarter_start(period.start)
    if start < period.start:
        start = shifted(start, 1)
    found = []
    while shifted(start, 1) - datetime.timedelta(days=1) <= period.end:
        found.append(start)
        start = shifted(start, 1)
    return found


def _set(filters: Filters) -> QuerySet:
    rows = Quota.objects.visible_to(filters.user)
    if filters.as_of:
        rows = as_of(rows, filters.as_of)
    theirs = ArraySubquery(Membership.objects.filter(user=OuterRef("user")).order_by().values("team"))
    return rows.annotate(theirs=theirs).order_by().values("user_id", "team_id", "amount", "theirs", "quarter")


def quotas_of(filters: Filters, period: Period) -> Quotas:
    """The quotas of the whole quarters in `period`. One query beside that of the filters' teams."""
    found = Quotas()
    for user, team, amount, teams in summed(filters, OF_QUARTERS, _set, quarters=quarters_in(period)):
        of, key = (found.of_team, team) if team else (found.of_person, user)
        of[key] = of.get(key, Decimal(0)) + amount
        for its in teams if user else []:
            found.members.setdefault(its, set()).add(user)
    seen = {team.pk for team in filters.teams}
    for team in filters.teams:
        found.children.setdefault(team.parent_id if team.parent_id in seen else None, []).append(team.pk)
    return found
