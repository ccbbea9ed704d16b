"""Who gets on a track: one statement for each track and each stretch of leads, whatever their number."""

import time
from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from leads.models import NurtureStep, NurtureTrack, TrackState

# Leads that one statement looks at: enough to cost little each, and few enough to be over in a second or two.
STRETCH = 20_000
# A run ends after so many seconds; the next one goes on, since whoever is on a track is not found again.
SECONDS = 200
# Whom a track may write to at all. `l` is the lead.
REACHABLE = """l.merged_into_id IS NULL AND l.consent = 'given' AND l.email_key <> ''
    AND NOT EXISTS (SELECT 1 FROM leads_unsubscribed u WHERE u.email_key = l.email_key)"""
_WHO = f"""
    FROM leads_lead l JOIN leads_leadscore s ON s.lead_id = l.id
    WHERE {REACHABLE} AND l.created_at <= %(now)s AND l.stage = ANY(%(stages)s)
      AND s.band = ANY(%(bands)s) AND s.computed_rev > 0
      AND (%(sources)s::text[] = '{{}}' OR l.source = ANY(%(sources)s::text[]))
      AND (%(team)s::bigint IS NULL OR l.team_id = %(team)s)
      AND (%(quiet)s = 0 OR l.stage_since <= %(now)s - %(quiet)s * interval '1 day'
           AND NOT EXISTS (SELECT 1 FROM leads_engagement e
                            WHERE e.lead_id = l.id AND e.occurred_at > %(now)s - %(quiet)s * interval '1 day'))
      AND NOT EXISTS (SELECT 1 FROM leads_nurtureenrolment o WHERE o.lead_id = l.id AND o.state = 'running')
      AND NOT EXISTS (SELECT 1 FROM leads_nurtureenrolment o JOIN leads_lead twin ON twin.id = o.lead_id
                       WHERE o.track_id = %(track)s AND twin.email_key = l.email_key)
"""  # noqa: S608


def _parameters(track: NurtureTrack) -> dict[str, object]:
    return {
        "track": track.pk, "stages": list(track.stages), "bands": list(track.bands), "sources": list(track.sources),
        "team": track.team_id, "quiet": track.quiet_days, "now": timezone.now(),
    }  # fmt: skip


def would_join(track: NurtureTrack, limit: int = 1001) -> int:
    """How many people the rule of a track (saved or not) finds now, counted up to `limit`."""
    with connection.cursor() as cursor:
        parameters = _parameters(track) | {"limit": limit, "track": track.pk or 0}
        cursor.execute(f"SELECT count(*) FROM (SELECT DISTINCT l.email_key {_WHO} LIMIT %(limit)s) found", parameters)  # noqa: S608
        return cursor.fetchone()[0]


def enrol(track: NurtureTrack, until: float | None = None) -> int:
    """Put the people whom the rule finds on the track, stretch by stretch, each in a transaction of its own; how many.

    Of leads with one address it is the oldest. After `until` (time.monotonic) it ends with the first stretch in which
    somebody joined, so that every run brings it further.
    """
    first = track.steps.filter(is_active=True).first()
    if track.state != TrackState.RUNNING or first is None:
        return 0
    joined = 0
    for bounds in _stretches():
        joined += _enrol(track, first, bounds)
        if joined and until is not None and time.monotonic() > until:
            break
    return joined


def _stretches() -> Iterator[tuple[int, int]]:
    """First and last id of every stretch of leads, the oldest first."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT min(id), max(id) FROM (SELECT id FROM leads_lead WHERE id > %s ORDER BY id LIMIT %s) stretch",
                [after, STRETCH],
            )
            first, last = cursor.fetchone()
        if last is None:
            return
        yield first, last
        after = last


def _enrol(track: NurtureTrack, first: NurtureStep, bounds: tuple[int, int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO leads_nurtureenrolment
                (track_id, lead_id, stage, state, stop_reason, next_step_id, next_due_at, enrolled_at, ended_at)
            SELECT %(track)s, found.id, found.stage, 'running', '', %(step)s,
                   %(now)s + %(days)s * interval '1 day', %(now)s, NULL
              FROM (SELECT DISTINCT ON (l.email_key) l.id, l.stage {_WHO}
                       AND l.id BETWEEN %(lowest)s AND %(highest)s AND s.lead_id BETWEEN %(lowest)s AND %(highest)s
                     ORDER BY l.email_key, l.id) found
            ON CONFLICT DO NOTHING
            """,  # noqa: S608
            _parameters(track)
            | {"step": first.pk, "days": first.delay_days, "lowest": bounds[0], "highest": bounds[1]},
        )
        return cursor.rowcount


def enrol_all() -> int:
    """Enrol for every track that runs, the oldest first; how many people joined one."""
    until = time.monotonic() + SECONDS
    tracks = NurtureTrack.objects.filter(state=TrackState.RUNNING).order_by("pk")
    return sum(enrol(track, until) for track in tracks)
