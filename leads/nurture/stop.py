"""Who gets off a track before its end, and which mails are therefore not sent."""

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from leads.models import EnrolmentState, NurtureEnrolment, StopReason
from presales import outbox

# The first that holds is the reason. `o` is the enrolment, `l` its lead.
_WHY = """CASE WHEN l.merged_into_id IS NOT NULL THEN 'merged'
    WHEN EXISTS (SELECT 1 FROM leads_unsubscribed u WHERE u.email_key = l.email_key) THEN 'unsubscribed'
    WHEN l.consent <> 'given' THEN 'consent' WHEN l.email_key = '' THEN 'address'
    WHEN l.stage <> o.stage THEN 'stage'
    WHEN EXISTS (SELECT 1 FROM leads_engagement e WHERE e.lead_id = l.id AND e.kind = 'email_replied'
                  AND e.occurred_at >= o.enrolled_at) THEN 'replied' END"""


def stop_all(lead_ids: Iterable[int] | None = None) -> int:
    """Stop everybody on a track for whom a reason holds, of `lead_ids` or of all; how many."""
    only = "" if lead_ids is None else "AND o.lead_id = ANY(%(leads)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE leads_nurtureenrolment t
               SET state = 'stopped', stop_reason = found.why, ended_at = %(now)s, next_step_id = NULL,
                   next_due_at = NULL
              FROM (SELECT o.id, {_WHY} AS why FROM leads_nurtureenrolment o JOIN leads_lead l ON l.id = o.lead_id
                     WHERE o.state = 'running' {only} FOR UPDATE OF o SKIP LOCKED) found
             WHERE t.id = found.id AND found.why IS NOT NULL
            """,  # noqa: S608
            {"now": timezone.now(), "leads": list(lead_ids or ())},
        )
        return cursor.rowcount


def stop(enrolments: Iterable[int], reason: str) -> int:
    """Stop these enrolments, as far as they run; how many."""
    running = NurtureEnrolment.objects.filter(pk__in=list(enrolments), state=EnrolmentState.RUNNING)
    return running.update(
        state=EnrolmentState.STOPPED, stop_reason=StopReason(reason), ended_at=timezone.now(), next_step=None,
        next_due_at=None,
    )  # fmt: skip


def still_wanted(mails: list[int]) -> set[int]:
    """Those of the mails (by key in the outbox) that may still leave: their reader is on the track, or has finished it.

    Asked right before they are sent, so that nobody who just unsubscribed, replied or moved on gets one more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT touch.mail_id FROM leads_nurturetouch touch
              JOIN leads_nurtureenrolment o ON o.id = touch.enrolment_id JOIN leads_lead l ON l.id = o.lead_id
              JOIN leads_nurturetrack track ON track.id = o.track_id
             WHERE touch.mail_id = ANY(%s) AND o.state <> 'stopped' AND track.state = 'running' AND ({_WHY}) IS NULL
            """,  # noqa: S608
            [mails],
        )
        return {pk for (pk,) in cursor.fetchall()}


outbox.wanted["nurture"] = still_wanted
