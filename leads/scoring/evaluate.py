"""The scores of a range of leads, from remembered answers: what `leads/scoring/compile.py` says in SQL.

Everything is whole numbers, or multiplies and adds the same figures in the same order as SQL does. So both ways give
the very same scores, and it does not matter which of them wrote one. The probability alone is left to SQL: there the
last digit depends on who computes exp().
"""

import datetime
import math

import numpy as np
from django.db import connection

from leads.conversion.compile import Chance, chance_of
from leads.models.scoring import Band, Dimension
from leads.scoring import compile as sql
from leads.scoring.masses import SLOTS, UNIT
from leads.scoring.remembered import Inputs, Question
from leads.scoring.rules import ENGAGEMENT_GRADES, FIT_GRADES, Rule, Ruleset
from presales import binary_copy
from presales.learning.as_sql import Term
from presales.sql import Sql

TABLE = "leads_evaluated"
NEVER = np.iinfo(np.int64).max


def questions(rules: Ruleset) -> list[Question]:
    """All that `rules` and their version ask of a lead."""
    of_fit = [_condition(rule) for group in rules.of(Dimension.FIT) for rule in group.rules]
    of_engagement = [_mass(rule) for group in rules.of(Dimension.ENGAGEMENT) for rule in group.rules]
    return of_fit + of_engagement + [_asked(term) for term in chance_of(rules.model).terms]


def evaluate(rules: Ruleset, day: datetime.date, leads: Inputs) -> np.ndarray:
    """Put the scores of `leads` on `day` into the table TABLE, which ends with this transaction; their totals."""
    weight, chance = int(rules.fit_weight), chance_of(rules.model)
    fit, exact = _fit(rules, leads), _exact_engagement(rules, day, leads)
    engagement = np.floor(exact + sql.HALF).astype(np.int64)
    total = (weight * fit + (100 - weight) * engagement + 50) // 100
    columns = {
        "lead_id": (">i8", leads.ids),
        "input_rev": (">i8", leads.revs),
        "fit": (">i2", fit),
        "engagement": (">i2", engagement),
        "total": (">i2", total),
        "grade": ("S2", _GRADES[_reached(fit, FIT_GRADES), _reached(engagement, ENGAGEMENT_GRADES)]),
        "band": ("S4", _BANDS[_reached(total, (("", rules.hot_from), ("", rules.warm_from)))]),
        "due": (">i8", _due(rules, day, exact, engagement)),
    }
    if chance.exists:
        columns["logit"] = (">f8", _logit(chance, leads))
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {TABLE} (lead_id bigint, input_rev bigint, fit smallint, "
            "engagement smallint, total smallint, grade text, band char(4), due timestamptz, logit float8) "
            "ON COMMIT DROP"
        )
        cursor.execute(f"TRUNCATE {TABLE}")
    binary_copy.fill(TABLE, columns)
    return total


def evaluated(rules: Ruleset) -> str:
    """SQL of the new scores that `evaluate` made."""
    return f"""
        SELECT e.lead_id, e.input_rev, e.fit, e.engagement, e.total, e.grade, e.band::text AS band,
            nullif(e.due, 'infinity') AS next_due_at, e.logit,
            {chance_of(rules.model).probability("e.logit", "e.total")} AS probability
        FROM {TABLE} e
    """  # noqa: S608


# By how many of the levels, from the lowest up, a figure reaches.
_GRADES = np.array([[fit + engagement for engagement in "4321"] for fit in "DCBA"], "S2")
_BANDS = np.array([band.ljust(4) for band in (Band.COLD, Band.WARM, Band.HOT)], "S4")


def _reached(figures: np.ndarray, levels: tuple[tuple[str, int], ...]) -> np.ndarray:
    """How many of the levels each figure reaches."""
    return np.searchsorted([limit for _, limit in reversed(levels)], figures, side="right")


def _due(rules: Ruleset, day: datetime.date, exact: np.ndarray, engagement: np.ndarray) -> np.ndarray:
    """`compile._next_due` in microseconds since 2000, the database's own count; NEVER stands for infinity."""
    if rules.may_rise:
        days, never = np.ones(len(exact)), exact == 0
    else:
        never = engagement == 0
        ratio = np.where(never, 1.0, exact) / np.where(never, 1.0, engagement - sql.HALF)
        halves = rules.half_life_days / math.log(2)
        days = 1 + np.maximum(0, np.floor(halves * np.log(ratio) - 1e-9))
    since = (day - datetime.date(2000, 1, 1)).days
    return np.where(never, NEVER, (since + days.astype(np.int64)) * 86_400_000_000)


def _condition(rule: Rule) -> Question:
    text, values = rule.condition()
    return Question(Sql(text, tuple(values)), "truth")


def _mass(rule: Rule) -> Question:
    """None for a lead without any engagement."""
    return Question(Sql(f"s.masses[{SLOTS[rule.engagement_kind]}]::float8"), "number")


def _asked(term: Term) -> Question:
    return Question(Sql(term.asked), term.kind)


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
    least = sql.LEAST_IF_RISING if rules.may_rise else 0.0
    return np.where(idle, 0.0, np.maximum(least, np.minimum(100.0, total)))


def _logit(chance: Chance, leads: Inputs) -> np.ndarray:
    total = np.full(len(leads.ids), chance.start)
    for term in chance.terms:
        answers = leads.of(_asked(term))
        total += term.worths(answers.levels)[answers.codes]
    return total
