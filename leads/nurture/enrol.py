"""Who gets on a track: one statement for each track, whatever the number of leads."""

from django.db import connection
from django.utils import timezone

from leads.models import NurtureTrack, TrackState

MOST = 5000
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
        "team": track.team_id, "quiet": track.quiet_days, "now": timezone.now(), "most": MOST,
    }  # fmt: skip


def would_join(track: NurtureTrack, limit: int = 1001) -> int:
    """How many people the rule of a track (saved or not) finds now, counted up to `limit`."""
    with connection.cursor() as cursor:
        parameters = _parameters(track) | {"limit": limit, "track": track.pk or 0}
        cursor.execute(f"SELECT count(*) FROM (SELECT DISTINCT l.email_key {_WHO} LIMIT %(limit)s) found", parameters)  # noqa: S608
        return cursor.fetchone()[0]


def enrol(track: NurtureTrack) -> int:
    """Put up to MOST people whom the rule finds on the track; how many. Of leads with one address it is the oldest."""
    first = track.steps.filter(is_active=True).first()
    if track.state != TrackState.RUNNING or first is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO leads_nurtureenrolment
                (track_id, lead_id, stage, state, stop_reason, next_step_id, next_due_at, enrolled_at, ended_at)
            SELECT %(track)s, found.id, found.stage, 'running', '', %(step)s,
                   %(now)s + %(days)s * interval '1 day', %(now)s, NULL
              FROM (SELECT DISTINCT ON (l.email_key) l.id, l.stage {_WHO}
                     ORDER BY l.email_key, l.id LIMIT %(most)s) found
            ON CONFLICT DO NOTHING
            """,  # noqa: S608
            _parameters(track) | {"step": first.pk, "days": first.delay_days},
        )
        return cursor.rowcount


def enrol_all() -> int:
    """Enrol for every track that runs, the oldest first; how many people joined one."""
    return sum(enrol(track) for track in NurtureTrack.objects.filter(state=TrackState.RUNNING).order_by("pk"))
