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

# The states with what of the deals never changes, their last activity and how often their closing had been put off.
ASKED = """
SELECT deal.*, now.created_at AS now_created_at, now.company_id AS now_company_id, now.lead_id AS now_lead_id,
       now.pipeline_id AS now_pipeline_id,
       CASE WHEN now.last_activity_at < %(moment)s THEN now.last_activity_at
            ELSE greatest((SELECT max(former.at) FROM deals_formeractivity former
                            WHERE former.opportunity_id = deal.id AND former.at < %(moment)s), deal.created_at)
       END AS last_activity
  FROM ({deals}) AS deal JOIN deals_opportunity now ON now.id = deal.id
"""
PUSHES = """
(SELECT count(*) FROM (SELECT close_date, lag(close_date) OVER (ORDER BY pgh_id) AS before
                         FROM deals_opportunityevent
                        WHERE pgh_obj_id = state.id AND pgh_created_at < %(moment)s AND close_date IS NOT NULL) AS dates
  WHERE close_date > before)
"""
STAGES = """
WITH deals_stage AS MATERIALIZED (
    SELECT now.id, coalesce(told.probability, now.probability) AS probability,
           coalesce(told.rotting_days, now.rotting_days) AS rotting_days
      FROM deals_stage now
      LEFT JOIN LATERAL (SELECT probability, rotting_days FROM deals_stageevent
                          WHERE pgh_obj_id = now.id AND pgh_created_at < %(moment)s
                          ORDER BY pgh_id DESC LIMIT 1) told ON TRUE
)
"""
ALL = f"{STAGES}, state AS MATERIALIZED ({ASKED})"
# Where only those at risk are wanted, the evidence is asked of no deal that something else puts at risk already.
UNSETTLED = f"""{STAGES}, asked AS MATERIALIZED (
    SELECT state.*, {{by_itself}} AS settled
      FROM (SELECT deal.*, stage.rotting_days FROM ({ASKED} OFFSET 0) AS deal
              JOIN deals_stage stage ON stage.id = deal.stage_id OFFSET 0) AS state
), state AS MATERIALIZED (SELECT * FROM asked WHERE settled IS NOT TRUE)
"""  # noqa: S608  our own text
THEN = f"""
, deals_stagerecord AS (
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
      FROM state JOIN qualification_dossier now ON now.id = state.dossier_id  -- a deal has one, which is no other's
      LEFT JOIN (SELECT DISTINCT ON (pgh_obj_id) pgh_obj_id, pgh_id AS known, disqualified_at
                   FROM qualification_dossierevent
                  WHERE pgh_obj_id IN (SELECT dossier_id FROM state) AND pgh_created_at < %(moment)s
                  ORDER BY pgh_obj_id, pgh_id DESC) told ON told.pgh_obj_id = now.id
), qualification_dossierstatus AS MATERIALIZED (
    SELECT id AS dossier_id, status, completeness FROM ({_STATUS}) AS fresh
), deals_technicalwin AS (
    {_latest("deals_technicalwinevent", "opportunity_id, state", _MINE)}
), deals_stakeholder AS (
    {_latest("deals_stakeholderevent", "opportunity_id, role, stance, influence", _MINE)}
), deals_opportunity AS (
    SELECT id, outcome, stage_id, dossier_id, now_created_at AS created_at, now_company_id AS company_id,
           now_lead_id AS lead_id, now_pipeline_id AS pipeline_id, last_activity AS last_activity_at
      FROM state
), fact AS (
    SELECT state.*, evidence.percent AS evidence, coalesce(state.claimed_probability, stage.probability) AS claim,
           stage.probability AS default_now, stage.rotting_days AS rotting
      FROM state
      JOIN deals_stage stage ON stage.id = state.stage_id
      LEFT JOIN ({{probability}}) AS evidence ON evidence.id = state.id
)
"""  # noqa: S608  our own text
EVIDENCE_ALONE = ", told AS (SELECT * FROM fact)"
WITH_RISKS = f"""
, told AS (
    SELECT state.*, CASE WHEN outcome = 'open' THEN {{risks}} ELSE 0 END AS risks
      FROM (SELECT state.*, dossier.status, {PUSHES} AS pushes
              FROM fact AS state
              LEFT JOIN qualification_dossierstatus dossier ON dossier.dossier_id = state.dossier_id) AS state
)
"""  # noqa: S608  our own text
RISKY = "(SELECT {columns} FROM asked WHERE settled UNION ALL SELECT {columns} FROM told WHERE risks > 0) AS risky"
"""Those of the open states that carry a risk, with these columns."""


@functools.lru_cache(maxsize=4)
def _probability(version: int) -> str:
    return OF_IDS.sub(ALL_OF_THEM, probability.fresh(version)).replace("%(now)s", "%(moment)s::timestamptz")


PLACES = {
    "close_date": "close_date", "status": "status", "claimed": "claim", "default": "claim", "evidence": "evidence",
    "last_activity": "last_activity", "rotting_days": "rotting", "pushes": "pushes", "step": "next_step",
    "step_on": "next_step_on", "today": "%(day)s::date", "now": "%(moment)s::timestamptz", "margin": "%(margin)s",
}  # fmt: skip
RISKS = risk.WEIGHED_BY_NAME.format(**PLACES)
# What is dear to find out comes last: it is asked only where the others say no.
BY_ITSELF = " OR ".join(
    f"({risk.CONDITIONS[name].format(**PLACES | {'rotting_days': 'rotting_days', 'pushes': PUSHES})})"
    for name in ("close_past", "is_rotting", "step_missing", "pushed_often")
)
"""What puts an open deal at risk whatever its evidence says."""


def told_at(
    states: QuerySet,
    moment: datetime.datetime,
    day: datetime.date,
    question: str,
    risks: bool = True,
    unsettled: bool = False,
) -> tuple[str, dict]:
    """A statement and its parameters: `question` asked of `told`, which are `states` with `evidence` (percent), `claim`
    and, if they are wanted, `risks`, as they were at `moment`, with which `day` was over.

    With `unsettled`, all of the states are open and the question is asked of RISKY.

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
    first = UNSETTLED.replace("{by_itself}", BY_ITSELF) if unsettled else ALL
    then = THEN.replace("{probability}", _probability(version))
    then += WITH_RISKS.replace("{risks}", RISKS) if risks else EVIDENCE_ALONE
    return first.replace("{deals}", deals) + then + question, parameters


def ask(
    states: QuerySet,
    moment: datetime.datetime,
    day: datetime.date,
    question: str,
    few: bool = False,
    risks: bool = True,
    unsettled: bool = False,
) -> list[tuple]:
    """The rows of `told_at`; none where there can be no state. With `few`, there are not more than a page of states."""
    try:
        statement, parameters = told_at(states, moment, day, question, risks, unsettled)
    except EmptyResultSet:
        return []
    # Of what a WITH gives PostgreSQL knows no number, takes it for small, and would look through one for each row of
    # another. Hashed, everything is read once, and with room for it nothing is written to disk on the way; for a page
    # of deals the indexes are the better way. Sent together, these are one transaction, and what is set for it ends
    # with it.
    way = "" if few else "SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '128MB'; "
    with connection.cursor() as cursor:
        cursor.execute(way + statement, parameters)
        return cursor.fetchall()


def at_risk(
    states: QuerySet, moment: datetime.datetime, day: datetime.date, question: str, columns: str = "id"
) -> list[tuple]:
    """The rows of `question`, in which `{risky}` stands for those of the open `states` that carried a risk."""
    risky = RISKY.replace("{columns}", columns)
    return ask(states, moment, day, question.replace("{risky}", risky), unsettled=True)


def among(states: QuerySet, moment: datetime.datetime, day: datetime.date, condition: str) -> RawSQL:
    """The ids of those of `states` whose claim and evidence meet `condition`, for a filter to ask for."""
    question = f"SELECT id FROM told WHERE {condition}"  # noqa: S608  our own text
    return ids_of(ask(states, moment, day, question, risks=False))


def ids_of(rows: list[tuple]) -> RawSQL:
    """The ids that `rows` begin with, for a filter to ask for."""
    return RawSQL("SELECT unnest(%s::bigint[])", [[row[0] for row in rows]])
