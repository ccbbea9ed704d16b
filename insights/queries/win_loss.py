"""Why deals were won and lost: reasons, no-gos, competitors, and what was learned."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from deals.models import Autopsy, Competitor
from insights.filters import Filters
from insights.queries import past
from insights.queries.added_up import added_up
from insights.queries.book import in_company_currency
from insights.queries.closed import Closed, closed_book

MOST = 20
"""How many competitors the screen names: those in most decided deals."""
# A deal counts against a competitor where it was named, or where it was lost to it; as in deals/rivals.py.
AGAINST = """
WITH deal AS MATERIALIZED ({deals})
SELECT key, min(name), count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost'),
       coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0), coalesce(sum(value) FILTER (WHERE outcome = 'lost'), 0)
  FROM (SELECT DISTINCT ON (deal.id, lower(named.name)) deal.*, lower(named.name) AS key, named.name
          FROM deal JOIN LATERAL (
               SELECT name FROM {competitors} AS rival WHERE opportunity_id = deal.id
               UNION ALL SELECT deal.lost_to WHERE deal.lost_to <> '') named ON TRUE
         WHERE deal.outcome IN ('won', 'lost') ORDER BY deal.id, lower(named.name), named.name) AS told
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
    """Four queries."""
    deals = filters.closed_deals()
    lost, no_go = _reasons(filters, deals)
    return WinLoss(closed_book(deals).total, lost, no_go, _rivals(filters, deals), *_autopsies(filters, deals))


def named(filters: Filters, deals: QuerySet, name: str) -> QuerySet:
    """Those of `deals` in which the competitor was named, or that were lost to it, on the day asked for."""
    known = past.records_at(Competitor, filters)
    of = known.annotate(key=Lower("name")).filter(key=name, opportunity=OuterRef("id"))
    return deals.annotate(lost_key=Lower("lost_to")).filter(Q(lost_key=name) | Q(Exists(of)))


def _reasons(filters: Filters, deals: QuerySet) -> tuple[list[Reason], list[Reason]]:
    rows = in_company_currency(deals, filters.day).order_by().values("outcome", "lost_reason", "no_go_reason", "value")
    sums = added_up(
        rows,
        "SELECT outcome, CASE outcome WHEN 'lost' THEN lost_reason ELSE no_go_reason END AS reason, count(*), "
        "coalesce(sum(value), 0) FROM ({deals}) AS deal WHERE outcome IN ('lost', 'no_go') "
        "GROUP BY 1, 2 ORDER BY 4 DESC, 2",
    )
    found: dict[str, list[Reason]] = {"lost": [], "no_go": []}
    for outcome, *reason in sums:
        found[outcome].append(Reason(*reason))
    return found["lost"], found["no_go"]


def _rivals(filters: Filters, deals: QuerySet) -> list[Rivalry]:
    rows = in_company_currency(deals, filters.day).order_by().values("id", "outcome", "lost_to", "value")
    try:
        text, own = past.named(*rows.query.sql_with_params(), "deal")
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        competitors = past.rows_at(Competitor, filters, "opportunity_id", "name")
        cursor.execute(AGAINST.format(deals=text, competitors=competitors), {**own, "most": MOST, "now": filters.now})
        return [Rivalry(*row) for row in cursor.fetchall()]


def _autopsies(filters: Filters, deals: QuerySet) -> tuple[int, int]:
    autopsies = past.rows_at(Autopsy, filters, "opportunity_id", "agreed_at", "reopened_at")
    rows = added_up(
        deals.order_by().values("id"),
        f"""
        SELECT count(*) FILTER (WHERE agreed_at IS NOT NULL), count(*) FILTER (WHERE agreed_at IS NULL)
          FROM ({{deals}}) AS deal JOIN {autopsies} AS autopsy ON autopsy.opportunity_id = deal.id
         WHERE autopsy.reopened_at IS NULL
        """,  # noqa: S608  our own text
        now=filters.now,
    )
    return rows[0] if rows else (0, 0)
