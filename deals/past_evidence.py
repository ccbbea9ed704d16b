"""What the evidence said of deals, and what put them at risk, when a past day was over.

The probability, the dossier's status and the risks are pure functions of the data, and each is written down once: in
`deals/probability.py`, `qualification/status.py` and `deals/risk.py`. Here the same SQL is asked of the past. In front
of it stands, for every table that it reads, a query of the same name that gives the rows as they were at that moment:
dated rows by their days, others by their history. So a rule that changes there is changed here with it.

Judged is by the rules of now: what a framework demands, when evidence goes stale, the margin of happy ears. Stages had
the default probability and the rotting days of the day, and the record of wins that the nightly job had learned by
then; what was learned of deals is that of the version in use on the day. The last activity is that of the deal where
it is older than the moment, else the newest before it that `FormerActivity` knows.
"""

import datetime
import functools
import re

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from deals import probability, risk
from deals.winning.evidence import version_at
from qualification import status

COLUMNS = (
    "id", "outcome", "stage_id", "dossier_id", "close_date", "claimed_probability", "next_step", "next_step_on",
    "created_at",
)  # fmt: skip
"""What has to be among the values of the rows, which are states of deals."""

OF_IDS = re.compile(r"[\w.]+ = ANY\(%\(ids\)s\)")
ALL_OF_THEM = "TRUE"


def _latest(table: str, columns: str, of: str) -> str:
    """Each record as its history told last before the moment, of the deals alone; what was removed is not there."""
    return (
        f"SELECT * FROM (SELECT DISTINCT ON (pgh_obj_id) pgh_label, {columns} FROM {table} "  # noqa: S608
        f"WHERE {of} AND pgh_created_at < %(moment)s ORDER BY pgh_obj_id, pgh_id DESC) AS told "
        "WHERE pgh_label <> 'delete'"
    )


_MINE = "opportunity_id IN (SELECT id FROM state)"
_STATUS = status.READ.sub(ALL_OF_THEM, status.FRESH).replace("%(today)s", "%(day)s::date")

THEN = f"""
WITH state AS MATERIALIZED ({{deals}}),
deals_stage AS MATERIALIZED (
    SELECT now.id, coalesce(told.probability, now.probability) AS probability,
           coalesce(told.rotting_days, now.rotting_days) AS rotting_days
      FROM deals_stage now
      LEFT JOIN LATERAL (SELECT probability, rotting_days FROM deals_stageevent
                          WHERE pgh_obj_id = now.id AND pgh_created_at < %(moment)s
                          ORDER BY pgh_id DESC LIMIT 1) told ON TRUE
), deals_stagerecord AS (
    SELECT DISTINCT ON (stage_id) stage_id, ended, won FROM deals_stagerecordevent
     WHERE pgh_created_at < %(moment)s ORDER BY stage_id, pgh_id DESC
), qualification_evidence AS (
    SELECT dossier_id, criterion_id, level, observed_on, amount, currency, decision_on, person_name,
           NULL::timestamptz AS superseded_at
      FROM qualification_evidence
     WHERE dossier_id IN (SELECT dossier_id FROM state) AND recorded_at < %(moment)s
       AND (superseded_at IS NULL OR superseded_at >= %(moment)s)
), qualification_dossier AS (
    SELECT now.id, now.framework_id, now.team_id,
           CASE WHEN told.known IS NULL THEN CASE WHEN now.disqualified_at < %(moment)s THEN now.disqualified_at END
                ELSE told.disqualified_at END AS disqualified_at
      FROM qualification_dossier now
      LEFT JOIN (SELECT DISTINCT ON (pgh_obj_id) pgh_obj_id, pgh_id AS known, disqualified_at
                   FROM qualification_dossierevent
                  WHERE pgh_obj_id IN (SELECT dossier_id FROM state) AND pgh_created_at < %(moment)s
                  ORDER BY pgh_obj_id, pgh_id DESC) told ON told.pgh_obj_id = now.id
     WHERE now.id IN (SELECT dossier_id FROM state)
), qualification_dossierstatus AS MATERIALIZED (
    SELECT id AS dossier_id, status, completeness FROM ({_STATUS}) AS fresh
), deals_technicalwin AS (
    {_latest("deals_technicalwinevent", "opportunity_id, state", _MINE)}
), deals_stakeholder AS (
    {_latest("deals_stakeholderevent", "opportunity_id, role, stance, influence", _MINE)}
), deals_opportunity AS MATERIALIZED (
    SELECT state.id, state.outcome, state.stage_id, state.dossier_id,
           now.created_at, now.company_id, now.lead_id, now.pipeline_id,
           CASE WHEN now.last_activity_at < %(moment)s THEN now.last_activity_at
                ELSE greatest((SELECT max(former.at) FROM deals_formeractivity former
                                WHERE former.opportunity_id = state.id AND former.at < %(moment)s), state.created_at)
           END AS last_activity_at
      FROM state JOIN deals_opportunity now ON now.id = state.id
), pushed AS (
    SELECT pgh_obj_id AS id, count(*) AS pushes
      FROM (SELECT pgh_obj_id, close_date, lag(close_date) OVER (PARTITION BY pgh_obj_id ORDER BY pgh_id) AS before
              FROM deals_opportunityevent
             WHERE pgh_obj_id IN (SELECT id FROM state) AND pgh_created_at < %(moment)s AND close_date IS NOT NULL
           ) AS dates
     WHERE close_date > before GROUP BY pgh_obj_id
), fact AS (
    SELECT state.*, evidence.percent AS evidence, coalesce(state.claimed_probability, stage.probability) AS claim,
           stage.probability AS default_now, stage.rotting_days, now.last_activity_at AS last_activity,
           dossier.status, coalesce(pushed.pushes, 0) AS pushes
      FROM state
      JOIN deals_stage stage ON stage.id = state.stage_id
      JOIN deals_opportunity now ON now.id = state.id
      LEFT JOIN ({{probability}}) AS evidence ON evidence.id = state.id
      LEFT JOIN qualification_dossierstatus dossier ON dossier.dossier_id = state.dossier_id
      LEFT JOIN pushed ON pushed.id = state.id
), told AS (
    SELECT fact.*, CASE WHEN outcome = 'open' THEN {{risks}} ELSE 0 END AS risks FROM fact
)
"""  # noqa: S608  our own text


@functools.lru_cache(maxsize=4)
def _probability(version: int) -> str:
    return OF_IDS.sub(ALL_OF_THEM, probability.fresh(version)).replace("%(now)s", "%(moment)s::timestamptz")


PLACES = {
    "close_date": "close_date", "status": "status", "claimed": "claim", "default": "claim", "evidence": "evidence",
    "last_activity": "last_activity", "rotting_days": "rotting_days", "pushes": "pushes", "step": "next_step",
    "step_on": "next_step_on", "today": "%(day)s::date", "now": "%(moment)s::timestamptz", "margin": "%(margin)s",
}  # fmt: skip


def told_at(states: QuerySet, moment: datetime.datetime, day: datetime.date, question: str) -> tuple[str, dict]:
    """A statement and its parameters: `question` asked of `told`, which are `states` with `evidence` (percent), `claim`
    and `risks`, as they were at `moment`, with which `day` was over.

    Raises:
        EmptyResultSet: there can be no state at all.
    """
    text, values = states.query.sql_with_params()
    names = [f"state_{place}" for place in range(len(values))]
    deals = text.replace("%%", "%%%%") % tuple(f"%({name})s" for name in names)
    parameters = dict(zip(names, values, strict=True)) | {
        "moment": moment, "day": day, "margin": settings.HAPPY_EARS_MARGIN, "currency": settings.COMPANY_CURRENCY,
    }  # fmt: skip
    version = version_at(moment)
    parameters |= probability.learned_parameters(version)
    risks = risk.WEIGHED_BY_NAME.format(**PLACES)
    then = THEN.replace("{probability}", _probability(version)).replace("{deals}", deals).replace("{risks}", risks)
    return then + question, parameters


def ask(
    states: QuerySet, moment: datetime.datetime, day: datetime.date, question: str, few: bool = False
) -> list[tuple]:
    """The rows of `told_at`; none where there can be no state. With `few`, there are not more than a page of states."""
    try:
        statement, parameters = told_at(states, moment, day, question)
    except EmptyResultSet:
        return []
    # Of what a WITH gives PostgreSQL knows no number, takes it for small, and would look through one for each row of
    # another. Hashed, everything is read once; for a page of deals the indexes are the better way. Sent together, the
    # two are one transaction, and what is set for it ends with it.
    way = "" if few else "SET LOCAL enable_nestloop = off; "
    with connection.cursor() as cursor:
        cursor.execute(way + statement, parameters)
        return cursor.fetchall()


def among(states: QuerySet, moment: datetime.datetime, day: datetime.date, condition: str) -> RawSQL:
    """The ids of those of `states` that meet `condition`, for a filter to ask for."""
    rows = ask(states, moment, day, f"SELECT id FROM told WHERE {condition}")  # noqa: S608  our own text
    return RawSQL("SELECT unnest(%s::bigint[])", [[pk for (pk,) in rows]])
