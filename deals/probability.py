"""The evidence-based probability of an open deal: what similar deals came to, times what is known of this one.

    percent = history × learned × dossier × committee × activity × technical, rounded half-up, at most 95

- *history*: of the deals that reached this stage and ended in the last two years, the share that was won, drawn
  towards the stage's default probability by the weight of 20 deals, so that a young pipeline says what its admin
  expects.
- *learned*: what the own won and lost deals teach of a deal like this (deals/winning), once that has proved itself;
  until then 100 %. The version says with which odds such a deal is won, by its facts as they were when it came in; all
  deals it learned from were won with odds of wins ÷ losses. By as much as the former exceed the latter, the odds of
  the history are raised: `odds = history / (1 − history) × learned odds ÷ odds of all`. The factor is what that makes
  of the history, in whole percent of it. So a deal like all others keeps the history of its stage, and what a deal
  was when it came in and how far it got count as independent. A history of 0 % counts as 1 % here, 100 % as 99 %.
- *dossier*: qualified 110 %; in progress 60 % plus 0.4 for every percent known; at risk 70 %; nothing known 50 %;
  disqualified 0 %.
- *committee*: 70 %, plus 10 for each of economic buyer, champion and technical buyer who is for us or neutral; minus
  20 where somebody of high influence, or a blocker, is against us.
- *activity*: something happened within half of what the stage allows 100 %, within it 85 %, within twice 60 %, later
  40 %.
- *technical*: the technical win is won 120 %, pending 100 %, lost 40 %.

Two people who look at the same evidence get the same figure; what is claimed has no part in it. A claim that exceeds
it by more than `settings.HAPPY_EARS_MARGIN` points is *happy ears* (deals/risk.py). The SQL below is the one place
where this is computed; the tests hold it against plain Python. Days are of 24 hours; the factors change at moments
that `next_due_at` knows.
"""

import datetime
import functools
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from deals.models import EvidenceProbability, Opportunity
from deals.models.technical_wins import technical_win_of
from deals.models.winning import WinSettings
from deals.winning.evidence import evidence_of, version_in_use
from deals.winning.reasons import learned_of
from presales import derived
from presales.jobs import nudge
from presales.learning.reasons import Chance, percent
from presales.sql import numbers
from qualification.models import Status

BATCH = 10_000
PRIOR = 20  # deals
YEARS = 2

FRESH = """
WITH deal AS (
    SELECT o.id, o.outcome = 'open' AS is_open, o.last_activity_at AS last,
           s.rotting_days * interval '12 hours' AS half,
           (100 * coalesce(r.won, 0) + %(prior)s * s.probability) * 2 AS numerator,
           (coalesce(r.ended, 0) + %(prior)s) * 2 AS denominator,
           CASE d.status
               WHEN 'qualified' THEN 110
               WHEN 'in_progress' THEN 60 + (4 * d.completeness + 5) / 10
               WHEN 'at_risk' THEN 70
               WHEN 'disqualified' THEN 0
               ELSE 50
           END AS dossier,
           70 + coalesce(people.plus, 0) AS committee,
           CASE t.state WHEN 'won' THEN 120 WHEN 'lost' THEN 40 ELSE 100 END AS technical,
           CASE WHEN o.outcome = 'open' THEN {logit} END AS logit,
           CASE WHEN o.outcome = 'open' THEN {facts} END AS facts
      FROM deals_opportunity o
      JOIN deals_stage s ON s.id = o.stage_id
      LEFT JOIN deals_stagerecord r ON r.stage_id = o.stage_id
      LEFT JOIN qualification_dossierstatus d ON d.dossier_id = o.dossier_id
      LEFT JOIN deals_technicalwin t ON t.opportunity_id = o.id
      LEFT JOIN (
          SELECT opportunity_id,
                 10 * (coalesce(bool_or(role = 'economic_buyer' AND stance IN ('supports', 'neutral')), false)::int
                     + coalesce(bool_or(role = 'champion' AND stance IN ('supports', 'neutral')), false)::int
                     + coalesce(bool_or(role = 'technical_buyer' AND stance IN ('supports', 'neutral')), false)::int)
                 - CASE WHEN bool_or(stance = 'against' AND (influence = 'high' OR role = 'blocker')) THEN 20 ELSE 0 END
                 AS plus
            FROM deals_stakeholder WHERE opportunity_id = ANY(%(ids)s) GROUP BY opportunity_id
      ) people ON people.opportunity_id = o.id
      {joins}
     WHERE o.id = ANY(%(ids)s)
    OFFSET 0
), based AS (
    SELECT *, ((numerator + denominator / 2) / denominator)::int AS history FROM deal OFFSET 0
), learned AS (
    SELECT *, least(greatest(history, 1), 99) AS share FROM based OFFSET 0
), factors AS (
    SELECT id, is_open, dossier, committee, technical, history, logit, facts,
           CASE WHEN logit IS NOT NULL THEN
               round((10000 / (share * (1 + exp(-greatest(-30::float8, least(30::float8,
                   ln(share::float8 / (100 - share)) + logit - %(base)s::float8))))))::numeric)::int
           END AS learned,
           CASE
               WHEN last + half >= %(now)s THEN 100
               WHEN last + half + half >= %(now)s THEN 85
               WHEN last + 4 * half >= %(now)s THEN 60
               ELSE 40
           END AS activity,
           CASE
               WHEN last + half >= %(now)s THEN last + half
               WHEN last + half + half >= %(now)s THEN last + half + half
               WHEN last + 4 * half >= %(now)s THEN last + 4 * half
           END + interval '1 millisecond' AS next_due_at
      FROM learned OFFSET 0
)
SELECT id,
       CASE WHEN is_open THEN
           least((history::bigint * coalesce(learned, 100) * dossier * committee * activity * technical + 5000000000)
                 / 10000000000, 95)::int
       END AS percent,
       CASE WHEN is_open THEN history END AS history, CASE WHEN is_open THEN dossier END AS dossier,
       CASE WHEN is_open THEN committee END AS committee, CASE WHEN is_open THEN activity END AS activity,
       CASE WHEN is_open THEN technical END AS technical, CASE WHEN is_open THEN next_due_at END AS next_due_at,
       learned, logit, facts, CASE WHEN logit IS NOT NULL THEN %(version)s::bigint END AS learned_by
  FROM factors
"""
FIGURES = ["percent", "history", "learned", "dossier", "committee", "activity", "technical"]
LEARNED = ["logit", "facts", "learned_by"]

LOCK = "SELECT FROM deals_evidenceprobability WHERE opportunity_id = ANY(%(ids)s) ORDER BY opportunity_id FOR UPDATE"

COLUMNS = [*FIGURES, *LEARNED, "next_due_at"]
CHANGED = f"""
({", ".join(f"stored.{column}" for column in COLUMNS)}, stored.computed_rev)
IS DISTINCT FROM
({", ".join(f"fresh.{column}" for column in COLUMNS)}, stored.input_rev)
"""

WRITE = f"""
UPDATE deals_evidenceprobability stored
   SET {", ".join(f"{column} = fresh.{column}" for column in COLUMNS)},
       computed_rev = stored.input_rev, computed_at = %(now)s, attempts = 0, set_aside_at = NULL, last_error = ''
  FROM ({{fresh}}) fresh
 WHERE stored.opportunity_id = fresh.id AND stored.opportunity_id = ANY(%(ids)s) AND {CHANGED}
"""  # noqa: S608  no part of it comes from outside

DIFFERENT = f"""
SELECT stored.opportunity_id
  FROM deals_evidenceprobability stored JOIN ({{fresh}}) fresh ON fresh.id = stored.opportunity_id
 WHERE stored.opportunity_id = ANY(%(ids)s) AND {CHANGED} ORDER BY stored.opportunity_id
"""  # noqa: S608

MARK = """
INSERT INTO deals_evidenceprobability AS stored (opportunity_id, input_rev, computed_rev, attempts, last_error)
SELECT id, 1, 0, 0, '' FROM unnest(%(ids)s::bigint[]) AS id ORDER BY id
ON CONFLICT (opportunity_id) DO UPDATE SET input_rev = stored.input_rev + 1, attempts = 0, set_aside_at = NULL
"""

MARK_OPEN = """
INSERT INTO deals_evidenceprobability AS stored (opportunity_id, input_rev, computed_rev, attempts, last_error)
SELECT id, 1, 0, 0, '' FROM deals_opportunity WHERE {column} = ANY(%(ids)s) AND outcome = 'open' ORDER BY id
ON CONFLICT (opportunity_id) DO UPDATE SET input_rev = stored.input_rev + 1, attempts = 0, set_aside_at = NULL
RETURNING opportunity_id
"""

ADD_MISSING = """
INSERT INTO deals_evidenceprobability (opportunity_id, input_rev, computed_rev, attempts, last_error)
SELECT o.id, 1, 0, 0, '' FROM deals_opportunity o
 WHERE NOT EXISTS (SELECT FROM deals_evidenceprobability e WHERE e.opportunity_id = o.id)
ON CONFLICT (opportunity_id) DO NOTHING
"""

# A deal reached a stage when it was in it or in a later one of its pipeline. Stages it passed are in its history, and
# whatever was won passed them all. Of a deal that a file brought nobody knows which stages it passed: won or lost, it
# counts where its history says it was, or else the lost ones would be missing from every later stage.
RECORDS = """
INSERT INTO deals_stagerecord AS stored (stage_id, ended, won, computed_at)
SELECT s.id, count(d.id), count(d.id) FILTER (WHERE d.outcome = 'won'), %(now)s
  FROM deals_stage s
  LEFT JOIN (
      SELECT o.id, o.pipeline_id, o.outcome, max(reached."order") AS furthest,
             o.outcome = 'won' AND o.import_batch_id IS NULL AS passed_all
        FROM deals_opportunity o
        JOIN deals_opportunityevent e ON e.pgh_obj_id = o.id
        JOIN deals_stage reached ON reached.id = e.stage_id AND reached.outcome = 'open'
       WHERE o.outcome IN ('won', 'lost') AND o.closed_on >= %(since)s
       GROUP BY o.id
  ) d ON d.pipeline_id = s.pipeline_id AND (d.furthest >= s."order" OR d.passed_all)
 WHERE s.outcome = 'open'
 GROUP BY s.id
ON CONFLICT (stage_id) DO UPDATE SET ended = excluded.ended, won = excluded.won, computed_at = excluded.computed_at
"""


@dataclass(frozen=True)
class Reason:
    """One factor of the figure, in words."""

    label: str
    text: str
    factor: int | None = None  # percent; None for the first, which is the base
    why: Chance | None = None  # of what was learned: its own reasons


def mark_stale(ids: Iterable[int]) -> None:
    """Note that what the probability of these deals rests on has changed; call it in the changing transaction."""
    ids = sorted(ids)
    with connection.cursor() as cursor:
        cursor.execute(MARK, {"ids": numbers(ids)})
    _wake(ids)


def mark_stale_of_dossiers(dossiers: list[int]) -> None:
    """`mark_stale` for the open deals of these dossiers."""
    _mark_open("dossier_id", dossiers)


def mark_stale_of_companies(companies: list[int]) -> None:
    """`mark_stale` for the open deals of these companies, where what was learned goes by facts of companies."""
    _mark_open("company_id", companies)


def mark_stale_of_leads(leads: list[int]) -> None:
    """`mark_stale` for the open deals that these leads became."""
    _mark_open("lead_id", leads)


def _mark_open(column: str, ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MARK_OPEN.format(column=column), {"ids": numbers(ids)})
        _wake([pk for (pk,) in cursor.fetchall()])


def _wake(ids: list[int]) -> None:
    """Nudge the worker for one deal, whose people look at it now; the sweep takes many."""
    from deals.tasks import derive_probability

    if len(ids) == 1:
        nudge(derive_probability, ids[0])


def derive(ids: list[int], now: datetime.datetime) -> int:
    """Recompute the probability of the deals `ids` as of `now`; how many rows changed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LOCK, {"ids": numbers(ids)})
        return _write(ids, now)


def _write(ids: list[int], now: datetime.datetime) -> int:
    """`derive` in a transaction that holds the rows."""
    version = version_in_use()
    with connection.cursor() as cursor:
        cursor.execute(_with_version(WRITE, version), _parameters(ids, now, version))
        return cursor.rowcount


def fresh(version: int) -> str:
    """The figures as they are to be, with what this version learned."""
    evidence = evidence_of(version)
    return FRESH.format(joins=evidence.joins, logit=evidence.logit, facts=evidence.facts)


def learned_parameters(version: int) -> dict[str, object]:
    """What `fresh` asks for besides the deals and the moment."""
    evidence = evidence_of(version)
    return {"prior": PRIOR, "version": version, "base": evidence.base} | evidence.parameters


@functools.lru_cache(maxsize=8)
def _with_version(statement: str, version: int) -> str:
    """WRITE or DIFFERENT with the fresh figures by this version."""
    return statement.replace("{fresh}", fresh(version))


def sweep_probabilities(now: datetime.datetime) -> int:
    """Compute whatever is missing, stale or due, in batches of their own transactions; how many were looked at."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_MISSING)
    return _follow_version(now) + derived.sweep(EvidenceProbability, _write, now, BATCH)


def _follow_version(now: datetime.datetime) -> int:
    """Where another version was taken into use since, compute every figure by it; how many changed.

    A worker that dies on the way leaves `applied` as it was, so that the next sweep goes over all of them again.
    """
    known = WinSettings.objects.filter(pk=1).values_list("applied", flat=True).first()
    with transaction.atomic():
        version = version_in_use()
    if known is None or known == version:
        return 0
    changed = sum(derive(ids, now) for ids in derived.batches(EvidenceProbability, BATCH))
    with transaction.atomic():
        if version_in_use() == version:
            WinSettings.objects.filter(pk=1).update(applied=version)
    return changed


def repair(now: datetime.datetime) -> int:
    """Once a night: learn anew how deals end, and put right every figure that is wrong; how many were."""
    since = (now - datetime.timedelta(days=round(365.25 * YEARS))).date()
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, {"now": now, "since": since})
        cursor.execute(ADD_MISSING)
    return derived.repair(EvidenceProbability, lambda ids: _wrong(ids, now), lambda ids: derive(ids, now), batch=BATCH)


def _wrong(ids: list[int], now: datetime.datetime) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        version = version_in_use()
        cursor.execute(_with_version(DIFFERENT, version), _parameters(ids, now, version))
        return [pk for (pk,) in cursor.fetchall()]


def _parameters(ids: list[int], now: datetime.datetime, version: int) -> dict[str, object]:
    return {"ids": numbers(ids), "now": now} | learned_parameters(version)


def reasons(opportunity: Opportunity) -> list[Reason]:
    """The figure's factors in words; nothing where there is no figure (yet). No queries where the opportunity came
    with its evidence_probability, technical_win, stage and dossier status."""
    row = getattr(opportunity, "evidence_probability", None)
    if row is None or row.percent is None:
        return []
    status = getattr(opportunity.dossier, "derived", None)
    told = {
        Status.QUALIFIED: "qualified",
        Status.IN_PROGRESS: f"in progress, {status.completeness} % known" if status else "",
        Status.AT_RISK: "at risk: something is stale or negative",
        Status.DISQUALIFIED: "disqualified",
    }
    days = (timezone.now() - opportunity.last_activity_at).days
    when = "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
    lacking = 100 - row.committee
    return [
        Reason("Similar deals", f"{row.history} % of those that reached {opportunity.stage} were won"),
        *_learned(row),
        Reason("Qualification", told.get(status.status if status else None, "nothing is known"), row.dossier),
        Reason("Buying committee", "covered" if lacking <= 0 else "roles missing or against us", row.committee),
        Reason("Activity", f"last {when}", row.activity),
        Reason("Technical win", _technical(opportunity), 100 if row.technical is None else row.technical),
    ]


def _learned(row: EvidenceProbability) -> list[Reason]:
    found = learned_of(row)
    if found is None:
        return []
    text = f"{found.percent} of deals like this are won, {percent(found.wins / found.outcomes)} of all"
    return [Reason("Learned from own deals", text, row.learned, found)]


def _technical(opportunity: Opportunity) -> str:
    decision = technical_win_of(opportunity)
    if decision.decided_on is None:
        return "pending"
    return f"{decision.get_state_display().lower()} on {decision.decided_on:%-d %b %Y}"
