"""What closed deals still want: handoffs to take on or to answer for, and what is to be learned from losing."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from insights.home import of_specialists
from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import User
from presales.fragments import address

# As SQL, since Django would build these questions anew for every page. Whoever owns a deal or is its SE sees it, and a
# receiver sees what was handed over.
WANTED = """
SELECT 'handoff' AS kind, h.id AS key, o.name, giver.name AS told, h.handed_over_at AS at
  FROM deals_handoff h JOIN deals_opportunity o ON o.id = h.opportunity_id
  JOIN people_user giver ON giver.id = h.handed_over_by_id
 WHERE h.receiver_id = %(user)s AND h.state = 'handed_over' AND h.reopened_at IS NULL
UNION ALL
SELECT 'question', o.id, o.name, receiver.name, h.handed_over_at
  FROM deals_handoff h JOIN deals_opportunity o ON o.id = h.opportunity_id
  JOIN people_user receiver ON receiver.id = h.receiver_id
 WHERE h.state = 'returned' AND h.reopened_at IS NULL AND o.owner_id = %(user)s
UNION ALL
SELECT CASE WHEN own.id IS NULL THEN 'view' ELSE 'lesson' END, o.id, o.name, '', a.closed_on::timestamptz
  FROM deals_autopsy a JOIN deals_opportunity o ON o.id = a.opportunity_id
  LEFT JOIN deals_autopsyview own ON own.autopsy_id = a.id AND own.author_id = %(user)s
 WHERE a.agreed_at IS NULL AND a.reopened_at IS NULL AND (o.owner_id = %(user)s OR o.se_id = %(user)s)
   AND (own.id IS NULL OR (SELECT count(*) FROM deals_autopsyview v WHERE v.autopsy_id = a.id)
        >= (o.owner_id IS NOT NULL)::int + (o.se_id IS NOT NULL)::int)
 ORDER BY at, kind, key LIMIT %(most)s
"""
BOTH = (
    f"SELECT closed.*, '', '', '' FROM ({WANTED}) closed "  # noqa: S608
    f"UNION ALL SELECT answered.* FROM ({of_specialists.ANSWERED}) answered"
)


@dataclass(frozen=True)
class Wanted:
    """One row of WANTED."""

    kind: str
    key: int
    name: str
    told: str
    at: datetime.datetime


def closings(user: User) -> Section:
    """What waits for the user after deals have closed, the oldest first; one query over short indexes."""
    with connection.cursor() as cursor:
        cursor.execute(WANTED, {"user": user.pk, "most": LINES + 1})
        return _closings(cursor.fetchall())


def closings_and_answers(user: User) -> list[Section]:
    """The same, and what became of the specialists that the user has asked for, the newest first; in one query too."""
    since = timezone.now() - of_specialists.SINCE
    with connection.cursor() as cursor:
        cursor.execute(BOTH, {"user": user.pk, "most": LINES + 1, "answered_since": since})
        rows = cursor.fetchall()
    answered = sorted((row for row in rows if row[0] in of_specialists.TOLD), key=lambda row: row[4], reverse=True)
    lines, more = cut([of_specialists.line_of(*row) for row in answered])
    wanted = _closings(sorted((row[:5] for row in rows if row[0] in LINE), key=lambda row: row[4]))
    return [wanted, Section("Answers of specialists", "users", lines, many=more)]


def _closings(rows: list[tuple]) -> Section:
    lines, more = cut([LINE[row[0]](Wanted(*row)) for row in rows])
    return Section("After closing", "package", lines, many=more)


def _handoff(row: Wanted) -> Line:
    page = address("deals:handoff", row.key)
    return Line(row.name, page, f"{row.told} hands it over to you", [("Handoff", "info")], action=Action("Read", page))


def _question(row: Wanted) -> Line:
    page = address("deals:deal_handoff", row.key)
    return Line(row.name, page, f"{row.told} asks before accepting it", [("Returned", "warn")],
                action=Action("Answer", page))  # fmt: skip


def _view(row: Wanted) -> Line:
    page = address("deals:autopsy", row.key)
    action = Action("Look back", address("deals:write_autopsy", row.key), dialog=True)
    return Line(row.name, page, "Lost: what did we miss, and when could we know?", [("Autopsy owed", "warn")],
                action=action)  # fmt: skip


def _lesson(row: Wanted) -> Line:
    page = address("deals:autopsy", row.key)
    return Line(row.name, page, "You have both looked back: agree on the lesson", [("Autopsy owed", "warn")],
                action=Action("Agree", page))  # fmt: skip


LINE: dict[str, Callable[[Wanted], Line]] = {
    "handoff": _handoff, "question": _question, "view": _view, "lesson": _lesson,
}  # fmt: skip
