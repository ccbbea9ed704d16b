"""What the own meetings want: confirmations and a huddle before, a debrief after."""

import datetime
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from deals.models import MeetingKind
from deals.models.meetings import AMBUSH_WINDOW, DEBRIEF_WINDOW, HUDDLE_POINTS, unconfirmed_of
from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import Role, User
from presales.fragments import address

LONGEST = datetime.timedelta(minutes=600)
# As SQL, since Django would build it anew for every page. The meetings of the user's deals and leads, and those they
# attend. Who owes a debrief of it: the pair of a deal, the owner of a lead, and where no SE has the deal, or there is
# none yet, the SEs who came.
NEAR = """
WITH mine AS (
    SELECT m.id FROM deals_opportunity o JOIN deals_meeting m ON m.opportunity_id = o.id
     WHERE (o.owner_id = %(user)s OR o.se_id = %(user)s) AND m.ends_at > %(since)s AND m.ends_at <= %(until)s
    UNION
    SELECT m.id FROM deals_meeting m JOIN leads_lead l ON l.id = m.lead_id
     WHERE l.owner_id = %(user)s AND m.cancelled_at IS NULL AND m.ends_at > %(since)s AND m.ends_at <= %(until)s
    UNION
    SELECT m.id FROM deals_attendee a JOIN deals_meeting m ON m.id = a.meeting_id
     WHERE a.user_id = %(user)s AND m.ends_at > %(since)s AND m.ends_at <= %(until)s
)
SELECT m.id, m.kind, m.starts_at, m.ends_at, coalesce(o.name, l.name || coalesce(', ' || company.name, '')),
       coalesce(o.owner_id = %(user)s, false) OR coalesce(o.se_id = %(user)s, false)
           OR coalesce(l.owner_id = %(user)s, false) OR (o.se_id IS NULL AND %(is_se)s), m.agenda_confirmed,
       (SELECT count(*) FROM deals_attendee a WHERE a.meeting_id = m.id AND a.user_id IS NULL),
       (SELECT count(*) FROM deals_attendee a WHERE a.meeting_id = m.id AND NOT a.is_confirmed),
       (SELECT count(*) FROM deals_huddlepoint point WHERE point.meeting_id = m.id),
       EXISTS (SELECT FROM deals_debrief own WHERE own.meeting_id = m.id AND own.author_id = %(user)s)
  FROM mine JOIN deals_meeting m ON m.id = mine.id
  LEFT JOIN deals_opportunity o ON o.id = m.opportunity_id
  LEFT JOIN leads_lead l ON l.id = m.lead_id
  LEFT JOIN leads_company company ON company.id = l.company_id
 WHERE m.cancelled_at IS NULL
 ORDER BY m.starts_at, m.id
"""


@dataclass(frozen=True)
class Near:
    """One row of NEAR."""

    pk: int
    kind: str
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    about: str
    of_pair: bool
    agenda_confirmed: bool
    theirs: int
    unconfirmed: int
    ticked: int
    has_written: bool


def meetings(user: User) -> Section:
    """The own meetings that want something, those about to begin first, then the debriefs owed, the oldest first."""
    now = timezone.now()
    values = {
        "user": user.pk,
        "is_se": user.role == Role.SE,
        "since": now - DEBRIEF_WINDOW,
        "until": now + AMBUSH_WINDOW + LONGEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEAR, values)
        told = [_line(Near(*row), now) for row in cursor.fetchall()]
    wanting = sorted(((line, rank) for line, rank in told if line), key=lambda item: item[1])
    lines, more = cut([line for line, _ in wanting], LINES)
    return Section("Meetings", "calendar-event", lines, many=more)


def _line(meeting: Near, now: datetime.datetime) -> tuple[Line | None, int]:
    """The line, if the meeting wants anything, and its rank."""
    page = address("deals:meeting", meeting.pk)
    line = Line(f"{MeetingKind(meeting.kind).label}: {meeting.about}", page, at=meeting.starts_at)
    if meeting.ends_at <= now:
        if meeting.has_written or not meeting.of_pair:
            return None, 0
        line.why, line.pills = "What did you learn?", [("Debrief owed", "warn")]
        line.action = Action("Debrief", address("deals:write_debrief", meeting.pk), dialog=True)
        return line, 2
    if meeting.starts_at <= now or meeting.starts_at > now + AMBUSH_WINDOW:
        return None, 0
    reasons = unconfirmed_of(meeting.agenda_confirmed, meeting.theirs, meeting.unconfirmed)
    if reasons:
        line.pills.append(("Ambush risk", "warn"))
        line.why = ", ".join(reasons).capitalize()
    if meeting.ticked < HUDDLE_POINTS:
        line.pills.append(("No huddle yet", "warn"))
    line.action = Action("Prepare", page)
    return (line, 0 if reasons else 1) if line.pills else (None, 0)
