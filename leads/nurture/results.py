"""What became of a track: figures of the track and of each of its steps, in two queries whatever was sent."""

from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from leads.models import EnrolmentState, NurtureEnrolment, NurtureTouch, StopReason
from presales.models import OutboxMail


@dataclass(frozen=True)
class StepResult:
    """Of one step: how many mails left, and who clicked, replied or unsubscribed; of a call how many were made."""

    due: int = 0
    sent: int = 0
    clicked: int = 0
    replied: int = 0
    unsubscribed: int = 0
    called: int = 0
    reached: int = 0
    failed: int = 0


@dataclass(frozen=True)
class TrackResult:
    """Of a track: who is on it, and how the others left it."""

    enrolled: int = 0
    running: int = 0
    finished: int = 0
    stopped: dict[str, int] = field(default_factory=dict)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Why people left it, most often first, in words."""
        named = [(str(StopReason(reason).label), count) for reason, count in self.stopped.items()]
        return sorted(named, key=lambda pair: (-pair[1], pair[0]))

    @property
    def left(self) -> int:
        """How many left it before its end."""
        return sum(self.stopped.values())


def of_steps(track_id: int) -> dict[int, StepResult]:
    """By step."""
    touches = NurtureTouch.objects.filter(step__track=track_id).order_by().values_list("step")
    rows = touches.annotate(
        n_due=Count("pk"),
        n_sent=Count("pk", filter=Q(mail__state=OutboxMail.State.SENT)),
        n_clicked=Count("clicked_at"),
        n_replied=Count("replied_at"),
        n_unsubscribed=Count("unsubscribed_at"),
        n_called=Count("done_at"),
        n_reached=Count("pk", filter=Q(result=NurtureTouch.Result.REACHED)),
        n_failed=Count("pk", filter=Q(mail__state__in=[OutboxMail.State.FAILED, OutboxMail.State.UNSURE])),
    )
    return {step: StepResult(*figures) for step, *figures in rows}


def of_tracks(tracks: QuerySet | list[int]) -> dict[int, TrackResult]:
    """By track."""
    rows = NurtureEnrolment.objects.filter(track__in=tracks).order_by().values_list("track", "state", "stop_reason")
    found: dict[int, dict] = {}
    for track, state, reason, count in rows.annotate(Count("pk")):
        one = found.setdefault(track, {"enrolled": 0, "running": 0, "finished": 0, "stopped": {}})
        one["enrolled"] += count
        if state == EnrolmentState.STOPPED:
            one["stopped"][reason] = count
        else:
            one[state] += count
    return {track: TrackResult(**figures) for track, figures in found.items()}
