"""Closed deals: won value, win rate, and how long it took to win and to lose, by quarter and in total."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import QuerySet

from insights import periods
from insights.filters import Filters
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency

HEALTHY_NO_GO = (15, 25)
"""The share of no-gos, in percent, of a team that calls one in time and does not call it lightly."""
DAYS = "closed_on - (created_at AT TIME ZONE 'UTC')::date"
"""How long a closed deal took."""

# The total is the quarters' own sum: grouped once more by nothing, PostgreSQL would not share the work out.
QUARTERS = f"""
SELECT date_trunc('quarter', closed_on)::date AS quarter,
       count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost'),
       count(*) FILTER (WHERE outcome = 'no_go'),
       coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0),
       coalesce(sum({DAYS}) FILTER (WHERE outcome = 'won'), 0),
       coalesce(sum({DAYS}) FILTER (WHERE outcome = 'lost'), 0)
  FROM ({{deals}}) AS deal GROUP BY quarter ORDER BY quarter
"""  # noqa: S608  our own text


@dataclass(frozen=True)
class Closed:
    """What closed in one quarter, or in all of them (`period` None)."""

    period: periods.Period | None = None
    won: int = 0
    lost: int = 0
    no_go: int = 0
    won_amount: Decimal = ZERO
    days_to_win: Decimal | None = None
    days_to_lose: Decimal | None = None

    @property
    def win_rate(self) -> Decimal | None:
        """Won ÷ (won + lost) in percent, two decimals; None where nothing was decided. No-gos are apart."""
        decided = self.won + self.lost
        return _two(Decimal(100 * self.won) / decided) if decided else None

    @property
    def no_go_share(self) -> Decimal | None:
        """No-gos ÷ all closed deals in percent, two decimals; None where nothing has closed."""
        closed = self.won + self.lost + self.no_go
        return _two(Decimal(100 * self.no_go) / closed) if closed else None

    @property
    def no_go_band(self) -> str:
        """Where the share lies: `healthy` from 15 to 25 %, else `low` or `high`; "" where nothing has closed."""
        if self.no_go_share is None:
            return ""
        low, high = HEALTHY_NO_GO
        return "low" if self.no_go_share < low else "high" if self.no_go_share > high else "healthy"

    @property
    def average(self) -> Decimal | None:
        """The mean amount of a won deal."""
        return _two(self.won_amount / self.won) if self.won else None


@dataclass
class ClosedBook:
    """The figures of one set of closed deals, quarters oldest first."""

    total: Closed = field(default_factory=Closed)
    quarters: list[Closed] = field(default_factory=list)


def closed(
    won: int,
    lost: int,
    no_go: int,
    amount: Decimal,
    won_days: int,
    lost_days: int,
    period: periods.Period | None = None,
) -> Closed:
    """What closed, of its sums: days are those of all won and of all lost deals together."""
    return Closed(
        period, won, lost, no_go, amount,
        _two(Decimal(won_days) / won) if won else None, _two(Decimal(lost_days) / lost) if lost else None,
    )  # fmt: skip


def closed_book(filters: Filters) -> ClosedBook:
    """The figures of the closed deals in the filters, by the quarter of `closed_on`.

    Days run from the day a deal was created (UTC) to the day it closed. Amounts count at the rate of that
    day; deals without one are left out. One pass over the deals.
    """
    found = summed(filters, QUARTERS, _closed_rows)
    return ClosedBook(
        closed(*map(sum, zip(*(sums for _, *sums in found), strict=True))) if found else Closed(),
        [closed(*sums, periods.quarter_of(quarter)) for quarter, *sums in found],
    )


def _closed_rows(filters: Filters) -> QuerySet:
    deals = in_company_currency(filters.closed_deals(), filters.day)
    return deals.order_by().values("outcome", "value", "closed_on", "created_at")


def _two(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
