"""Leads whose ending is known, each as it was then: what training learns from.

| ending | when | at |
| --- | --- | --- |
| won | converted | `converted_at` |
| lost | disqualified | `stage_since` |
| lost | neither, and older than the horizon | the end of the horizon |

Merged leads are left out, and so is everybody who is still within the horizon: it is too early to say. Engagement
counts as it stood when the outcome came: later events know it already, and decay since then says nothing.
"""

import datetime

from django.db import connection, transaction

from leads.models.leads import LeadStage
from leads.scoring import compile as sql
from leads.scoring.masses import sums
from leads.scoring.rules import Ruleset
from presales.learning import endings
from presales.learning.endings import MOST, Endings
from presales.learning.fields import POINTS, Known


def ended(horizon_days: int, now: datetime.datetime) -> sql.Sql:
    """SQL of `(lead_id, won, at)`, the newest MOST endings."""
    known = _known(horizon_days, now)
    return sql.Sql(
        f"""
        SELECT id AS lead_id, won, at FROM (
            SELECT id, stage = %s AS won,
                CASE stage WHEN %s THEN converted_at WHEN %s THEN stage_since
                     ELSE created_at + %s * interval '1 day' END AS at
            FROM leads_lead WHERE {known.text}
        ) every ORDER BY at DESC, id LIMIT %s
        """,  # noqa: S608
        (LeadStage.CONVERTED, LeadStage.CONVERTED, LeadStage.DISQUALIFIED, horizon_days, *known.parameters, MOST),
    )


def _known(horizon_days: int, now: datetime.datetime) -> sql.Sql:
    horizon = now - datetime.timedelta(days=horizon_days)
    return sql.Sql(
        "merged_into_id IS NULL AND (stage IN (%s, %s) OR created_at < %s)",
        (LeadStage.CONVERTED, LeadStage.DISQUALIFIED, horizon),
    )


def count(horizon_days: int, now: datetime.datetime) -> int:
    """How many endings are known, at most MOST."""
    known = _known(horizon_days, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM leads_lead WHERE {known.text} LIMIT %s) o",  # noqa: S608
            [*known.parameters, MOST],
        )
        return cursor.fetchone()[0]


@transaction.atomic
def read(fields: list[Known], horizon_days: int, now: datetime.datetime, rules: Ruleset | None = None) -> Endings:
    """Every lead whose ending is known, with `fields` as they were then; scored by `rules`, the stored ones if None."""
    rules = rules or Ruleset.load()
    of_endings, of_points = ended(horizon_days, now), points(rules)
    values = "".join(f", {one.sql}" for one in fields if one.key != POINTS)
    summed = sums("e", "(o.at AT TIME ZONE 'UTC')::date", str(int(rules.half_life_days)))
    query = f"""
        WITH o AS MATERIALIZED ({of_endings.text}),
        s AS MATERIALIZED (
            SELECT o.lead_id, o.won, o.at, coalesce(f.masses, '{{}}') AS masses
            FROM o LEFT JOIN (
                SELECT e.lead_id, {summed} AS masses
                FROM o JOIN leads_engagement e ON e.lead_id = o.lead_id AND e.occurred_at < o.at
                GROUP BY e.lead_id
            ) f ON f.lead_id = o.lead_id
        )
        SELECT s.lead_id, s.won, s.at, extract(epoch FROM s.at - l.created_at) / 86400, {of_points.text}{values}
        FROM s {sql.LEADS_AND_COMPANIES}
    """  # noqa: S608  the parts come from this room's files
    asked = sql.Sql(query, (*of_endings.parameters, *of_points.parameters))
    return endings.read(asked, fields, with_points=True)


def points(rules: Ruleset) -> sql.Sql:
    """The score by the rules over `s`, `l` and `c`, with masses that are of the day itself."""
    of_fit, of_engagement = sql.fit(rules), sql.exact_engagement(rules, None)
    weight = int(rules.fit_weight)
    rounded = f"floor({of_engagement.text} + {sql.HALF!r}::float8)::int"
    return sql.Sql(
        f"(({weight} * {of_fit.text} + {100 - weight} * {rounded} + 50) / 100)",
        (*of_fit.parameters, *of_engagement.parameters),
    )
