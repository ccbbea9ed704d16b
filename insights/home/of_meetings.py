"""What the own meetings want: confirmations and a huddle before, a debrief after."""

import datetime

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from deals.models import Debrief, Meeting
from deals.models.meetings import AMBUSH_WINDOW, DEBRIEF_WINDOW
from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import User

READ = [
    "kind", "starts_at", "ends_at", "agenda_confirmed", "opportunity__name", "opportunity__owner", "opportunity__se",
]  # fmt: skip


def meetings(user: User) -> Section:
    """The own meetings that want something, those about to begin first, then the debriefs owed, the oldest first.

    One query: a window of meetings by the index on their end, kept to the person's own.
    """
    now = timezone.now()
    written = Debrief.objects.filter(meeting=OuterRef("pk"), author=user)
    until = now + AMBUSH_WINDOW + datetime.timedelta(minutes=600)
    near = Meeting.objects.of_person(user).taking_place().filter(ends_at__gt=now - DEBRIEF_WINDOW, ends_at__lte=until)
    found = near.with_state(now).annotate(has_written=Exists(written)).select_related("opportunity").only(*READ)
    told = (_line(meeting, user, now) for meeting in found.order_by("starts_at"))
    wanting = [(line, rank) for line, rank in told if line]
    lines, more = cut([line for line, _ in sorted(wanting, key=lambda item: item[1])], LINES)
    return Section("Meetings", "calendar-event", lines, many=more)


def _line(meeting: Meeting, user: User, now: datetime.datetime) -> tuple[Line | None, int]:
    page = meeting.get_absolute_url()
    line = Line(f"{meeting.get_kind_display()}: {meeting.opportunity.name}", page, at=meeting.starts_at)
    if meeting.ends_at <= now:
        if meeting.has_written or user.pk not in (meeting.opportunity.owner_id, meeting.opportunity.se_id):
            return None, 0
        line.why, line.pills = "What did you learn?", [("Debrief owed", "warn")]
        line.action = Action("Debrief", reverse("deals:write_debrief", args=[meeting.pk]), dialog=True)
        return line, 2
    if meeting.starts_at <= now or meeting.starts_at > now + AMBUSH_WINDOW:
        return None, 0
    if meeting.ambush:
        line.pills.append(("Ambush risk", "warn"))
        line.why = ", ".join(meeting.ambush_reasons).capitalize()
    if not meeting.huddled:
        line.pills.append(("No huddle yet", "warn"))
    line.action = Action("Prepare", page)
    return (line, 0 if meeting.ambush else 1) if line.pills else (None, 0)
