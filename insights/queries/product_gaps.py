"""What product gaps cost: open deals that wait on them and deals that ended with them, each amount counted once."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from deals.models import Fit, GapState, Outcome, ProductGap, Requirement
from deals.models.product_gaps import WEIGHTS
from deals.product_gaps import split
from insights.filters import Filters
from insights.queries import past
from insights.queries.added_up import added_up
from insights.queries.book import ZERO, in_company_currency

# As in deals/product_gaps.py: an open deal waits on those of its gaps that are not closed, with one that ended count
# all that it had.
WANTED = """
SELECT DISTINCT deal.id, deal.name, company.name, deal.outcome, deal.value, gap.id, gap.severity
  FROM ({deals}) AS deal
  JOIN {requirements} AS wanted ON wanted.opportunity_id = deal.id AND wanted.fit = %(gap)s
  JOIN {gaps} AS gap ON gap.id = wanted.gap_id
  LEFT JOIN leads_company company ON company.id = deal.company_id
 WHERE deal.outcome <> 'open' OR gap.state <> %(closed)s
 ORDER BY deal.id, gap.id
"""


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

    def add(self, part: Part) -> None:
        """Count one deal."""
        if part.waits:
            self.waiting += 1
            self.waiting_value += part.share
        else:
            self.lost += 1
            self.lost_value += part.share


def parts(filters: Filters) -> list[Part]:
    """Every deal that is open, or was lost or called off in the period, split over its gaps; in one query."""
    days = (filters.period.start, filters.period.end)
    ended = Q(outcome__in=[Outcome.LOST, Outcome.NO_GO], closed_on__range=days)
    deals = in_company_currency(filters.book().filter(Q(outcome=Outcome.OPEN) | ended), filters.day)
    question = WANTED.replace("{requirements}", past.rows_at(Requirement, filters, "opportunity_id", "fit", "gap_id"))
    rows = added_up(
        deals.order_by().values("id", "name", "company_id", "outcome", "value"),
        question.replace("{gaps}", past.rows_at(ProductGap, filters, "severity", "state")),
        now=filters.now, gap=Fit.GAP, closed=GapState.CLOSED,
    )  # fmt: skip
    of_deal: dict[int, list[tuple]] = defaultdict(list)
    for row in rows:
        of_deal[row[0]].append(row)
    return [
        Part(*row[:6], share)
        for gaps in of_deal.values()
        for row, share in zip(gaps, split(gaps[0][4], [WEIGHTS[row[6]] for row in gaps]), strict=True)
    ]


def costs(found: list[Part]) -> dict[int, Cost]:
    """What each gap costs."""
    sums: dict[int, Cost] = defaultdict(Cost)
    for part in found:
        sums[part.gap].add(part)
    return dict(sums)


def titles(gaps: list[int]) -> dict[int, str]:
    """What the gaps are called."""
    return dict(ProductGap.objects.filter(pk__in=gaps).values_list("pk", "title"))
