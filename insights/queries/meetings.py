"""How well meetings are prepared and remembered, by AE, SE and team, as it was when the day asked for was over."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import QuerySet

from deals.models import HUDDLE_POINTS
from insights.filters import Filters
from insights.queries.added_up import summed
from insights.queries.names import people_named, teams_named
from presales.fields import FIRST_DAY

FIRST = datetime.datetime.combine(FIRST_DAY, datetime.time(), datetime.UTC)
"""Before any meeting."""
# The meetings of some deals, with what was done for each by the moment asked for.
HELD = """
SELECT deal.*, meeting.ends_at, meeting.kind, meeting.objective,
       (SELECT count(*) FROM deals_huddlepoint point WHERE point.meeting_id = meeting.id AND point.at <= %(now)s)
         >= %(points)s AS huddled,
       (SELECT count(DISTINCT debrief.lane) FROM deals_debrief debrief
         WHERE debrief.meeting_id = meeting.id AND debrief.written_at <= %(now)s) = 2 AS debriefed
  FROM ({deals}) AS deal JOIN deals_meeting meeting ON meeting.opportunity_id = deal.id
 WHERE (meeting.cancelled_at IS NULL OR meeting.cancelled_at > %(now)s) AND meeting.ends_at <= %(now)s
   AND meeting.ends_at >= %(since)s AND meeting.ends_at < %(until)s
"""


@dataclass(frozen=True)
class Habits:
    """Meetings that took place, and how many of them had a whole huddle and both debriefs."""

    label: str
    held: int
    huddled: int
    debriefed: int
    key: int | None = None
    """Of whom they are: the person's or the team's."""

    @property
    def debrief_rate(self) -> Decimal | None:
        """Meetings with a debrief of the AE's and one of the SE's ÷ meetings held, in percent."""
        return _share(self.debriefed, self.held)

    def __add__(self, other: "Habits") -> "Habits":
        return Habits(
            self.label, self.held + other.held, self.huddled + other.huddled, self.debriefed + other.debriefed, self.key
        )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100) * part / whole).quantize(Decimal(1), ROUND_HALF_UP) if whole else None


def span(filters: Filters) -> tuple[datetime.datetime, datetime.datetime]:
    """From when until when a meeting has to end for the screen of that name to count it."""
    return filters.moments(filters.period) if filters.period else (FIRST, filters.now)


def habits_of(
    filters: Filters, since: datetime.datetime, until: datetime.datetime
) -> dict[tuple[int | None, int | None, int | None], Habits]:
    """The habits of the meetings that ended in between by `(owner, SE, team)` of their deals, in one query."""
    rows = summed(
        filters,
        f"""
        SELECT owner_id, se_id, team_id, count(*), count(*) FILTER (WHERE huddled), count(*) FILTER (WHERE debriefed)
          FROM ({HELD}) AS held GROUP BY 1, 2, 3
        """,  # noqa: S608  our own text
        _deals,
        now=filters.now, points=HUDDLE_POINTS, since=since, until=until,
    )  # fmt: skip
    return {tuple(row[:3]): Habits("", *row[3:]) for row in rows}


def _deals(filters: Filters) -> QuerySet:
    return filters.book().order_by().values("id", "owner_id", "se_id", "team_id")


def habits(filters: Filters, since: datetime.datetime, until: datetime.datetime) -> dict:
    """`total`, and lists `owners`, `ses` and `teams`, of the meetings of the deals in the filters."""
    found = habits_of(filters, since, until)

    def by(key_of: Callable, called: Callable, nobody: str) -> list[Habits]:
        sums: dict[int | None, Habits] = {}
        for keys, met in found.items():
            key = key_of(keys)
            sums[key] = sums.get(key, Habits("", 0, 0, 0)) + met
        names = called(filters, sums)
        rows = [Habits(names.get(key, nobody), met.held, met.huddled, met.debriefed, key) for key, met in sums.items()]
        return sorted(rows, key=lambda row: (row.debrief_rate, row.label))

    return {
        "total": sum(found.values(), Habits("All", 0, 0, 0)),
        "owners": by(lambda keys: keys[0], people_named, "No AE"),
        "ses": by(lambda keys: keys[1], people_named, "No SE"),
        "teams": by(lambda keys: keys[2], teams_named, "No team"),
    }
