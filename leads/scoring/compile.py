"""From rules to SQL: one expression for fit, one for engagement, and the query that makes whole scores of them.

Rounding, so that equal inputs always give equal scores: fit is whole numbers throughout. Engagement is
summed in double precision, group by group in the rules' order, and rounded half up, with SLACK points of grace
for what fixed-point masses round away (an event worth exactly 2.5 counts as 2.5). The total is whole-number
arithmetic on the two rounded figures that people see, rounded half up:
(weight · fit + (100 - weight) · engagement + 50) / 100, without the remainder.
"""

import datetime
from dataclasses import dataclass

from leads.models.scoring import Dimension
from leads.scoring.masses import SLOTS, UNIT
from leads.scoring.rules import ENGAGEMENT_GRADES, FIT_GRADES, Group, Ruleset

SLACK = 0.0005


@dataclass(frozen=True)
class Sql:
    """A piece of SQL with its parameters, in order. The text is made in this package only."""

    text: str
    parameters: tuple[object, ...] = ()


def fit(rules: Ruleset) -> Sql:
    """Fit 0–100 over `l` and `c`."""
    groups, parameters = [], []
    for group in rules.of(Dimension.FIT):
        terms = []
        for rule in group.rules:
            text, values = rule.condition()
            terms.append(f"CASE WHEN {text} THEN {int(rule.points)} ELSE 0 END")
            parameters += values
        groups.append(f"least({' + '.join(terms)}, {int(group.ceiling)})")
    return Sql(f"greatest(0, least(100, {' + '.join(groups) or '0'}))", tuple(parameters))


def engagement(rules: Ruleset, day: datetime.date, masses: str = "s.masses") -> Sql:
    """Engagement 0–100 on `day` over the array of masses."""
    groups = [_engagement_group(group, masses) for group in rules.of(Dimension.ENGAGEMENT)]
    if not groups:
        return Sql("0")
    worth = repr(rules.weight_of(day) / UNIT)
    summed = " + ".join(f"least(({group}) * {worth}::float8, {int(limit)}::float8)" for group, limit in groups)
    exact = f"greatest(0::float8, least(100::float8, {summed}))"
    text = f"CASE WHEN cardinality({masses}) = 0 THEN 0 ELSE floor({exact} + {0.5 + SLACK!r}::float8)::int END"
    return Sql(text)


def _engagement_group(group: Group, masses: str) -> tuple[str, int]:
    terms = (f"{int(rule.points)}::float8 * {masses}[{SLOTS[rule.engagement_kind]}]" for rule in group.rules)
    return " + ".join(terms), group.ceiling


def scores(rules: Ruleset, source: Sql) -> Sql:
    """Complete `source`, a query giving fit and engagement (and what else it likes), with total, grade and band.

    OFFSET 0 keeps PostgreSQL from writing each expression out anew wherever its column is used.
    """
    weight = int(rules.fit_weight)
    total = f"({weight} * q.fit + {100 - weight} * q.engagement + 50) / 100"
    return Sql(
        f"""
        SELECT r.*, {_grade("r.fit", FIT_GRADES, "D")} || {_grade("r.engagement", ENGAGEMENT_GRADES, "4")} AS grade,
            CASE WHEN r.total >= {int(rules.hot_from)} THEN 'hot'
                 WHEN r.total >= {int(rules.warm_from)} THEN 'warm' ELSE 'cold' END AS band
        FROM (SELECT q.*, {total} AS total FROM ({source.text} OFFSET 0) q OFFSET 0) r
        """,  # noqa: S608
        source.parameters,
    )


def _grade(column: str, grades: tuple[tuple[str, int], ...], lowest: str) -> str:
    cases = " ".join(f"WHEN {column} >= {int(limit)} THEN '{grade}'" for grade, limit in grades)
    return f"CASE {cases} ELSE '{lowest}' END"


LEADS_AND_COMPANIES = "JOIN leads_lead l ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id"


# What was stored, beside what is new; the writer leaves rows alone that stay as they are.
STORED = """
    s.lead_id, s.input_rev, s.computed_rev AS old_rev, s.fit AS old_fit, s.engagement AS old_engagement,
    s.total AS old_total, s.grade AS old_grade, s.band AS old_band
"""


def full(rules: Ruleset, day: datetime.date, scope: Sql) -> Sql:
    """New scores beside the stored ones of the rows in `scope` (over `s`), all rules evaluated."""
    of_fit, of_engagement = fit(rules), engagement(rules, day)
    source = Sql(
        f"""
        SELECT {STORED}, s.input_rev AS new_rev, {of_fit.text} AS fit, {of_engagement.text} AS engagement
        FROM leads_leadscore s {LEADS_AND_COMPANIES} WHERE {scope.text}
        """,  # noqa: S608
        (*of_fit.parameters, *of_engagement.parameters, *scope.parameters),
    )
    return scores(rules, source)


def decayed(rules: Ruleset, day: datetime.date, scope: Sql) -> Sql:
    """The same from each row's own fit and masses alone, no fit rule evaluated: what time does to a score.

    A row that waits for its inputs to be evaluated goes on waiting.
    """
    of_engagement = engagement(rules, day)
    source = Sql(
        f"""
        SELECT {STORED}, s.computed_rev AS new_rev, s.fit, {of_engagement.text} AS engagement
        FROM leads_leadscore s WHERE {scope.text}
        """,  # noqa: S608
        (*of_engagement.parameters, *scope.parameters),
    )
    return scores(rules, source)
