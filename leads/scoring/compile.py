"""From rules to SQL: one expression for fit, one for engagement, and the query that makes whole scores of them.

Rounding, so that equal inputs always give equal scores: fit is whole numbers throughout. Engagement is
summed in double precision, group by group in the rules' order, and rounded half up, with SLACK points of grace
for what fixed-point masses round away (an event worth exactly 2.5 counts as 2.5). The total is whole-number
arithmetic on the two rounded figures that people see, rounded half up:
(weight · fit + (100 - weight) · engagement + 50) / 100, without the remainder.

With every score comes the day it may change next by decay alone, so that a nightly run looks at no other row. A
figure x falls to a threshold T after half-life · log2(x / T) days; ceilings only make it fall later.
"""

import datetime
import math

from leads.conversion.compile import Chance, chance_of
from leads.models.scoring import Dimension
from leads.scoring.masses import SLOTS, UNIT
from leads.scoring.rules import ENGAGEMENT_GRADES, FIT_GRADES, Group, Ruleset
from presales.sql import Sql

SLACK = 0.0005
HALF = 0.5 + SLACK
# Where points may be negative, a sum below zero can still rise as it decays, for what was capped stays at its cap.
# Next to nothing then tells it from a lead without any engagement, whose score never changes by itself.
LEAST_IF_RISING = 1e-9


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


def exact_engagement(rules: Ruleset, day: datetime.date | None, masses: str = "s.masses") -> Sql:
    """Engagement 0–100 on `day` over the masses, before rounding; without a day, masses are of the day itself."""
    groups = [_engagement_group(group, masses) for group in rules.of(Dimension.ENGAGEMENT)]
    if not groups:
        return Sql("0::float8")
    worth = repr((rules.weight_of(day) if day else 1.0) / UNIT)
    summed = " + ".join(f"least(({group}) * {worth}::float8, {int(limit)}::float8)" for group, limit in groups)
    least = repr(LEAST_IF_RISING) if rules.may_rise else "0"
    clipped = f"greatest({least}::float8, least(100::float8, {summed}))"
    return Sql(f"CASE WHEN cardinality({masses}) = 0 THEN 0::float8 ELSE {clipped} END")


def _engagement_group(group: Group, masses: str) -> tuple[str, int]:
    terms = (f"{int(rule.points)}::float8 * {masses}[{SLOTS[rule.engagement_kind]}]" for rule in group.rules)
    return " + ".join(terms), group.ceiling


def figures(
    rules: Ruleset, day: datetime.date, source: Sql, keep: tuple[str, ...] = (), chance: Chance | None = None
) -> Sql:
    """The columns `keep` of `source`, a query that also gives `fit` and `exact`, and with them engagement, total,
    grade, band and next_due_at; with a `chance` also the probability, of the column `logit` of `source`.

    OFFSET 0 keeps PostgreSQL from writing each expression out anew wherever its column is used.
    """
    weight = int(rules.fit_weight)
    kept = "".join(f"r.{column}, " for column in keep)
    return Sql(
        f"""
        SELECT {kept} r.engagement, r.total,
            {_grade("r.fit", FIT_GRADES, "D")} || {_grade("r.engagement", ENGAGEMENT_GRADES, "4")} AS grade,
            CASE WHEN r.total >= {int(rules.hot_from)} THEN 'hot'
                 WHEN r.total >= {int(rules.warm_from)} THEN 'warm' ELSE 'cold' END AS band,
            {_next_due(rules, day)} AS next_due_at
            {f", {chance.probability('r.logit', 'r.total')} AS probability" if chance else ""}
        FROM (
            SELECT q.*, ({weight} * q.fit + {100 - weight} * q.engagement + 50) / 100 AS total
            FROM (
                SELECT p.*, floor(p.exact + {HALF!r}::float8)::int AS engagement
                FROM ({source.text} OFFSET 0) p OFFSET 0
            ) q OFFSET 0
        ) r
        """,  # noqa: S608
        source.parameters,
    )


def _grade(column: str, grades: tuple[tuple[str, int], ...], lowest: str) -> str:
    cases = " ".join(f"WHEN {column} >= {int(limit)} THEN '{grade}'" for grade, limit in grades)
    return f"CASE {cases} ELSE '{lowest}' END"


def _next_due(rules: Ruleset, day: datetime.date) -> str:
    """When `r.engagement` may change next without anything happening; NULL for never."""
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp()
    if rules.may_rise:
        days = "1"
    else:
        # A billionth of a day less, so that rounding never makes it late.
        days = (
            f"(1 + greatest(0, floor({rules.half_life_days / math.log(2)!r}::float8 "
            f"* ln(r.exact / (r.engagement - {HALF!r}::float8)) - 1e-9::float8)))"
        )
    never = "r.exact = 0" if rules.may_rise else "r.engagement = 0"
    return f"CASE WHEN {never} THEN NULL ELSE to_timestamp({midnight!r}::float8 + 86400::float8 * {days}) END"


LEADS_AND_COMPANIES = "JOIN leads_lead l ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id"


def full(rules: Ruleset, day: datetime.date, scope: Sql) -> Sql:
    """New scores of the rows in `scope` (over `s`), all rules evaluated."""
    of_fit, of_engagement, chance = fit(rules), exact_engagement(rules, day), chance_of(rules.model)
    source = Sql(
        f"""
        SELECT s.lead_id, s.input_rev, {of_fit.text} AS fit, {of_engagement.text} AS exact,
            {chance.logit.text} AS logit
        FROM leads_leadscore s {LEADS_AND_COMPANIES} WHERE {scope.text}
        """,  # noqa: S608
        (
            *of_fit.parameters,
            *of_engagement.parameters,
            *chance.logit.parameters,
            *scope.parameters,
        ),
    )
    return figures(rules, day, source, ("lead_id", "input_rev", "fit", "logit"), chance)


def decayed(rules: Ruleset, day: datetime.date) -> Sql:
    """`(engagement, total, grade, band, next_due_at, probability)` from the row `t`'s own fit, masses and logit; no fit
    rule is evaluated, nor anything learned but the weight of the points."""
    source = Sql(f"SELECT t.fit, t.logit, {exact_engagement(rules, day, 't.masses').text} AS exact")
    return figures(rules, day, source, chance=chance_of(rules.model))
