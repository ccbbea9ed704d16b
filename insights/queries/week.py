"""What a book of deals came to within seven days: a manager's figures on two days, and the deals that explain them.

A figure on the earlier day, plus what every deal changed it by, is the figure on the later day, to the cent: both come
from the same pass over the deals of the two days.
"""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When

from deals.models import Opportunity, Outcome
from deals.models.rates import with_value
from insights.filters import Quarterly, Span
from insights.queries import past
from insights.queries.book import ZERO, with_weighted
from insights.queries.movement import movement

DAYS = datetime.timedelta(days=7)
FIGURES = ("open", "weighted", "won", "commit")

# What each figure counts of a deal on one day: the condition, and the amount. `due`: expected in the period.
COUNTS = {
    "open": ("{open}", "{side}.value"),
    "weighted": ("{open}", "{side}.weighted"),
    "won": ("{won}", "{side}.value"),
    "commit": ("{won} OR {open} AND {side}.forecast_category = 'commit' AND {due}", "{side}.value"),
}


def _told(side: str, condition: str) -> str:
    """A condition on one side of the pair, where the side may be missing; FALSE then."""
    counted = f"{side}.scope AND {side}.value IS NOT NULL"
    places = {
        "side": side,
        "open": f"({counted} AND {side}.outcome = 'open')",
        "won": f"({counted} AND {side}.outcome = 'won')",  # the sides hold no other won deals than those of the period
        "due": f"({side}.close_date BETWEEN %(start)s AND %(end)s)",
        "later": f"({side}.close_date IS NULL OR {side}.close_date > %(end)s)",
    }
    return f"coalesce({condition.format(**places)}, FALSE)"


def _amounts(side: str, suffix: str) -> str:
    return ", ".join(
        f"CASE WHEN {_told(side, condition)} THEN {amount.format(side=side)} ELSE 0 END AS {name}_{suffix}"
        for name, (condition, amount) in COUNTS.items()
    )


# `a` is a deal at the end of the earlier day, `b` at the end of the later one; a side is missing where the deal was
# neither open then nor won in the period.
SUMS = ", ".join(f"coalesce(sum({name}_{suffix}), 0) AS {name}_{suffix}" for suffix in ("was", "is") for name in COUNTS)
BIGGEST = ", ".join(f"abs({name}_is - {name}_was)" for name in COUNTS)
SIDE = ("amount", "currency", "outcome", "close_date", "stage_id", "probability", "forecast_category")
WEEK = f"""
WITH a AS MATERIALIZED ({{first}}), b AS MATERIALIZED ({{second}}), pair AS (
    SELECT id, {_amounts("a", "was")}, {_amounts("b", "is")},
           coalesce(a.scope AND a.value IS NOT NULL, FALSE) AS counted_was,
           coalesce(b.scope AND b.value IS NOT NULL, FALSE) AS counted_is, b.value,
           a.id IS NOT NULL AS there_was, b.id IS NOT NULL AS there_is,
           {_told("a", "{open} AND {due}")} AND {_told("b", "{open} AND {later}")} AS pushed_out,
           {_told("a", "{open} AND {later}")} AND {_told("b", "{open} AND {due}")} AS pulled_in,
           {_told("b", "{open}")} AS is_open, {_told("b", "{won}")} AS is_won,
           {", ".join(f"a.{column} AS {column}_was, b.{column} AS {column}_is" for column in SIDE)}
      FROM a FULL JOIN b USING (id)
), sized AS (
    SELECT pair.*, greatest({BIGGEST}, CASE WHEN pushed_out OR pulled_in THEN value ELSE 0 END) AS size FROM pair
), total AS (
    SELECT {SUMS}, count(*) FILTER (WHERE is_open) AS open_deals, count(*) FILTER (WHERE is_won) AS won_deals,
           count(*) FILTER (WHERE size > 0) AS changed, count(*) FILTER (WHERE pushed_out) AS pushed_deals,
           coalesce(sum(open_was) FILTER (WHERE pushed_out), 0) AS pushed
      FROM sized
)
SELECT total.*, deal.* FROM total
  LEFT JOIN (SELECT * FROM sized WHERE size > 0 ORDER BY size DESC, id LIMIT %(limit)s) AS deal ON TRUE
 ORDER BY deal.size DESC, deal.id
"""  # noqa: S608  of our own words alone


@dataclass(frozen=True)
class Figures:
    """The figures of one day, in the company's currency, exact to the cent."""

    open: Decimal = ZERO
    weighted: Decimal = ZERO
    won: Decimal = ZERO
    commit: Decimal = ZERO


@dataclass(frozen=True)
class Side:
    """One deal on one of the two days."""

    amount: Decimal
    currency: str
    outcome: str
    close_date: datetime.date | None
    stage_id: int
    probability: int
    forecast_category: str
    counted: bool
    """In the filters, and in a currency with a rate."""


@dataclass(frozen=True)
class Changed:
    """One deal, and what it changed each figure by. A side is None where the deal was neither open nor won in the
    period."""

    deal: int
    by: Figures
    before: Side | None
    after: Side | None
    pushed_out: bool
    pulled_in: bool


@dataclass
class Week:
    """Seven days of one book."""

    since: datetime.date
    until: datetime.date
    was: Figures = field(default_factory=Figures)
    now: Figures = field(default_factory=Figures)
    open_deals: int = 0
    won_deals: int = 0
    pushed: Decimal = ZERO
    """What was expected in the period when the week began, and is now expected later or on no day."""
    pushed_deals: int = 0
    pushed_before: Decimal = ZERO
    """The same of the seven days before."""
    changed: int = 0
    """How many deals changed any of it."""
    deals: list[Changed] = field(default_factory=list)
    """Those that changed most, the largest first."""

    @property
    def by(self) -> Figures:
        """What the figures changed by, in all."""
        return Figures(*(getattr(self.now, name) - getattr(self.was, name) for name in FIGURES))

    @property
    def rest(self) -> Figures:
        """What the deals that are not among `deals` changed them by."""
        return Figures(
            *(getattr(self.by, name) - sum((getattr(one.by, name) for one in self.deals), ZERO) for name in FIGURES)
        )


def week(filters: Quarterly, limit: int) -> Week:
    """The week that ends with the day of the filters, with its `limit` largest changes: two passes over the book, the
    second for what was pushed out in the week before."""
    since = filters.day - DAYS
    found = Week(since, filters.day)
    try:
        first, values = past.named(*_state(filters, since).query.sql_with_params(), "first")
        second, more = past.named(*_state(filters, filters.day).query.sql_with_params(), "second")
    except EmptyResultSet:
        return found
    values |= more | {"start": filters.period.start, "end": filters.period.end, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(WEEK.format(first=first, second=second), values)
        names = [column.name for column in cursor.description]
        rows = [list(row) for row in cursor.fetchall()]
    # The total's columns come first, those of the deal after them under some of the same names.
    split = names.index("id")
    total = dict(zip(names[:split], rows[0], strict=False))
    found.was, found.now = (Figures(*(total[f"{name}_{when}"] for name in FIGURES)) for when in ("was", "is"))
    for name in ("open_deals", "won_deals", "pushed", "pushed_deals", "changed"):
        setattr(found, name, total[name])
    deals = [dict(zip(names[split:], row[split:], strict=True)) for row in rows]
    found.deals = [_changed(deal) for deal in deals if deal["id"] is not None]
    earlier = Span(filters.user, {**filters.data, "since": str(since - DAYS), "until": str(since)})
    earlier.period, earlier.team, earlier.person = filters.period, filters.team, filters.person
    earlier.pipeline = filters.pipeline
    found.pushed_before = -movement(earlier).lines["pushed_out"].amount
    return found


def _changed(row: dict[str, object]) -> Changed:
    sides = (
        Side(*(row[f"{column}_{when}"] for column in SIDE), row[f"counted_{when}"]) if row[f"there_{when}"] else None
        for when in ("was", "is")
    )
    by = Figures(*(row[f"{name}_is"] - row[f"{name}_was"] for name in FIGURES))
    return Changed(row["id"], by, *sides, row["pushed_out"], row["pulled_in"])


def counted(filters: Quarterly, deals: QuerySet) -> QuerySet:
    """Those of the deals that any figure counts: open, or won in the period."""
    days = (filters.period.start, filters.period.end)
    return deals.filter(Q(outcome=Outcome.OPEN) | Q(outcome=Outcome.WON, closed_on__range=days))


def _state(filters: Quarterly, day: datetime.date) -> QuerySet:
    """Every deal the user sees that was open when `day` was over, or is now, or had been won in the period."""
    deals = Opportunity.objects.visible_to(filters.user)
    rows = past.as_of(deals, day) if filters.as_of or day != filters.day else deals
    rows = counted(filters, rows)
    scope = filters.scope
    flag = Case(When(scope, then=Value(True)), default=Value(False)) if scope else Value(True)
    told = with_weighted(with_value(rows, day), day).annotate(scope=flag).order_by()
    return told.values("id", "value", "weighted", "scope", *SIDE)
