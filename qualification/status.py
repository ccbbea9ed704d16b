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
import re
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from people.models import Team
from presales import derived
from presales.sql import numbers
from qualification import hooks
from qualification.models import DossierStatus

BATCH = 4000

# OFFSET 0 keeps PostgreSQL from copying an expression into every place that uses it. The evidence of a batch is read
# once and hashed. `marks` says what is true of any criterion: 1 not met, 2 not met even if fresh, 4 known, 8 negative;
# the least `rank` is the weakest criterion, lowest level first, then its place in the framework.
FRESH = """
WITH dossier AS (
    SELECT d.id, d.framework_id, d.disqualified_at IS NOT NULL AS disqualified,
           coalesce(p.minimum_budget, 50000) AS minimum, coalesce(p.stale_after_days, 45) + 1 AS days,
           make_interval(months => coalesce(p.timeline_months, 6)) AS horizon,
           (%(today)s + make_interval(months => coalesce(p.timeline_months, 6)))::date AS latest
      FROM qualification_dossier d LEFT JOIN qualification_teampolicy p ON p.team_id = d.team_id
     WHERE {d.id}
    OFFSET 0
), graded AS (
    SELECT d.id, d.disqualified, d.horizon, d.latest, c.id AS criterion, c.position, c.required,
           coalesce(e.level, 0)::int AS raw,
           CASE WHEN c.fact = 2 THEN e.decision_on END AS decision_on,
           CASE WHEN e.level >= 2 THEN e.observed_on + d.days END AS stale_on,
           coalesce(CASE c.fact
               WHEN 1 THEN e.amount >= d.minimum AND e.currency = %(currency)s
               WHEN 2 THEN e.decision_on >= %(today)s AND e.decision_on <= d.latest
               WHEN 3 THEN e.person_name <> ''
               ELSE true
           END, false) AS fact_holds
      FROM dossier d
      LEFT JOIN (
          SELECT id, framework_id, "order" AS position, required_level::int AS required,
                 CASE fact WHEN 'money' THEN 1 WHEN 'date' THEN 2 WHEN 'person' THEN 3 END AS fact
            FROM qualification_criterion OFFSET 0
      ) c ON c.framework_id = d.framework_id
      LEFT JOIN (
          SELECT dossier_id, criterion_id, level, observed_on, amount, currency, decision_on, person_name
            FROM qualification_evidence WHERE {dossier_id} AND superseded_at IS NULL OFFSET 0
      ) e ON e.dossier_id = d.id AND e.criterion_id = c.id
    OFFSET 0
), leveled AS (
    SELECT *, raw - CASE WHEN stale_on <= %(today)s THEN 1 ELSE 0 END AS effective FROM graded
), judged AS (
    SELECT *, effective >= required AND fact_holds AS met, raw >= required AND fact_holds AS met_if_fresh
      FROM leveled OFFSET 0
), summed AS (
    SELECT id, disqualified, sum(required) AS wanted,
           sum(CASE WHEN met THEN required ELSE least(greatest(effective, 0), required - 1) END) AS reached,
           bit_or(CASE WHEN met THEN 0 ELSE 1 END | CASE WHEN met_if_fresh THEN 0 ELSE 2 END
                  | CASE WHEN raw = 0 THEN 0 WHEN raw > 0 THEN 4 ELSE 12 END) AS marks,
           min(((effective + 2)::bigint << 60) | (position::bigint << 44) | criterion) FILTER (WHERE NOT met) AS rank,
           min(stale_on) FILTER (WHERE stale_on > %(today)s) AS next_stale_on,
           min(CASE WHEN decision_on > latest THEN (decision_on - horizon)::date
                    WHEN decision_on >= %(today)s THEN decision_on + 1 END) AS next_decision
      FROM judged GROUP BY id, disqualified OFFSET 0
)
SELECT id,
       CASE
           WHEN disqualified THEN 'disqualified'
           WHEN wanted IS NULL OR marks & 1 = 0 THEN 'qualified'
           WHEN marks & 8 > 0 OR marks & 2 = 0 THEN 'at_risk'
           WHEN marks & 4 = 0 THEN 'unqualified'
           ELSE 'in_progress'
       END AS status,
       coalesce(100 * reached / nullif(wanted, 0), 100)::int AS completeness,
       rank & ((1::bigint << 44) - 1) AS weakest,
       next_stale_on,
       least(next_stale_on, next_decision)::timestamp AT TIME ZONE 'UTC' AS next_due_at
  FROM summed
"""

STATUSES = "SELECT dossier_id, status FROM qualification_dossierstatus WHERE {dossier_id}"

LOCK = "SELECT FROM qualification_dossierstatus WHERE dossier_id = ANY(%(ids)s) ORDER BY dossier_id FOR UPDATE"

CHANGED = """
(stored.status, stored.completeness, stored.weakest_id, stored.next_stale_on, stored.next_due_at, stored.computed_rev)
IS DISTINCT FROM
(fresh.status, fresh.completeness, fresh.weakest, fresh.next_stale_on, fresh.next_due_at, stored.input_rev)
"""

# The ids are named for the stored rows too: left to itself, PostgreSQL may read the whole table each time. Added to
# nothing they are only compared: a batch that is read as a range need not be looked up one by one.
ONLY = "{stored.dossier_id} AND (stored.dossier_id + 0) = ANY(%(ids)s::bigint[])"

WRITE = f"""
UPDATE qualification_dossierstatus stored
   SET status = fresh.status, completeness = fresh.completeness, weakest_id = fresh.weakest,
       next_stale_on = fresh.next_stale_on, next_due_at = fresh.next_due_at,
       computed_rev = stored.input_rev, computed_at = %(now)s, attempts = 0, set_aside_at = NULL, last_error = ''
  FROM ({FRESH}) fresh
 WHERE stored.dossier_id = fresh.id AND {ONLY} AND {CHANGED}
RETURNING stored.dossier_id, stored.status
"""  # noqa: S608  no part of it comes from outside

WRONG = f"""
SELECT stored.dossier_id FROM qualification_dossierstatus stored JOIN ({FRESH}) fresh ON fresh.id = stored.dossier_id
 WHERE {ONLY} AND {CHANGED} ORDER BY stored.dossier_id
"""  # noqa: S608

DIFFERENT = f"""
SELECT stored.dossier_id, stored.status, fresh.status, stored.completeness, fresh.completeness
  FROM qualification_dossierstatus stored JOIN ({FRESH}) fresh ON fresh.id = stored.dossier_id
 WHERE {ONLY}
   AND (stored.status, stored.completeness, stored.weakest_id, stored.next_stale_on)
       IS DISTINCT FROM (fresh.status, fresh.completeness, fresh.weakest, fresh.next_stale_on)
 ORDER BY stored.dossier_id
"""  # noqa: S608


# What is read for the dossiers of a batch: where they stand close together, all from the first to the last, since
# PostgreSQL plans a list of thousands for as long as it then needs to read them.
READ = re.compile(r"\{(\w+(?:\.\w+)?)\}")
LISTED, RANGE = r"\1 = ANY(%(ids)s)", r"\1 BETWEEN %(first)s AND %(last)s"


@cache
def _read_by(statement: str, way: str) -> str:
    return READ.sub(way, statement)


def _ask(cursor: CursorWrapper, statement: str, ids: list[int], now: datetime.datetime) -> list[tuple]:
    """What `statement` gives for the dossiers `ids`, as of `now`."""
    way = RANGE if max(ids) - min(ids) < 2 * len(ids) else LISTED
    cursor.execute(_read_by(statement, way), _parameters(ids, now))
    return cursor.fetchall()


def _parameters(ids: list[int], now: datetime.datetime) -> dict[str, object]:
    today = now.astimezone(datetime.UTC).date()
    return {
        "ids": numbers(ids), "first": min(ids), "last": max(ids), "now": now, "today": today,
        "currency": settings.COMPANY_CURRENCY,
    }  # fmt: skip


def derive(ids: list[int], now: datetime.datetime) -> int:
    """Recompute the statuses of the dossiers `ids` as of `now` and write those that changed; how many.

    Locks the status rows first, so that a change of the evidence waits and marks them stale again afterwards.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK, {"ids": numbers(ids)})
        return _write(ids, now)


def _write(ids: list[int], now: datetime.datetime) -> int:
    """`derive` in a transaction that has locked the status rows by an earlier statement."""
    with connection.cursor() as cursor:
        old = dict(_ask(cursor, STATUSES, ids, now))
        written = _ask(cursor, WRITE, ids, now)
    changed = [(pk, old[pk], new) for pk, new in written if old[pk] != new]
    if changed:
        for hook in hooks.on_status_change:
            hook(changed)
    if written:
        for hook in hooks.on_derived:
            hook([pk for pk, _ in written])
    return len(written)


def sweep_statuses(now: datetime.datetime, batch: int = BATCH) -> int:
    """Derive every stale status, in key order and batches of their own transactions; how many were looked at."""
    return derived.sweep(DossierStatus, _write, now, batch)  # it locks the rows that it takes


def differences(now: datetime.datetime) -> list[str]:
    """Stored statuses that a fresh computation contradicts, in words; empty where all agree."""
    found = []
    for ids in derived.batches(DossierStatus, BATCH):
        with connection.cursor() as cursor:
            found += [
                f"dossier {pk}: stored {old} {old_percent} %, fresh {new} {new_percent} %"
                for pk, old, new, old_percent, new_percent in _ask(cursor, DIFFERENT, ids, now)
            ]
    return found


def repair(now: datetime.datetime) -> int:
    """Recompute every status; how many rows were written. Locks only the rows that turn out to be wrong."""
    return derived.repair(DossierStatus, lambda ids: _wrong(ids, now), lambda ids: derive(ids, now), batch=BATCH)


def _wrong(ids: list[int], now: datetime.datetime) -> list[int]:
    with connection.cursor() as cursor:
        return [pk for (pk,) in _ask(cursor, WRONG, ids, now)]


def mark_team_stale(team: Team) -> int:
    """Mark the dossiers of a team stale, because its policy changed."""
    return DossierStatus.objects.filter(dossier__team=team).mark_stale()


def mark_framework_stale(framework_id: int) -> int:
    """Mark the dossiers of a framework stale, because its criteria changed."""
    return DossierStatus.objects.filter(dossier__framework=framework_id).mark_stale()
