"""What closed deals still want: handoffs to take on or to answer for, and what is to be learned from losing."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import User
from presales.fragments import address

# As SQL, since Django would build these questions anew for every page. Whoever owns a deal or is its SE sees it, and a
# receiver sees what was handed over.
WANTED = """
SELECT 'handoff' AS kind, h.id AS key, o.name, giver.name AS told, h.handed_over_at::date AS day
  FROM deals_handoff h JOIN deals_opportunity o ON o.id = h.opportunity_id
  JOIN people_user giver ON giver.id = h.handed_over_by_id
 WHERE h.receiver_id = %(user)s AND h.state = 'handed_over' AND h.reopened_at IS NULL
UNION ALL
SELECT 'question', o.id, o.name, receiver.name, h.handed_over_at::date
  FROM deals_handoff h JOIN deals_opportunity o ON o.id = h.opportunity_id
  JOIN people_user receiver ON receiver.id = h.receiver_id
 WHERE h.state = 'returned' AND h.reopened_at IS NULL AND o.owner_id = %(user)s
UNION ALL
SELECT CASE WHEN own.id IS NULL THEN 'view' ELSE 'lesson' END, o.id, o.name, '', a.closed_on
  FROM deals_autopsy a JOIN deals_opportunity o ON o.id = a.opportunity_id
  LEFT JOIN deals_autopsyview own ON own.autopsy_id = a.id AND own.author_id = %(user)s
 WHERE a.agreed_at IS NULL AND a.reopened_at IS NULL AND (o.owner_id = %(user)s OR o.se_id = %(user)s)
   AND (own.id IS NULL OR (SELECT count(*) FROM deals_autopsyview v WHERE v.autopsy_id = a.id)
        >= (o.owner_id IS NOT NULL)::int + (o.se_id IS NOT NULL)::int)
 ORDER BY day, kind, key LIMIT %(most)s
"""


@dataclass(frozen=True)
class Wanted:
    """One row of WANTED."""

    kind: str
    key: int
    name: str
    told: str
    day: datetime.date


def closings(user: User) -> Section:
    """What waits for the user after deals have closed, the oldest first; one query over short indexes."""
    with connection.cursor() as cursor:
        cursor.execute(WANTED, {"user": user.pk, "most": LINES + 1})
        found = [Wanted(*row) for row in cursor.fetchall()]
    lines, more = cut([LINE[row.kind](row) for row in found], LINES)
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
