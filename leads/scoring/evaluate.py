"""Fit, exact engagement and logit of a range of leads, from remembered answers: what `compile.fit`,
`compile.exact_engagement` and `Chance.logit` say in SQL.

Fit is whole numbers; the others multiply and add the same figures in the same order as SQL does. So both ways give the
very same scores, and it does not matter which of them wrote one. All that follows from these three is left to SQL.
"""

import datetime
import io

import numpy as np
from django.db import connection

from leads.conversion.compile import Chance, chance_of
from leads.models.scoring import Dimension
from leads.scoring.compile import LEAST_IF_RISING
from leads.scoring.masses import SLOTS, UNIT
from leads.scoring.remembered import Inputs, Question
from leads.scoring.rules import Rule, Ruleset
from presales.learning.as_sql import Term
from presales.sql import Sql

TABLE = "leads_evaluated"


def questions(rules: Ruleset) -> list[Question]:
    """All that `rules` and their version ask of a lead."""
    of_fit = [_condition(rule) for group in rules.of(Dimension.FIT) for rule in group.rules]
    of_engagement = [_mass(rule) for group in rules.of(Dimension.ENGAGEMENT) for rule in group.rules]
    return of_fit + of_engagement + [_asked(term) for term in chance_of(rules.model).terms]


def evaluate(rules: Ruleset, day: datetime.date, leads: Inputs) -> None:
    """Put what `leads` are on `day` into the table TABLE, which ends with this transaction."""
    chance = chance_of(rules.model)
    columns = {"lead_id": leads.ids, "input_rev": leads.revs, "fit": _fit(rules, leads)}
    columns["exact"] = _exact_engagement(rules, day, leads)
    if chance.exists:
        columns["logit"] = _logit(chance, leads)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {TABLE} "
            "(lead_id bigint, input_rev bigint, fit smallint, exact float8, logit float8) ON COMMIT DROP"
        )
        cursor.execute(f"TRUNCATE {TABLE}")
        # The connection's own cursor: COPY is psycopg2's, Django has no word for it.
        cursor.cursor.copy_expert(f"COPY {TABLE} ({', '.join(columns)}) FROM STDIN (FORMAT binary)", _binary(columns))


def _condition(rule: Rule) -> Question:
    text, values = rule.condition()
    return Question(Sql(text, tuple(values)))


def _mass(rule: Rule) -> Question:
    """None for a lead without any engagement."""
    return Question(Sql(f"s.masses[{SLOTS[rule.engagement_kind]}]::float8"), number=True)


def _asked(term: Term) -> Question:
    return Question(Sql(term.asked), number=term.number)


def _fit(rules: Ruleset, leads: Inputs) -> np.ndarray:
    total = np.zeros(len(leads.ids), np.int64)
    for group in rules.of(Dimension.FIT):
        points = np.zeros(len(leads.ids), np.int64)
        for rule in group.rules:
            answers = leads.of(_condition(rule))
            points += np.array([rule.points if holds else 0 for holds in answers.levels], np.int64)[answers.codes]
        total += np.minimum(points, group.ceiling)
    return total.clip(0, 100)


def _exact_engagement(rules: Ruleset, day: datetime.date, leads: Inputs) -> np.ndarray:
    total, idle, worth = np.zeros(len(leads.ids)), np.zeros(len(leads.ids), bool), rules.weight_of(day) / UNIT
    for group in rules.of(Dimension.ENGAGEMENT):
        points = np.zeros(len(leads.ids))
        for rule in group.rules:
            answers = leads.of(_mass(rule))
            points += (float(rule.points) * answers.levels)[answers.codes]
        idle |= np.isnan(points)
        total += np.minimum(points * worth, float(group.ceiling))
    least = LEAST_IF_RISING if rules.may_rise else 0.0
    return np.where(idle, 0.0, np.maximum(least, np.minimum(100.0, total)))


def _logit(chance: Chance, leads: Inputs) -> np.ndarray:
    total = np.full(len(leads.ids), chance.start)
    for term in chance.terms:
        answers = leads.of(_asked(term))
        total += term.worths(answers.levels)[answers.codes]
    return total


# What each column is in COPY's binary form.
_TYPES = {"lead_id": ">i8", "input_rev": ">i8", "fit": ">i2", "exact": ">f8", "logit": ">f8"}


def _binary(columns: dict[str, np.ndarray]) -> io.BytesIO:
    """`columns` as COPY reads them: every value behind its length."""
    parts = [("columns", ">i2")]
    for name in columns:
        parts += [(f"size of {name}", ">i4"), (name, _TYPES[name])]
    rows = np.empty(len(columns["lead_id"]), np.dtype(parts))
    rows["columns"] = len(columns)
    for name, values in columns.items():
        rows[f"size of {name}"] = np.dtype(_TYPES[name]).itemsize
        rows[name] = values
    return io.BytesIO(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")
