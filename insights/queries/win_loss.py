"""Why deals were won and lost: reasons, no-gos, competitors, and what was learned."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from deals.models import Autopsy, Competitor, Outcome
from insights.filters import Filters
from insights.queries import past
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency
from insights.queries.closed import DAYS, Closed, closed

MOST = 20
"""How many competitors the screen names: those in most decided deals."""
# A deal counts against a competitor where it was named, or where it was lost to it; as in deals/rivals.py. A deal's
# competitors are different by their names, so only whom it was lost to can be among them already.
AGAINST = """
SELECT key, min(name), count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost'),
       coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0), coalesce(sum(value) FILTER (WHERE outcome = 'lost'), 0)
  FROM (SELECT outcome, value, lower(rival.name) AS key,
               CASE WHEN lower(lost_to) = lower(rival.name) THEN least(rival.name, lost_to) ELSE rival.name END AS name
          FROM ({deals}) AS deal JOIN {competitors} AS rival ON rival.opportunity_id = deal.id
         WHERE outcome IN ('won', 'lost')
        UNION ALL
        SELECT outcome, value, lower(lost_to), lost_to FROM ({deals}) AS deal
         WHERE outcome IN ('won', 'lost') AND lost_to <> ''
           AND NOT EXISTS (SELECT FROM {competitors} AS rival
                            WHERE rival.opportunity_id = deal.id AND lower(rival.name) = lower(lost_to))) AS told
 GROUP BY key ORDER BY count(*) DESC, key LIMIT %(most)s
"""


@dataclass(frozen=True)
class Reason:
    """Deals that ended for one reason."""

    key: str
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Rivalry:
    """Decided deals in which one competitor was named."""

    key: str
    name: str
    won: int
    lost: int
    won_amount: Decimal
    lost_amount: Decimal


@dataclass
class WinLoss:
    """The closed deals in the filters by how and why they ended."""

    closed: Closed
    lost: list[Reason]
    no_go: list[Reason]
    rivals: list[Rivalry]
    agreed: int
    owed: int
    """Autopsies of the lost deals: with an agreed lesson, and without."""


def win_loss(filters: Filters) -> WinLoss:
    """Three queries."""
    return WinLoss(*_ends(filters), _rivals(filters), *_autopsies(filters))


def _rows(filters: Filters, columns: tuple[str, ...]) -> QuerySet:
    return in_company_currency(filters.closed_deals(), filters.day).order_by().values(*columns)


def _ids(filters: Filters) -> QuerySet:
    return filters.closed_deals().order_by().values("id")


def named(filters: Filters, deals: QuerySet, name: str) -> QuerySet:
    """Those of `deals` in which the competitor was named, or that were lost to it, on the day asked for."""
    known = past.records_at(Competitor, filters)
    of = known.annotate(key=Lower("name")).filter(key=name, opportunity=OuterRef("id"))
    return deals.annotate(lost_key=Lower("lost_to")).filter(Q(lost_key=name) | Q(Exists(of)))


def _ends(filters: Filters) -> tuple[Closed, list[Reason], list[Reason]]:
    """How the deals ended, and the reasons of losses and of no-gos, those of the most money first; in one pass."""
    sums = summed(
        filters,
        f"""
        SELECT outcome, CASE outcome WHEN 'lost' THEN lost_reason WHEN 'no_go' THEN no_go_reason ELSE '' END AS reason,
               count(*), coalesce(sum(value), 0), coalesce(sum({DAYS}), 0)
          FROM ({{deals}}) AS deal GROUP BY 1, 2 ORDER BY 4 DESC, 2
        """,  # noqa: S608  our own text
        _rows,
        ("outcome", "lost_reason", "no_go_reason", "value", "closed_on", "created_at"),
    )
    found: dict[str, list[Reason]] = {Outcome.WON: [], Outcome.LOST: [], Outcome.NO_GO: []}
    days: Counter[str] = Counter()
    for outcome, reason, count, amount, took in sums:
        found[outcome].append(Reason(reason, count, amount))
        days[outcome] += took
    won, lost, no_go = found.values()
    counts = [sum(one.count for one in reasons) for reasons in (won, lost, no_go)]
    amount = sum((one.amount for one in won), ZERO)
    return closed(*counts, amount, days[Outcome.WON], days[Outcome.LOST]), lost, no_go


def _rivals(filters: Filters) -> list[Rivalry]:
    competitors = past.rows_at(Competitor, filters, "opportunity_id", "name")
    question = AGAINST.replace("{competitors}", competitors)
    columns = ("id", "outcome", "lost_to", "value")
    return [Rivalry(*row) for row in summed(filters, question, _rows, columns, most=MOST, now=filters.now)]


def _autopsies(filters: Filters) -> tuple[int, int]:
    autopsies = past.rows_at(Autopsy, filters, "opportunity_id", "agreed_at", "reopened_at")
    rows = summed(
        filters,
        f"""
        SELECT count(*) FILTER (WHERE agreed_at IS NOT NULL), count(*) FILTER (WHERE agreed_at IS NULL)
          FROM ({{deals}}) AS deal JOIN {autopsies} AS autopsy ON autopsy.opportunity_id = deal.id
         WHERE autopsy.reopened_at IS NULL
        """,  # noqa: S608  our own text
        _ids,
        now=filters.now,
    )
    return rows[0] if rows else (0, 0)
