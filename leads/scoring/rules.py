"""The rule set as plain values: read from the database, or from a form that nobody saved yet."""

import datetime
from dataclasses import dataclass, field

from leads.models.engagements import EngagementKind
from leads.models.scoring import Dimension, ScoringGroup, ScoringRule, ScoringSettings
from leads.scoring import fields

# Grades: the lowest fit for A, B, C (D below) and the lowest engagement for 1, 2, 3 (4 below).
FIT_GRADES = (("A", 75), ("B", 50), ("C", 25))
ENGAGEMENT_GRADES = (("1", 60), ("2", 35), ("3", 10))
DEFAULT_THRESHOLD = 50


@dataclass(frozen=True)
class Rule:
    """Points for a condition (fit) or for each event of a kind (engagement)."""

    name: str
    points: int
    field: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()
    engagement_kind: str = ""
    pk: int | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The fit rule's condition as `(sql, parameters)`."""
        return fields.condition(self.field, self.operator, list(self.values))


@dataclass(frozen=True)
class Group:
    """Rules that together give at most `ceiling` points."""

    name: str
    dimension: str
    ceiling: int
    rules: tuple[Rule, ...] = ()
    pk: int | None = None


@dataclass(frozen=True)
class Ruleset:
    """All that decides a score, apart from the lead's own data and the day."""

    half_life_days: int
    fit_weight: int
    hot_from: int
    warm_from: int
    revision: int
    mass_epoch: datetime.date
    mass_rev: int
    groups: tuple[Group, ...] = field(default=())
    model: int = 0  # the learned version that goes with them, 0 for none

    def of(self, dimension: str) -> tuple[Group, ...]:
        """The groups of one dimension, in order."""
        return tuple(group for group in self.groups if group.dimension == dimension)

    @property
    def may_rise(self) -> bool:
        """Whether time alone can raise an engagement: some kind of event takes points away, and that wears off."""
        return any(rule.points < 0 for group in self.of(Dimension.ENGAGEMENT) for rule in group.rules)

    def weight_of(self, day: datetime.date) -> float:
        """What one unit of mass is worth in points × weight on `day`: 2^-(days since the epoch / half-life)."""
        return 2.0 ** (-(day - self.mass_epoch).days / self.half_life_days)

    @classmethod
    def load(cls, lock: bool = False, known: "Ruleset | None" = None) -> "Ruleset":
        """The stored rules, in two queries; in one where `known` is still what is stored.

        With `lock` (inside a transaction) nobody can save rules until the transaction ends, so that no score
        by older rules is written after a rescore by newer ones.
        """
        row = settings_row(lock)
        return cls.of_settings(row, known.groups if known and known.revision == row.revision else stored_groups())

    @classmethod
    def of_settings(cls, row: ScoringSettings, groups: tuple[Group, ...]) -> "Ruleset":
        """The rule set of a settings row, saved or not, and `groups`."""
        return cls(
            half_life_days=row.half_life_days,
            fit_weight=row.fit_weight,
            hot_from=row.hot_from,
            warm_from=row.warm_from,
            revision=row.revision,
            mass_epoch=row.mass_epoch,
            mass_rev=row.mass_rev,
            groups=groups,
            model=row.model_id or 0,
        )


_SETTINGS = "SELECT * FROM leads_scoringsettings WHERE id = 1"
_SHARED_SETTINGS = _SETTINGS + " FOR SHARE"


def settings_row(lock: bool = False) -> ScoringSettings:
    """The one settings row, made with its defaults where there is none."""
    query = _SHARED_SETTINGS if lock else _SETTINGS
    for row in ScoringSettings.objects.raw(query):
        return row
    ScoringSettings.objects.bulk_create([ScoringSettings()], ignore_conflicts=True)
    return next(iter(ScoringSettings.objects.raw(query)))


def stored_groups() -> tuple[Group, ...]:
    """Groups with their active rules; a rule that could not be compiled is left out, never guessed at."""
    rules: dict[int, list[Rule]] = {}
    found: dict[int, ScoringGroup] = {}
    rows = (
        ScoringRule.objects.filter(is_active=True)
        .select_related("group")
        .order_by("group__dimension", "group__order", "group_id", "order", "pk")
    )
    for row in rows:
        rule = Rule(
            name=row.name,
            points=row.points,
            field=row.field,
            operator=row.operator,
            values=tuple(row.values),
            engagement_kind=row.engagement_kind,
            pk=row.pk,
        )
        if usable(rule, row.group.dimension):
            found[row.group_id] = row.group
            rules.setdefault(row.group_id, []).append(rule)
    return tuple(
        Group(name=group.name, dimension=group.dimension, ceiling=group.ceiling, rules=tuple(rules[pk]), pk=pk)
        for pk, group in found.items()
    )


def usable(rule: Rule, dimension: str) -> bool:
    """Whether the rule suits its dimension and compiles."""
    if dimension == Dimension.ENGAGEMENT:
        return rule.engagement_kind in EngagementKind.values
    try:
        fields.check(rule.field, rule.operator, list(rule.values))
    except fields.BadCondition:
        return False
    return True
