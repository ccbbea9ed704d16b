"""What product gaps cost: open deals that wait on them and deals that ended with them, each amount counted once."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import BigIntegerField, Q, QuerySet

from deals.models import Fit, GapState, Outcome, ProductGap, Requirement
from deals.models.product_gaps import WEIGHTS
from deals.product_gaps import split
from insights.filters import Filters
from insights.queries import past
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency
from presales.prepared import Given, prepared

# As in deals/product_gaps.py: an open deal waits on those of its gaps that are not closed, with one that ended count
# all that it had.
WANTED = """
  FROM ({deals}) AS deal
  JOIN {requirements} AS wanted ON wanted.opportunity_id = deal.id AND wanted.fit = %(gap)s
  JOIN {gaps} AS gap ON gap.id = wanted.gap_id
"""
COUNTS = "WHERE deal.outcome <> 'open' OR gap.state <> %(closed)s"
PARTS = f"""
SELECT DISTINCT deal.id, deal.name, company.name, deal.outcome, deal.value, gap.id, gap.severity {WANTED}
  LEFT JOIN leads_company company ON company.id = deal.company_id {COUNTS} ORDER BY deal.id, gap.id
"""
# `split` of deals/product_gaps.py in SQL, as the screen only adds up: each part ends where the whole cents due to all
# up to it end. Of each deal the first part also stands for the deal.
COSTS = f"""
SELECT gap, waits, count(*), sum(share), count(*) FILTER (WHERE is_first)
  FROM (SELECT gap, outcome = 'open' AS waits, row_number() OVER upto = 1 AS is_first,
               (div(cents * sum(weight) OVER upto, sum(weight) OVER whole)
                - div(cents * (sum(weight) OVER upto - weight), sum(weight) OVER whole)) * 0.01 AS share
          FROM (SELECT DISTINCT deal.id, deal.outcome, deal.value * 100 AS cents, gap.id AS gap,
                       CASE gap.severity {" ".join(f"WHEN '{one}' THEN {weight}" for one, weight in WEIGHTS.items())}
                       END AS weight {WANTED} {COUNTS}) AS wanted
        WINDOW whole AS (PARTITION BY id), upto AS (PARTITION BY id ORDER BY gap)) AS part
 GROUP BY gap, waits
"""  # noqa: S608  our own text


@dataclass(frozen=True)
class Part:
    """What of one deal's value falls on one gap, by the severities of the deal's gaps."""

    deal: int
    name: str
    company: str | None
    outcome: str
    value: Decimal
    gap: int
    share: Decimal

    @property
    def waits(self) -> bool:
        """The deal is still open."""
        return self.outcome == Outcome.OPEN


@dataclass
class Cost:
    """What waits on one gap, and what was lost or called off with it in the period."""

    waiting: int = 0
    waiting_value: Decimal = ZERO
    lost: int = 0
    lost_value: Decimal = ZERO

    def add(self, waits: bool, count: int, value: Decimal) -> None:
        """Count so many deals, of which so much falls on it."""
        if waits:
            self.waiting += count
            self.waiting_value += value
        else:
            self.lost += count
            self.lost_value += value


def parts(filters: Filters) -> list[Part]:
    """Every deal that is open, or was lost or called off in the period, split over its gaps; in one query."""
    of_deal: dict[int, list[tuple]] = defaultdict(list)
    for row in _asked(filters, PARTS, "name", "company_id"):
        of_deal[row[0]].append(row)
    return [
        Part(*row[:6], share)
        for gaps in of_deal.values()
        for row, share in zip(gaps, split(gaps[0][4], [WEIGHTS[row[6]] for row in gaps]), strict=True)
    ]


def costs(filters: Filters) -> tuple[dict[int, Cost], Cost]:
    """What each gap costs, and all of them, each deal counted once: the sums of `parts`; in one query."""
    sums: dict[int, Cost] = defaultdict(Cost)
    whole = Cost()
    for gap, waits, count, value, deals in _asked(filters, COSTS):
        sums[gap].add(waits, count, value)
        whole.add(waits, deals, value)
    return dict(sums), whole


def _asked(filters: Filters, question: str, *columns: str) -> list[tuple]:
    question = question.replace("{requirements}", past.rows_at(Requirement, filters, "opportunity_id", "fit", "gap_id"))
    return summed(
        filters,
        question.replace("{gaps}", past.rows_at(ProductGap, filters, "severity", "state")),
        _waiting_or_ended, columns,
        now=filters.now, gap=Fit.GAP, closed=GapState.CLOSED,
    )  # fmt: skip


def _waiting_or_ended(filters: Filters, columns: tuple[str, ...]) -> QuerySet:
    days = (filters.period.start, filters.period.end)
    ended = Q(outcome__in=[Outcome.LOST, Outcome.NO_GO], closed_on__range=days)
    deals = in_company_currency(filters.book().filter(Q(outcome=Outcome.OPEN) | ended), filters.day)
    return deals.order_by().values("id", "outcome", "value", *columns)


def titles(gaps: list[int]) -> dict[int, str]:
    """What the gaps are called."""
    return dict(_titles().rows(gaps=tuple(gaps))) if gaps else {}


@prepared
def _titles() -> QuerySet:
    return ProductGap.objects.order_by().filter(pk__in=Given("gaps", BigIntegerField())).values_list("pk", "title")
