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
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction

from leads.conversion.fields import POINTS, Known
from leads.learning.model import column_of
from leads.learning.table import Column, Kind
from leads.models.leads import LeadStage
from leads.scoring import compile as sql
from leads.scoring.masses import sums
from leads.scoring.rules import Ruleset

# The newest ones; more would not make a difference that anybody could see.
MOST = 100_000
CHUNK = 5_000
SECONDS = 300


@dataclass(frozen=True)
class Outcomes:
    """The table to learn from, with 1 (won) or 0 (lost), the moment, and the lead of each row."""

    table: dict[str, Column]
    won: np.ndarray
    at: list[datetime.datetime]
    lead_ids: list[int]

    def __len__(self) -> int:
        return len(self.lead_ids)


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
def read(fields: list[Known], horizon_days: int, now: datetime.datetime, rules: Ruleset | None = None) -> Outcomes:
    """Every lead whose ending is known, with `fields` as they were then; scored by `rules`, the stored ones if None."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS}s"])
    rules = rules or Ruleset.load()
    of_endings, of_points = ended(horizon_days, now), points(rules)
    asked = [one for one in fields if one.key != POINTS]
    values = "".join(f", {one.sql}" for one in asked)
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
        SELECT s.lead_id, s.won, s.at, {of_points.text}{values}
        FROM s {sql.LEADS_AND_COMPANIES}
    """  # noqa: S608  the parts come from this room's files
    columns: list[list] = [[] for _ in range(4 + len(asked))]
    with connection.cursor() as cursor:
        cursor.execute(query, [*of_endings.parameters, *of_points.parameters])
        while rows := cursor.fetchmany(CHUNK):  # as columns from the start, so that nothing is held twice
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
    leads, won, at, *each = columns
    kinds = {POINTS: Kind.POINTS, **{one.key: one.kind for one in asked}}
    table = {key: column_of(kind, column) for (key, kind), column in zip(kinds.items(), each, strict=True)}
    return Outcomes(table, np.array(won, float), at, leads)


def points(rules: Ruleset) -> sql.Sql:
    """The score by the rules over `s`, `l` and `c`, with masses that are of the day itself."""
    of_fit, of_engagement = sql.fit(rules), sql.exact_engagement(rules, None)
    weight = int(rules.fit_weight)
    rounded = f"floor({of_engagement.text} + {sql.HALF!r}::float8)::int"
    return sql.Sql(
        f"(({weight} * {of_fit.text} + {100 - weight} * {rounded} + 50) / 100)",
        (*of_fit.parameters, *of_engagement.parameters),
    )
