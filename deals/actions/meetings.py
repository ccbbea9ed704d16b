"""Planning a meeting, changing it, calling it off, and who comes. Both lanes may."""

from collections.abc import Iterable

from django.db.models import F
from django.utils import timezone

from deals.models import Attendee, Meeting, Opportunity, Stakeholder
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from presales.text import key

FIELDS = [
    "kind", "starts_at", "minutes", "ends_at", "place", "objective", "agenda", "agenda_confirmed", "call_to_action",
    "driver", "commercial_by", "notes_by",
]  # fmt: skip


@action
def plan_meeting(
    actor: User,
    opportunity: Opportunity,
    meeting: Meeting,
    *,
    ours: Iterable[User] = (),
    theirs: Iterable[Stakeholder] = (),
) -> Meeting:
    """Put an unsaved `meeting` on the deal, with those who are to come. Who plans it has confirmed by that.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the deal is closed.
    """
    require(actor, "deals.work_meetings", opportunity)
    _lock_open(opportunity.pk)
    meeting.opportunity, meeting.created_by = opportunity, actor
    meeting.set_end()
    meeting.save(force_insert=True)
    Attendee.objects.bulk_create(
        Attendee(meeting=meeting, user=user, is_confirmed=user.pk == actor.pk) for user in dict.fromkeys(ours)
    )
    # Somebody with two roles on the committee comes once.
    people = {key(person.name): person for person in theirs if person.opportunity_id == opportunity.pk}
    Attendee.objects.bulk_create(
        Attendee(meeting=meeting, name=person.name, job_title=person.job_title, stakeholder=person)
        for person in people.values()
    )
    return meeting


@action
def edit_meeting(actor: User, meeting: Meeting, version: int) -> Meeting:
    """Save the changed fields. A new time wants everybody's word again, except that of who moved it.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the meeting was cancelled.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_meetings", meeting.opportunity)
    stored = _lock(meeting)
    meeting.set_end()
    save_version(meeting, FIELDS, version)
    if meeting.starts_at != stored.starts_at:
        meeting.attendees.filter(is_confirmed=True).exclude(user=actor).update(is_confirmed=False)
    return meeting


@action
def cancel_meeting(actor: User, meeting: Meeting, *, reason: str = "") -> Meeting:
    """Call it off; calendars that read it hear of it. Repeating it changes nothing.

    Raises:
        Conflict: it has taken place.
    """
    require(actor, "deals.work_meetings", meeting.opportunity)
    stored = _lock(meeting, cancelled_too=True)
    if stored.is_cancelled:
        return stored
    if stored.has_begun:
        raise Conflict("This meeting has begun already.")
    now = timezone.now()
    Meeting.objects.filter(pk=meeting.pk).update(cancelled_at=now, cancel_reason=reason[:300], version=F("version") + 1)
    stored.refresh_from_db()
    return stored


@action
def add_attendee(actor: User, meeting: Meeting, attendee: Attendee) -> Attendee:
    """Add an unsaved `attendee` of either side.

    Raises:
        Conflict: comes already, or the meeting was cancelled.
    """
    require(actor, "deals.work_meetings", meeting.opportunity)
    _lock(meeting)
    present = list(meeting.attendees.all())
    if attendee.user_id:
        attendee.name = ""
        twice = any(other.user_id == attendee.user_id for other in present)
    else:
        twice = any(not other.user_id and key(other.name) == key(attendee.name) for other in present)
    if twice:
        raise Conflict(f"{attendee} comes already.")
    attendee.meeting = meeting
    attendee.save(force_insert=True)
    return attendee


@action
def confirm_attendee(actor: User, attendee: Attendee, *, confirmed: bool) -> Attendee:
    """Note that somebody has confirmed, or has not. Repeating it changes nothing."""
    require(actor, "deals.work_meetings", attendee.meeting.opportunity)
    _lock(attendee.meeting)
    Attendee.objects.filter(pk=attendee.pk).exclude(is_confirmed=confirmed).update(is_confirmed=confirmed)
    attendee.is_confirmed = confirmed
    return attendee


@action
def remove_attendee(actor: User, attendee: Attendee) -> None:
    """Somebody does not come. Repeating it changes nothing."""
    require(actor, "deals.work_meetings", attendee.meeting.opportunity)
    _lock(attendee.meeting)
    Attendee.objects.filter(pk=attendee.pk).delete()


def _lock_open(pk: int) -> Opportunity:
    opportunity = Opportunity.objects.select_for_update(of=("self",)).get(pk=pk)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    _touch(pk)
    return opportunity


def _lock(meeting: Meeting, *, cancelled_too: bool = False) -> Meeting:
    """The stored row, held until the end of the action; the deal saw work."""
    _touch(meeting.opportunity_id)
    stored = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if stored.is_cancelled and not cancelled_too:
        raise Conflict("This meeting was cancelled.")
    return stored


def _touch(pk: int) -> None:
    Opportunity.objects.filter(pk=pk).update(last_activity_at=timezone.now())
    mark_stale([pk])
