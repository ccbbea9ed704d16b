"""What a dossier amounts to: a pure function of its evidence, its team's policy and the day.

The rules, in the order in which they decide:

- *disqualified*: somebody disqualified it.
- *qualified*: every criterion is met (a framework without criteria is met from the start).
- *at risk*: a criterion is known to be negative, or all would be met if stale evidence were still fresh.
- *unqualified*: nothing is known about any criterion.
- *in progress*: everything else.

A criterion is **met** when its effective level reaches the required one and its typed fact holds: an amount of at
least the team's minimum in the company's currency, a decision date from today up to the team's number of months, a
name. Evidence at level 2 or 3 **goes stale** `stale_after_days` after it was observed and then counts one level lower.
Days are UTC days. The SQL below is the one place where this is computed; the tests hold it against plain Python.
"""

import datetime

from django.conf import settings
from django.db import connection, transaction

from people.models import Team
from presales.derived import sweep
from qualification import hooks
from qualification.models import DossierStatus

BATCH = 2000

FRESH = """
WITH graded AS (
    SELECT d.id, d.disqualified_at IS NOT NULL AS disqualified, c.id AS criterion, c."order" AS position,
           c.required_level AS required, e.level AS raw, e.decision_on, c.fact,
           coalesce(p.timeline_months, 6) AS months,
           CASE WHEN e.level >= 2 THEN e.observed_on + coalesce(p.stale_after_days, 45) + 1 END AS stale_on,
           CASE c.fact
               WHEN 'money' THEN e.amount >= coalesce(p.minimum_budget, 50000) AND e.currency = %(currency)s
               WHEN 'date' THEN e.decision_on >= %(today)s
                   AND e.decision_on <= %(today)s + make_interval(months => coalesce(p.timeline_months, 6))
               WHEN 'person' THEN e.person_name <> ''
               ELSE true
           END AS fact_holds
      FROM qualification_dossier d
      LEFT JOIN qualification_teampolicy p ON p.team_id = d.team_id
      LEFT JOIN qualification_criterion c ON c.framework_id = d.framework_id
      LEFT JOIN qualification_evidence e
        ON e.dossier_id = d.id AND e.criterion_id = c.id AND e.superseded_at IS NULL
     WHERE d.id = ANY(%(ids)s)
), leveled AS (
    SELECT *, coalesce(raw, 0) - CASE WHEN stale_on <= %(today)s THEN 1 ELSE 0 END AS effective
      FROM graded
), judged AS (
    SELECT *, coalesce(effective >= required AND fact_holds, false) AS met,
           coalesce(raw >= required AND fact_holds, false) AS met_if_fresh
      FROM leveled
)
SELECT id,
       CASE
           WHEN bool_or(disqualified) THEN 'disqualified'
           WHEN coalesce(bool_and(met) FILTER (WHERE criterion IS NOT NULL), true) THEN 'qualified'
           WHEN bool_or(raw = -1) OR bool_and(met_if_fresh) THEN 'at_risk'
           WHEN bool_and(coalesce(raw, 0) = 0) THEN 'unqualified'
           ELSE 'in_progress'
       END AS status,
       coalesce(floor(100.0 * sum(CASE WHEN met THEN required
                                       ELSE least(greatest(effective, 0), required - 1) END)
                      / nullif(sum(required), 0))::int, 100) AS completeness,
       (array_agg(criterion ORDER BY effective, position, criterion)
           FILTER (WHERE criterion IS NOT NULL AND NOT met))[1] AS weakest,
       min(stale_on) FILTER (WHERE stale_on > %(today)s) AS next_stale_on,
       least(
           min(stale_on) FILTER (WHERE stale_on > %(today)s),
           min(decision_on + 1) FILTER (WHERE fact = 'date' AND decision_on >= %(today)s),
           min((decision_on - make_interval(months => months))::date)
               FILTER (WHERE fact = 'date' AND decision_on > %(today)s + make_interval(months => months))
       )::timestamp AT TIME ZONE 'UTC' AS next_due_at
  FROM judged
 GROUP BY id
"""

WRITE = f"""
UPDATE qualification_dossierstatus stored
   SET status = fresh.status, completeness = fresh.completeness, weakest_id = fresh.weakest,
       next_stale_on = fresh.next_stale_on, next_due_at = fresh.next_due_at,
       computed_rev = stored.input_rev, computed_at = %(now)s, attempts = 0, set_aside_at = NULL, last_error = ''
  FROM ({FRESH}) fresh
  JOIN qualification_dossierstatus old ON old.dossier_id = fresh.id
 WHERE stored.dossier_id = fresh.id
   AND (stored.status, stored.completeness, stored.weakest_id, stored.next_stale_on, stored.next_due_at,
        stored.computed_rev)
       IS DISTINCT FROM
       (fresh.status, fresh.completeness, fresh.weakest, fresh.next_stale_on, fresh.next_due_at, stored.input_rev)
RETURNING stored.dossier_id, old.status, stored.status
"""  # noqa: S608  no part of it comes from outside

DIFFERENT = f"""
SELECT stored.dossier_id, stored.status, fresh.status, stored.completeness, fresh.completeness
  FROM qualification_dossierstatus stored JOIN ({FRESH}) fresh ON fresh.id = stored.dossier_id
 WHERE (stored.status, stored.completeness, stored.weakest_id, stored.next_stale_on)
       IS DISTINCT FROM (fresh.status, fresh.completeness, fresh.weakest, fresh.next_stale_on)
 ORDER BY stored.dossier_id
"""  # noqa: S608


def _parameters(ids: list[int], now: datetime.datetime) -> dict[str, object]:
    today = now.astimezone(datetime.UTC).date()
    return {"ids": ids, "now": now, "today": today, "currency": settings.COMPANY_CURRENCY}


def derive(ids: list[int], now: datetime.datetime) -> int:
    """Recompute the statuses of the dossiers `ids` as of `now` and write those that changed; how many.

    Locks the status rows first, so that a change of the evidence waits and marks them stale again afterwards.
    """
    with transaction.atomic():
        list(DossierStatus.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True))
        with connection.cursor() as cursor:
            cursor.execute(WRITE, _parameters(ids, now))
            written = cursor.fetchall()
        changed = [(pk, old, new) for pk, old, new in written if old != new]
        if changed:
            for hook in hooks.on_status_change:
                hook(changed)
    return len(written)


def sweep_statuses(now: datetime.datetime, batch: int = BATCH) -> int:
    """Derive every stale status, in key order and batches of their own transactions; how many were looked at."""
    return sweep(DossierStatus, derive, now, batch)


def differences(now: datetime.datetime) -> list[str]:
    """Stored statuses that a fresh computation contradicts, in words; empty where all agree."""
    found = []
    for ids in _ranges():
        with connection.cursor() as cursor:
            cursor.execute(DIFFERENT, _parameters(ids, now))
            found += [
                f"dossier {pk}: stored {old} {old_percent} %, fresh {new} {new_percent} %"
                for pk, old, new, old_percent, new_percent in cursor.fetchall()
            ]
    return found


def repair(now: datetime.datetime) -> int:
    """Recompute every status; how many rows were written."""
    return sum(derive(ids, now) for ids in _ranges())


def _ranges() -> list[list[int]]:
    ids = list(DossierStatus.objects.order_by("pk").values_list("pk", flat=True))
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def mark_team_stale(team: Team) -> int:
    """Mark the dossiers of a team stale, because its policy changed."""
    return DossierStatus.objects.filter(dossier__team=team).mark_stale()


def mark_framework_stale(framework_id: int) -> int:
    """Mark the dossiers of a framework stale, because its criteria changed."""
    return DossierStatus.objects.filter(dossier__framework=framework_id).mark_stale()
