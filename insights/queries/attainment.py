"""What a quarter has brought so far and may still bring: won, open and evidence-based, by AE and team, in one pass."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, QuerySet

from deals.models import Outcome
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency


@dataclass(frozen=True)
class Reached:
    """One person's or team's: won in the period, open and expected in it, and how many deals each."""

    won: Decimal = ZERO
    won_count: int = 0
    open: Decimal = ZERO
    open_count: int = 0

    def __add__(self, other: "Reached") -> "Reached":
        return Reached(
            self.won + other.won, self.won_count + other.won_count, self.open + other.open,
            self.open_count + other.open_count,
        )  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """How well the open deals cover what is still to be won of a quota."""

    quota: Decimal
    reached: Reached

    @property
    def rest(self) -> Decimal:
        """What is still to be won; nothing where the quota is reached."""
        return max(self.quota - self.reached.won, ZERO)

    @property
    def ratio(self) -> Decimal | None:
        """Open ÷ (quota − won), one decimal; None where nothing is left to win."""
        return (self.reached.open / self.rest).quantize(Decimal("0.1"), ROUND_HALF_UP) if self.rest else None


def in_period(filters: Filters, period: Period) -> QuerySet:
    """Deals won in the period, and open ones expected to close in it."""
    days = (period.start, period.end)
    return filters.book().filter(
        Q(outcome=Outcome.WON, closed_on__range=days) | Q(outcome=Outcome.OPEN, close_date__range=days)
    )


def in_own_period(filters: Filters) -> QuerySet:
    """The same of the period of the filters."""
    return in_period(filters, filters.period)


def _in_period(filters: Filters) -> QuerySet:
    deals = in_company_currency(in_own_period(filters), filters.day)
    return deals.order_by().values("owner_id", "team_id", "outcome", "value")


def reached(filters: Filters, period: Period) -> dict[tuple[int | None, int | None], Reached]:
    """`{(owner, team): what they reached}` of the deals in the filters."""
    sums = summed(
        filters.over(period),
        """
        SELECT owner_id, team_id,
               coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0), count(*) FILTER (WHERE outcome = 'won'),
               coalesce(sum(value) FILTER (WHERE outcome = 'open'), 0), count(*) FILTER (WHERE outcome = 'open')
          FROM ({deals}) AS deal GROUP BY owner_id, team_id
        """,
        _in_period,
    )
    return {(owner, team): Reached(*figures) for owner, team, *figures in sums}


def total(found: dict[object, Reached]) -> Reached:
    """All of them together."""
    return sum(found.values(), Reached())
