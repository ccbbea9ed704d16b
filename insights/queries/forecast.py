"""The forecast of a period: open deals by category and month, what was called, and what the evidence says."""

import datetime
import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, QuerySet

from deals.models import ForecastCall, Outcome
from deals.models.opportunities import ForecastCategory
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import summed
from insights.queries.attainment import in_own_period
from insights.queries.book import ZERO, in_company_currency
from insights.queries.evidence import told
from people.models import Membership
from presales.quarters import shifted

WON = "won"
CATEGORIES = [
    WON, ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE, ForecastCategory.OMITTED,
]  # fmt: skip
EIGHTY = 1.2816
"""Within so many standard deviations of the mean lie 80 % of a normal distribution."""


@dataclass(frozen=True)
class Month:
    """What one month brings: `{category or "won": (amount, deals)}`."""

    first: datetime.date
    parts: dict[str, tuple[Decimal, int]]

    def amount(self, *categories: str) -> Decimal:
        """The sum of some categories."""
        return sum((self.parts.get(name, (ZERO, 0))[0] for name in categories), ZERO)


def by_month(filters: Filters, period: Period) -> list[Month]:
    """Won deals by the month they closed in, open ones by that they are expected in, by category; in one pass."""
    found: dict[datetime.date, dict[str, tuple[Decimal, int]]] = {}
    sums = summed(
        filters.over(period),
        """
        SELECT date_trunc('month', coalesce(closed_on, close_date))::date AS month,
               CASE WHEN outcome = 'won' THEN 'won' ELSE forecast_category END AS part, sum(value), count(*)
          FROM ({deals}) AS deal GROUP BY month, part ORDER BY month
        """,
        _by_category,
    )
    for month, part, amount, count in sums:
        found.setdefault(month, {})[part] = (amount, count)
    return [Month(first, parts) for first, parts in found.items()]


def _in_period(filters: Filters) -> QuerySet:
    return in_company_currency(in_own_period(filters), filters.day)


def _by_category(filters: Filters) -> QuerySet:
    columns = ("outcome", "forecast_category", "close_date", "closed_on", "value")
    return _in_period(filters).order_by().values(*columns)


@dataclass(frozen=True)
class Evidence:
    """What the evidence expects: won and the open deals at their evidence-based probability, with an 80 % interval."""

    won: Decimal
    open: Decimal
    expected: Decimal
    deviation: float
    unknown: int
    """How many open deals have no evidence-based probability yet; they count at the claimed one."""

    @property
    def figure(self) -> Decimal:
        """Won already, and what the open deals are expected to bring."""
        return self.won + self.expected

    @property
    def low(self) -> Decimal:
        """In nine of ten such quarters there is more; never less than what is won already."""
        return max(self.figure - self._margin, self.won)

    @property
    def high(self) -> Decimal:
        """In nine of ten such quarters there is less; never more than all open deals."""
        return min(self.figure + self._margin, self.won + self.open)

    @property
    def _margin(self) -> Decimal:
        return Decimal(EIGHTY * self.deviation).quantize(Decimal("0.01"), ROUND_HALF_UP)


def evidence(filters: Filters, period: Period) -> Evidence:
    """Each open deal is won or lost on its own, with its probability: the mean is Σ p·v, the variance Σ p·(1−p)·v²."""
    sums = told(
        filters.over(period),
        _in_period,
        """
        SELECT coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0),
               coalesce(sum(value) FILTER (WHERE outcome = 'open'), 0),
               coalesce(sum(round(value * p * 0.01, 2)) FILTER (WHERE outcome = 'open'), 0),
               coalesce(sum(value::float8 ^ 2 * p * (100 - p) / 10000.0) FILTER (WHERE outcome = 'open'), 0),
               count(*) FILTER (WHERE outcome = 'open' AND evidence IS NULL)
          FROM (SELECT told.*, coalesce(evidence, claim) AS p FROM {told}) AS deal
        """,
        ["value"],
    )
    if not sums:
        return Evidence(ZERO, ZERO, ZERO, 0.0, 0)
    [(won, still_open, expected, variance, unknown)] = sums
    return Evidence(won, still_open, expected, math.sqrt(variance), unknown)


@dataclass(frozen=True)
class Called:
    """The newest call of an AE, or for a team, for one quarter."""

    author: int
    name: str
    team: int | None
    team_name: str
    quarter: datetime.date
    amount: Decimal
    called_at: datetime.datetime
    first: Decimal
    """What the same author first said of it."""

    @property
    def whose(self) -> str:
        """The AE, or the team and who spoke for it."""
        return f"{self.team_name} ({self.name})" if self.team else self.name


def made(filters: Filters) -> QuerySet:
    """The calls by the end of the day, as far as the user may know and in the filters."""
    found = ForecastCall.objects.visible_to(filters.user).filter(called_at__lte=filters.now)
    if filters.person:
        found = found.filter(author=filters.person, team=None)
    elif filters.team:
        members = Membership.objects.filter(team__in=filters.team_and_below).values("user")
        found = found.filter(Q(team__in=filters.team_and_below) | Q(team=None, author__in=members))
    return found


def calls(filters: Filters, quarters: list[datetime.date]) -> list[Called]:
    """The newest call of each AE and for each team, with what was first called; in one query."""
    return [Called(*row) for row in summed(filters, NEWEST, _made, quarters=quarters)]


NEWEST = """
SELECT DISTINCT ON (quarter, coalesce(team_id, 0), whose)
       author_id, author__name, team_id, coalesce(team__name, ''), quarter, amount, called_at,
       first_value(amount) OVER (PARTITION BY quarter, coalesce(team_id, 0), whose ORDER BY called_at, id)
  FROM (SELECT call.*, CASE WHEN team_id IS NULL THEN author_id ELSE 0 END AS whose FROM ({deals}) AS call
         WHERE quarter = ANY(%(quarters)s::date[])) AS call
 ORDER BY quarter, coalesce(team_id, 0), whose, called_at DESC, id DESC
"""


def _made(filters: Filters) -> QuerySet:
    columns = ("id", "author_id", "author__name", "team_id", "team__name", "quarter", "amount", "called_at")
    return made(filters).order_by().values(*columns)


def won_by_quarter(filters: Filters, quarters: list[datetime.date]) -> dict[tuple, Decimal]:
    """`{(quarter, owner, team): won}` of those quarters, of all deals that the user sees, as known on the day."""
    if not quarters:
        return {}
    sums = summed(
        filters,
        "SELECT date_trunc('quarter', closed_on)::date, owner_id, team_id, sum(value) "
        "FROM ({deals}) AS deal WHERE closed_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3",
        _won,
        first=min(quarters),
        last=shifted(max(quarters), 1) - datetime.timedelta(days=1),
    )
    return {tuple(key): amount for *key, amount in sums}


def _won(filters: Filters) -> QuerySet:
    deals = in_company_currency(filters.all_deals().filter(outcome=Outcome.WON), filters.day)
    return deals.order_by().values("closed_on", "owner_id", "team_id", "value")
