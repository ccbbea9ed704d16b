"""Planning a meeting on a deal or a lead, changing it, calling it off, and who comes. Both lanes may."""

from collections.abc import Iterable

from django.db.models import F
from django.utils import timezone

from deals.models import Attendee, Meeting, Opportunity, Stakeholder
from deals.models.meetings import Subject
from deals.probability import mark_stale
from leads.actions.stages import lock_lead
from leads.dossiers import ensure_dossier
from leads.models import Lead, LeadStage
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
    subject: Subject,
    meeting: Meeting,
    *,
    ours: Iterable[User] = (),
    theirs: Iterable[Stakeholder | Lead] = (),
) -> Meeting:
    """Put an unsaved `meeting` on the deal or lead, with those who are to come. Who plans it has confirmed by that.

    With the first meeting begins the qualification of a lead: its dossier is opened if there is none yet.

    Raises:
        NotAllowed: in neither lane of the deal, or not the lead's AE.
        Conflict: the deal is closed, or the lead is disqualified, merged or converted.
    """
    require(actor, "deals.work_meetings", subject)
    if isinstance(subject, Lead):
        meeting.lead = _hold_lead(actor, subject)
    else:
        _lock_open(subject.pk)
        meeting.opportunity = subject
    meeting.created_by = actor
    meeting.set_end()
    meeting.save(force_insert=True)
    Attendee.objects.bulk_create(
        Attendee(meeting=meeting, user=user, is_confirmed=user.pk == actor.pk) for user in dict.fromkeys(ours)
    )
    # Somebody with two roles on the committee comes once.
    people = {key(person.name): person for person in theirs if _belongs(person, subject)}
    Attendee.objects.bulk_create(
        Attendee(
            meeting=meeting, name=person.name, job_title=person.job_title,
            stakeholder=person if isinstance(person, Stakeholder) else None,
        )
        for person in people.values()
    )  # fmt: skip
    return meeting


def _belongs(person: Stakeholder | Lead, subject: Subject) -> bool:
    """Somebody of the deal's committee, or the lead itself."""
    if isinstance(person, Lead):
        return person == subject
    return isinstance(subject, Opportunity) and person.opportunity_id == subject.pk


@action
def edit_meeting(actor: User, meeting: Meeting, version: int) -> Meeting:
    """Save the changed fields. A new time wants everybody's word again, except that of who moved it.

    Raises:
        NotAllowed: in neither lane of the deal, or not the lead's AE.
        Conflict: the meeting was cancelled.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    stored = hold_meeting(actor, meeting)
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
    stored = hold_meeting(actor, meeting, cancelled_too=True)
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
    hold_meeting(actor, meeting)
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
    """Note that somebody has confirmed, or has not; each of ours does so for themselves too.

    Repeating it changes nothing.
    """
    require(actor, "deals.confirm_attendee", attendee)
    hold_meeting(None, attendee.meeting)
    Attendee.objects.filter(pk=attendee.pk).exclude(is_confirmed=confirmed).update(is_confirmed=confirmed)
    attendee.is_confirmed = confirmed
    return attendee


@action
def remove_attendee(actor: User, attendee: Attendee) -> None:
    """Somebody does not come. Repeating it changes nothing."""
    hold_meeting(actor, attendee.meeting)
    Attendee.objects.filter(pk=attendee.pk).delete()


def carry_meetings_over(lead: Lead, opportunity: Opportunity) -> None:
    """The meetings of a lead go on with what it becomes. Call inside the action that converts and holds the lead."""
    Meeting.objects.filter(lead=lead).update(opportunity=opportunity, lead=None)


def merge_meetings(survivor: Lead, other: Lead) -> None:
    """The meetings of a lead that is merged away go on with the other; leads/hooks.py calls it."""
    Meeting.objects.filter(lead=other).update(lead=survivor)


def hold_meeting(
    actor: User | None, meeting: Meeting, permission: str = "deals.change_meeting", *, cancelled_too: bool = False
) -> Meeting:
    """The stored row, held until the end of the action; the deal saw work. With an actor, asks who may first.

    A lead is held before its meeting, so that converting it waits, or has happened: the row then says with what the
    meeting goes on, and whether the actor works there too is asked again.

    Raises:
        NotAllowed: the actor has no `permission` on the meeting.
        Conflict: the meeting was cancelled.
    """
    require(actor, permission, meeting)
    if meeting.opportunity_id:
        _touch(meeting.opportunity_id)
    else:
        Lead.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=meeting.lead_id)
    stored = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if (stored.opportunity_id, stored.lead_id) != (meeting.opportunity_id, meeting.lead_id):
        meeting.opportunity, meeting.lead = stored.opportunity, stored.lead
        require(actor, permission, stored)
        if stored.opportunity_id:
            _touch(stored.opportunity_id)
    if stored.is_cancelled and not cancelled_too:
        raise Conflict("This meeting was cancelled.")
    return stored


def _hold_lead(actor: User, lead: Lead) -> Lead:
    """The lead as stored, held until the end of the action, with a dossier."""
    held = lock_lead(lead)
    require(actor, "deals.work_meetings", held)
    if held.stage == LeadStage.CONVERTED:
        raise Conflict("This lead became an opportunity. Plan the meeting there.")
    if held.stage == LeadStage.DISQUALIFIED:
        raise Conflict("This lead is disqualified. Reopen it first.")
    ensure_dossier(actor, held)
    return held


def _lock_open(pk: int) -> Opportunity:
    opportunity = Opportunity.objects.select_for_update(of=("self",)).get(pk=pk)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    _touch(pk)
    return opportunity


def _touch(pk: int) -> None:
    Opportunity.objects.filter(pk=pk).update(last_activity_at=timezone.now())
    mark_stale([pk])
