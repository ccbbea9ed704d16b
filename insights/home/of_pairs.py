"""What working as a pair wants of an AE or an SE: ideas to decide on, tasks, the next scrub, the next rating."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from deals.models.pairings import ALIGNMENT_DUE, SCRUB_DUE
from insights.home import of_pocs
from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import User
from presales.fragments import address
from presales.history import in_plain

AHEAD = datetime.timedelta(days=2)
"""A task is shown so long before its day."""
_OWN = ("own.id", "own.active_since", "%(zone)s", "%(user)s")
# As SQL, since Django would build these four questions anew for every page. Whoever owns a deal or is its SE sees it.
WANTED = f"""
WITH pair AS (
    SELECT own.id, CASE WHEN own.ae_id = %(user)s THEN se.name ELSE ae.name END AS partner,
           {SCRUB_DUE.format(*_OWN)} AS scrub_due_on, {ALIGNMENT_DUE.format(*_OWN)} AS alignment_due_on,
           EXISTS (SELECT 1 FROM deals_opportunity o
                    WHERE o.owner_id = own.ae_id AND o.se_id = own.se_id AND o.outcome = 'open') AS has_deals
      FROM deals_pairing own JOIN people_user ae ON ae.id = own.ae_id JOIN people_user se ON se.id = own.se_id
     WHERE own.ended_on IS NULL AND (own.ae_id = %(user)s OR own.se_id = %(user)s)
)
SELECT 'scrub' AS kind, id AS key, NULL::bigint AS deal, partner AS name, '' AS told, scrub_due_on AS day
  FROM pair WHERE has_deals AND scrub_due_on <= %(today)s
UNION ALL
SELECT 'rating', id, NULL, partner, '', alignment_due_on FROM pair WHERE alignment_due_on <= %(today)s
UNION ALL
SELECT 'task', task.id, o.id, o.name, task.what, task.due_on
  FROM deals_dealtask task JOIN deals_opportunity o ON o.id = task.opportunity_id
 WHERE task.done_at IS NULL AND task.assignee_id = %(user)s AND task.due_on <= %(until)s
   AND o.outcome = 'open' AND (o.owner_id = %(user)s OR o.se_id = %(user)s)
UNION ALL
SELECT 'idea', note.id, o.id, o.name, author.name, note.written_at::date
  FROM deals_reservenote note JOIN deals_opportunity o ON o.id = note.opportunity_id
  JOIN people_user author ON author.id = note.author_id
 WHERE note.state = 'reserve' AND o.outcome = 'open' AND o.owner_id = %(user)s
 ORDER BY day, kind, key LIMIT %(most)s
"""  # noqa: S608  our own text; values are parameters
WITH_POCS = f"""
SELECT * FROM (SELECT kind, key, deal, name, told, day, NULL::boolean AS runs FROM ({WANTED}) pair) ours
UNION ALL SELECT * FROM ({of_pocs.WANTED}) trial ORDER BY day, kind, key
"""  # noqa: S608  our own text; values are parameters


@dataclass(frozen=True)
class Wanted:
    """One row of WANTED."""

    kind: str
    key: int
    deal: int | None
    name: str
    told: str
    day: datetime.date


def pairs(user: User) -> Section:
    """What waits for the user as one of a pair, the longest overdue first; one query over a few short indexes.

    The words of an idea stay on its own page: a home page is open on a desk that others walk by.
    """
    today = timezone.localdate()
    values = _values(user, today)
    with connection.cursor() as cursor:
        cursor.execute(WANTED, values)
        found = [Wanted(*row) for row in cursor.fetchall()]
    return _section(found, today)


def pairs_and_pocs(user: User) -> tuple[Section, Section]:
    """`pairs`, and the POCs that want the user; one query for both."""
    today = timezone.localdate()
    values = _values(user, today) | {"soon": today + of_pocs.AHEAD}
    with connection.cursor() as cursor:
        cursor.execute(WITH_POCS, values)
        rows = cursor.fetchall()
    of_pair = [Wanted(*row[:-1]) for row in rows if row[0] != "poc"]
    trials = [of_pocs.Wanted(*row) for row in rows if row[0] == "poc"]
    return _section(of_pair, today), of_pocs.section(trials, today)


def _section(found: list[Wanted], today: datetime.date) -> Section:
    lines, more = cut([LINE[row.kind](row, today) for row in found], LINES)
    return Section("Two in a box", "friends", lines, many=more)


def _values(user: User, today: datetime.date) -> dict[str, object]:
    return {
        "user": user.pk, "zone": timezone.get_current_timezone_name(), "today": today, "until": today + AHEAD,
        "most": LINES + 1,
    }  # fmt: skip


def _scrub(row: Wanted, today: datetime.date) -> Line:
    page = address("deals:scrub", row.key)
    why = "Go through your open deals: keep, fix or kill"
    return Line(f"Pipeline scrub with {row.name}", page, why, [_due(row.day, today)], action=Action("Begin", page))


def _rating(row: Wanted, today: datetime.date) -> Line:
    action = Action("Rate", address("deals:rate_pairing", row.key), dialog=True)
    why = "From 1 to 10, and what would make it a 10"
    page = address("deals:pairing", row.key)
    return Line(f"How do you work with {row.name}?", page, why, [_due(row.day, today)], action=action)


def _task(row: Wanted, today: datetime.date) -> Line:
    page = address("deals:opportunity", row.deal)
    action = Action("Done", address("deals:finish_task", row.key), post=True)
    return Line(row.told, page, row.name, [_due(row.day, today)], late=row.day < today, action=action)


def _idea(row: Wanted, today: datetime.date) -> Line:
    page = address("deals:reserve", row.deal)
    why = f"{row.told} keeps an idea in reserve for you"
    return Line(row.name, page, why, [("In reserve", "info")], action=Action("Decide", page))


def _due(day: datetime.date, today: datetime.date) -> tuple[str, str]:
    return (f"Due {in_plain(day)}", "warn") if day < today else ("Due today" if day == today else "Due soon", "info")


LINE: dict[str, Callable[[Wanted, datetime.date], Line]] = {
    "scrub": _scrub, "rating": _rating, "task": _task, "idea": _idea,
}  # fmt: skip
