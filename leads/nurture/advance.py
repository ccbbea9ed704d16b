"""What is due: the mails of steps whose day has come go into the outbox, calls onto the list of who makes them."""

import datetime
import hashlib

from django.db import transaction
from django.utils import timezone

from leads.models import EnrolmentState, NurtureEnrolment, NurtureStep, NurtureTouch, TrackState
from leads.nurture import words
from leads.nurture.stop import stop_all
from presales import outbox
from presales.models import OutboxMail

BATCH = 200


def key_of(step: NurtureStep, email_key: str) -> str:
    """The cause of a mail: this step for this address, whichever lead has it."""
    return f"nurture:{step.pk}:{hashlib.sha256(email_key.encode()).hexdigest()[:40]}"


def advance(limit: int = BATCH) -> int:
    """Let up to `limit` leads whose day has come take their step, in one transaction; how many.

    Those for whom a reason to stop holds get off first. Rows that another worker has are passed by.
    """
    with transaction.atomic():
        now = timezone.now()
        due = list(
            NurtureEnrolment.objects.filter(
                state=EnrolmentState.RUNNING, next_due_at__lte=now, track__state=TrackState.RUNNING
            )
            .order_by("next_due_at", "pk")
            .select_for_update(of=("self",), skip_locked=True)[:limit]
        )
        if not due:
            return 0
        stop_all([enrolment.lead_id for enrolment in due])
        rows = NurtureEnrolment.objects.filter(
            pk__in=[enrolment.pk for enrolment in due], state=EnrolmentState.RUNNING
        ).select_related("lead__company", "lead__owner", "next_step")
        _take_steps(list(rows.defer("lead__search", "lead__company__search", "lead__notes").order_by("pk")))
        return len(due)


def _take_steps(rows: list[NurtureEnrolment]) -> None:
    now = timezone.now()
    tracks = {row.track_id for row in rows}
    steps: dict[int, list[NurtureStep]] = {}
    for step in NurtureStep.objects.filter(track__in=tracks, is_active=True).order_by("order", "pk"):
        steps.setdefault(step.track_id, []).append(step)
    taken = [(row, step) for row in rows if (step := _current(row, steps.get(row.track_id, [])))]
    touches = [NurtureTouch(enrolment=row, step=step, due_at=now) for row, step in taken]
    NurtureTouch.objects.bulk_create(touches, ignore_conflicts=True)
    made = NurtureTouch.objects.filter(enrolment__in=[row.pk for row, _ in taken], mail=None)
    known = {(touch.enrolment_id, touch.step_id): touch for touch in made}
    mails = {}
    for row, step in taken:
        touch = known.get((row.pk, step.pk))
        if step.is_mail and touch is not None:
            written = words.write(step, row.lead, words.token(touch))
            mails[touch.pk] = OutboxMail(
                key=key_of(step, row.lead.email_key), kind="nurture", to=row.lead.email, subject=written.subject,
                text=written.text,
                headers={
                    "List-Unsubscribe": f"<{written.unsubscribe}>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
            )  # fmt: skip
    there = set(OutboxMail.objects.filter(key__in=[one.key for one in mails.values()]).values_list("key", flat=True))
    fresh = {pk: one for pk, one in mails.items() if one.key not in there}
    by_key = outbox.post(list(fresh.values())) if fresh else {}
    written = [touch for touch in known.values() if touch.pk in fresh]
    for touch in written:
        touch.mail_id = by_key[fresh[touch.pk].key]
    NurtureTouch.objects.bulk_update(written, ["mail"])
    for row in rows:
        _go_on(row, steps.get(row.track_id, []))
    NurtureEnrolment.objects.bulk_update(rows, ["state", "next_step", "next_due_at", "ended_at"])


def _current(row: NurtureEnrolment, steps: list[NurtureStep]) -> NurtureStep | None:
    """The step that is due; where it was removed meanwhile, the one that took its place."""
    if row.next_step is None:
        return None
    if row.next_step.is_active:
        return row.next_step
    return next((step for step in steps if step.order >= row.next_step.order), None)


def _go_on(row: NurtureEnrolment, steps: list[NurtureStep]) -> None:
    now = timezone.now()
    current = _current(row, steps)
    places = [step.pk for step in steps]
    place = places.index(current.pk) + 1 if current is not None else len(steps)
    if place < len(steps):
        row.next_step = steps[place]
        row.next_due_at = now + datetime.timedelta(days=steps[place].delay_days)
    else:
        row.state, row.next_step, row.next_due_at, row.ended_at = EnrolmentState.FINISHED, None, None, now
