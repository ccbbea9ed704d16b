"""What the page of a deal or a lead says of its meetings: the next ones and the past ones."""

from dataclasses import dataclass, field

from django.utils import timezone

from deals.models import Meeting
from deals.models.meetings import Subject

SHOWN = 30


@dataclass
class MeetingPanel:
    """The meetings of one deal or lead, the next first; past and cancelled ones the newest first."""

    coming: list[Meeting] = field(default_factory=list)
    past: list[Meeting] = field(default_factory=list)


def meeting_panel(subject: Subject) -> MeetingPanel:
    """The panel of a deal or a lead, in one query."""
    panel = MeetingPanel()
    for meeting in subject.meetings.with_state(timezone.now()).order_by("-starts_at", "-pk")[:SHOWN]:
        if meeting.is_cancelled or meeting.is_over:
            panel.past.append(meeting)
        else:
            panel.coming.insert(0, meeting)
    return panel
