"""Making nurture tracks, putting people on and off, and the calls of a track."""

import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from leads.actions.leads import lock_lead
from leads.models import (
    Consent,
    EnrolmentState,
    Lead,
    NurtureEnrolment,
    NurtureStep,
    NurtureTouch,
    NurtureTrack,
    StepKind,
    StopReason,
    TrackState,
    Unsubscribed,
)
from leads.nurture import words
from leads.nurture.stop import stop
from people.models import User
from people.permissions import require
from presales import outbox
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from presales.models import OutboxMail
from presales.text import squeeze

TRACK_FIELDS = ["name", "bands", "stages", "sources", "team", "quiet_days"]
STEP_FIELDS = ["delay_days", "subject", "body", "link"]
MAX_STEPS = 30


@action
def add_track(actor: User, *, reason: str = "", **values: object) -> NurtureTrack:
    """Make a track; it is a draft and writes to nobody. `values` are some of TRACK_FIELDS.

    Raises:
        Conflict: another track has this name.
    """
    require(actor, "leads.change_nurture")
    track = NurtureTrack(**{name: values[name] for name in TRACK_FIELDS if name in values}, created_by=actor)
    return _saved(track, track.save)


@action
def update_track(
    actor: User, track: NurtureTrack, *, version: int, reason: str = "", **changes: object
) -> NurtureTrack:
    """Change some of TRACK_FIELDS if nobody did since `version`. Who is on the track stays on it.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
        Conflict: another track has this name.
    """
    locked = _lock_track(actor, track)
    names = [name for name in TRACK_FIELDS if name in changes]
    for name in names:
        setattr(locked, name, changes[name])
    return _saved(locked, lambda: save_version(locked, names, version))


def _saved(track: NurtureTrack, save: object) -> NurtureTrack:
    try:
        with transaction.atomic():
            save()
    except IntegrityError:
        raise Conflict(f"Another track is called “{track.name}”.") from None
    return track


def _lock_track(actor: User, track: NurtureTrack) -> NurtureTrack:
    locked = NurtureTrack.objects.select_for_update(of=("self",)).get(pk=track.pk)
    require(actor, "leads.change_nurture", locked)
    return locked


@action
def set_track_state(actor: User, track: NurtureTrack, *, state: str, reason: str = "") -> NurtureTrack:
    """Start, pause or go on with a track. While it is paused nobody joins it and nothing of it is sent.

    Raises:
        Conflict: a track without steps cannot start.
    """
    locked = _lock_track(actor, track)
    if state not in (TrackState.RUNNING, TrackState.PAUSED):
        raise Conflict("A track runs or is paused.")
    if state == TrackState.RUNNING and not locked.steps.filter(is_active=True).exists():
        raise Conflict("Add a step first: this track says nothing yet.")
    if locked.state != state and not (locked.state == TrackState.DRAFT and state == TrackState.PAUSED):
        locked.state = state
        save_version(locked, ["state"], locked.version)
    return locked


# -- steps ------------------------------------------------------------------------------------------


@action
def add_step(actor: User, track: NurtureTrack, *, kind: str, reason: str = "", **values: object) -> NurtureStep:
    """Add a step at the end of a track."""
    locked = _lock_track(actor, track)
    steps = list(locked.steps.filter(is_active=True))
    if len(steps) >= MAX_STEPS:
        raise Conflict(f"A track has at most {MAX_STEPS} steps.")
    last = max((step.order for step in locked.steps.all()), default=-1)
    step = NurtureStep(track=locked, kind=kind, order=last + 1)
    for name in STEP_FIELDS:
        if name in values:
            setattr(step, name, values[name])
    step.save()
    return step


def _lock_step(actor: User, step: NurtureStep) -> NurtureStep:
    _lock_track(actor, step.track)
    locked = NurtureStep.objects.select_related("track").filter(pk=step.pk, is_active=True).first()
    if locked is None:
        raise Conflict("This step is not there any more.")
    return locked


@action
def update_step(actor: User, step: NurtureStep, *, version: int, reason: str = "", **changes: object) -> NurtureStep:
    """Change some of STEP_FIELDS if nobody did since `version`. What was sent already stays as it was.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
    """
    locked = _lock_step(actor, step)
    names = [name for name in STEP_FIELDS if name in changes]
    for name in names:
        setattr(locked, name, changes[name])
    save_version(locked, names, version)
    return locked


@action
def remove_step(actor: User, step: NurtureStep, *, reason: str = "") -> None:
    """Take a step off the track; what it did stays in the results. Who was about to take it takes the next one."""
    locked = _lock_step(actor, step)
    others = locked.track.steps.filter(is_active=True).exclude(pk=locked.pk)
    if locked.track.is_running and not others.exists():
        raise Conflict("This is the last step of a running track. Pause the track first.")
    locked.is_active = False
    save_version(locked, ["is_active"], locked.version)


@action
def move_step(actor: User, step: NurtureStep, *, up: bool, reason: str = "") -> NurtureStep:
    """Let a step change places with the one before it, or after it."""
    locked = _lock_step(actor, step)
    order = list(locked.track.steps.filter(is_active=True).order_by("order", "pk"))
    place = next(number for number, one in enumerate(order) if one.pk == locked.pk)
    other = place + (-1 if up else 1)
    if 0 <= other < len(order):
        first, second = order[place], order[other]
        first.order, second.order = second.order, first.order
        for one in (first, second):
            save_version(one, ["order"], one.version)
    return locked


@action
def send_test(actor: User, step: NurtureStep, lead: Lead, *, key: str, reason: str = "") -> None:
    """Send a step's mail to the person who asks, as `lead` would get it. The same `key` sends once.

    Raises:
        Conflict: the step is a call.
    """
    require(actor, "leads.change_nurture")
    if not step.is_mail:
        raise Conflict("A call is made, not sent.")
    written = words.write(step, lead, "test")
    outbox.post([
        OutboxMail(
            key=f"nurture-test:{actor.pk}:{key}"[:120], kind="nurture-test", to=actor.email,
            subject=f"[Test] {written.subject}"[:200], text=written.text,
        )
    ])  # fmt: skip


# -- people -----------------------------------------------------------------------------------------


@action
def enrol_lead(actor: User, lead: Lead, track: NurtureTrack, *, reason: str = "") -> NurtureEnrolment:
    """Put one lead on a running track, whatever its rule says; consent is wanted all the same.

    Raises:
        Conflict: no consent or no address, on a track already, or was on this one before.
    """
    lead = lock_lead(lead)
    require(actor, "leads.change_lead", lead)
    first = track.steps.filter(is_active=True).first()
    if not track.is_running or first is None:
        raise Conflict("This track does not run.")
    if lead.consent != Consent.GIVEN or not lead.email_key:
        raise Conflict("Nothing is sent without an address and consent. Record the consent first.")
    if Unsubscribed.objects.filter(pk=lead.email_key).exists():
        raise Conflict("This person unsubscribed.")
    if NurtureEnrolment.objects.filter(lead=lead, state=EnrolmentState.RUNNING).exists():
        raise Conflict("This lead is on a track already. Take it off first.")
    enrolment, made = NurtureEnrolment.objects.get_or_create(
        track=track, lead=lead,
        defaults={
            "stage": lead.stage, "next_step": first,
            "next_due_at": timezone.now() + datetime.timedelta(days=first.delay_days),
        },
    )  # fmt: skip
    if not made:
        raise Conflict("This lead was on this track before. Nobody takes it twice.")
    return enrolment


@action
def take_off(actor: User, lead: Lead, *, reason: str = "") -> Lead:
    """Take a lead off the track it is on. Doing so twice is once."""
    lead = lock_lead(lead)
    require(actor, "leads.change_lead", lead)
    stop(lead.nurture.filter(state=EnrolmentState.RUNNING).values_list("pk", flat=True), StopReason.BY_HAND)
    return lead


@action
def finish_call(actor: User, touch: NurtureTouch, *, result: str, note: str = "", reason: str = "") -> NurtureTouch:
    """Say what came of a call. Who was spoken with is off the track: a person has taken over.

    Raises:
        Conflict: no call, or done already.
    """
    lead = lock_lead(touch.enrolment.lead)
    require(actor, "leads.record_engagement", lead)
    locked = NurtureTouch.objects.select_for_update(of=("self",)).select_related("step").get(pk=touch.pk)
    if locked.step.kind != StepKind.CALL or result not in NurtureTouch.Result.values:
        raise Conflict("Say whether you reached them.")
    if locked.done_at is not None:
        raise Conflict("Somebody noted this call already.")
    locked.result, locked.note, locked.done_at, locked.done_by = result, squeeze(note)[:500], timezone.now(), actor
    locked.save(update_fields=["result", "note", "done_at", "done_by"])
    if result == NurtureTouch.Result.REACHED:
        stop([locked.enrolment_id], StopReason.REPLIED)
    return locked
