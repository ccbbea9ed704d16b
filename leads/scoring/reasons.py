"""Why a lead has the score it has: every rule's part in it, in words and points.

The points of all lines of a dimension, what ceilings and limits took off included, add up to its exact figure,
which the score then rounds.
"""

import datetime
import math
from dataclasses import dataclass, field

from django.db import connection

from leads.conversion.reasons import explain, question
from leads.models import Lead
from leads.models.engagements import EngagementKind
from leads.models.scoring import Band, Dimension, ScoringRule
from leads.scoring import engine, fields
from leads.scoring.compile import SLACK
from leads.scoring.masses import SLOTS, UNIT
from leads.scoring.rules import Group, Rule, Ruleset
from presales.learning.reasons import Chance

# Values of a condition that are named; the rule editor has them all.
LISTED = 4


@dataclass
class Line:
    """One rule's part. `detail` says what it looks at."""

    name: str
    points: float
    detail: str = ""


@dataclass
class GroupPart:
    """What one group gave: its lines, and what its ceiling cut off (0 or negative)."""

    name: str
    ceiling: int
    lines: list[Line] = field(default_factory=list)
    cut: float = 0

    @property
    def points(self) -> float:
        """What is left after the ceiling."""
        return sum(line.points for line in self.lines) + self.cut


@dataclass
class Part:
    """Fit or engagement: its groups, and what keeping it within 0–100 added or took."""

    label: str
    groups: list[GroupPart] = field(default_factory=list)
    limit: float = 0

    @property
    def exact(self) -> float:
        """The figure before rounding."""
        return sum(group.points for group in self.groups) + self.limit

    @property
    def value(self) -> int:
        """The figure as scores show it, rounded half up."""
        return math.floor(self.exact + 0.5 + SLACK)


@dataclass
class Reasons:
    """The explanation of a score beside the stored figures."""

    fit: Part
    engagement: Part
    fit_weight: int
    total: int | None
    grade: str
    band: str
    stored_fit: int
    stored_engagement: int
    as_of: datetime.date | None
    waiting: bool
    set_aside: bool
    chance: Chance | None = None

    @property
    def parts(self) -> tuple[Part, Part]:
        """Fit and engagement, as the page shows them side by side."""
        return self.fit, self.engagement

    @property
    def band_label(self) -> str:
        """Hot, Warm or Cold."""
        return Band(self.band).label

    @property
    def engagement_weight(self) -> int:
        """Per cent."""
        return 100 - self.fit_weight


def reasons(lead: Lead) -> Reasons:
    """Explain the score of `lead`, in four queries; in five where rules ask custom fields.

    `waiting` says that the worker has not yet computed the figures the reasons lead to.
    """
    rules = Ruleset.load()
    today = engine.day_of(datetime.datetime.now(datetime.UTC))
    row, matches, answers = _facts(lead.pk, rules, question(rules.model))
    events = _events(lead.pk)
    fit = _fit(rules, matches, _known(rules))
    engagement = _engagement(rules, row, events, today)
    chance = explain(lead, rules.model, row["total"], row["probability"], answers)
    return Reasons(
        fit=fit,
        engagement=engagement,
        fit_weight=rules.fit_weight,
        total=row["total"],
        grade=row["grade"] or "",
        band=row["band"] or "cold",
        stored_fit=row["fit"] or 0,
        stored_engagement=row["engagement"] or 0,
        as_of=row["day"] or (row["computed_at"] and engine.day_of(row["computed_at"])),
        waiting=row["set_aside_at"] is None
        and (
            row["waiting"]
            or fit.value != row["fit"]
            or engagement.value != row["engagement"]
            or bool(chance and chance.percent and chance.waiting)
        ),
        set_aside=row["set_aside_at"] is not None,
        chance=chance,
    )


_FACTS = (
    "total", "fit", "engagement", "grade", "band", "masses", "mass_rev", "computed_at", "set_aside_at", "probability",
    "waiting", "day",
)  # fmt: skip


def _facts(lead_id: int, rules: Ruleset, asked: list[str]) -> tuple[dict[str, object], list[bool], tuple[object, ...]]:
    """The score row, which fit rules hold, and the answers to `asked` (SQL), in one query."""
    conditions, parameters = [], []
    for group in rules.of(Dimension.FIT):
        for rule in group.rules:
            text, values = rule.condition()
            conditions.append(text)
            parameters += values
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.total, s.fit, s.engagement, s.grade, s.band, s.masses, s.mass_rev, s.computed_at, s.set_aside_at,
                s.probability, coalesce(s.input_rev <> s.computed_rev, true), r.day
                {"".join(f", {text}" for text in (*conditions, *asked))}
            FROM leads_lead l LEFT JOIN leads_company c ON c.id = l.company_id
                LEFT JOIN leads_leadscore s ON s.lead_id = l.id
                LEFT JOIN leads_scorerange r ON r.first = l.id / %s * %s
            WHERE l.id = %s
            """,  # noqa: S608
            [*parameters, engine.RANGE_SIZE, engine.RANGE_SIZE, lead_id],
        )
        found = cursor.fetchone()
    facts = dict(zip(_FACTS, found, strict=False))
    if facts["masses"] is None or facts["mass_rev"] != rules.mass_rev:
        facts["masses"] = []
    answers = len(_FACTS) + len(conditions)
    return facts, list(found[len(_FACTS) : answers]), found[answers:]


def _events(lead_id: int) -> dict[str, tuple[int, datetime.datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, count(*), max(occurred_at) FROM leads_engagement WHERE lead_id = %s GROUP BY kind", [lead_id]
        )
        return {kind: (count, last) for kind, count, last in cursor.fetchall()}


def _known(rules: Ruleset) -> dict[str, fields.Field] | None:
    """Custom fields by the names that people gave them, where rules ask any."""
    named = {rule.field for group in rules.of(Dimension.FIT) for rule in group.rules if rule.field not in fields.FIELDS}
    return fields.asked_by_rules(named) if named else None


def _fit(rules: Ruleset, matches: list[bool], known: dict[str, fields.Field] | None) -> Part:
    matched = iter(matches)
    part = Part("Fit")
    for group in rules.of(Dimension.FIT):
        lines = [Line(rule.name, rule.points, words(rule, known)) for rule in group.rules if next(matched)]
        _add_group(part, group, lines)
    return _limited(part)


def _engagement(rules: Ruleset, row: dict[str, object], events: dict, today: datetime.date) -> Part:
    worth = rules.weight_of(today) / UNIT
    masses = row["masses"]
    part = Part("Engagement")
    for group in rules.of(Dimension.ENGAGEMENT):
        lines = []
        for rule in group.rules:
            mass = masses[SLOTS[rule.engagement_kind] - 1] if masses else 0
            if mass and rule.engagement_kind in events:
                count, last = events[rule.engagement_kind]
                lines.append(Line(rule.name, rule.points * mass * worth, _happened(count, last, today)))
        _add_group(part, group, lines)
    return _limited(part)


def _add_group(part: Part, group: Group, lines: list[Line]) -> None:
    if lines:
        over = sum(line.points for line in lines) - group.ceiling
        part.groups.append(GroupPart(group.name, group.ceiling, lines, -over if over > 0 else 0))


def _limited(part: Part) -> Part:
    unlimited = part.exact
    part.limit = max(0, min(100, unlimited)) - unlimited
    return part


def _happened(count: int, last: datetime.datetime, today: datetime.date) -> str:
    days = max(0, (today - last.astimezone(datetime.UTC).date()).days)
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"Once, {when}" if count == 1 else f"{count} times, last {when}"


def words(rule: Rule, known: dict[str, fields.Field] | None = None) -> str:
    """The rule's condition as a phrase, e.g. `Employees is at least 200`; an event rule's kind. `known` has the names
    of custom fields (`asked_by_rules`); without it they are called by their keys."""
    if rule.engagement_kind:
        return EngagementKind(rule.engagement_kind).label
    asked = (known or {}).get(rule.field) or fields.lookup(rule.field)
    choices = asked.choices()
    named = [choices.get(value, value) for value in rule.values]
    listed = ", ".join(named[:LISTED]) + (f" and {len(named) - LISTED} more" if len(named) > LISTED else "")
    if asked.kind is fields.Kind.YES_NO:
        return asked.label if rule.operator == ScoringRule.Operator.IS_FILLED else f"No {asked.label.lower()}"
    return f"{asked.label} {ScoringRule.Operator(rule.operator).label} {listed}".strip()
