"""What waits on product gaps: the deals, and each deal's amount split over its gaps, so that nothing counts twice."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from deals.models import Fit, Opportunity, Outcome, Requirement
from deals.models.product_gaps import WEIGHTS, GapState
from deals.models.rates import with_value
from people.models import User

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Share:
    """What of one deal falls on one gap, in the company's currency; None where the deal's currency has no rate."""

    deal: int
    gap: int
    even: Decimal | None
    weighted: Decimal | None


@dataclass
class Figures:
    """What waits on one gap, or was lost with it."""

    deals: int = 0
    even: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)
    unvalued: int = 0

    def add(self, share: Share) -> None:
        """Count one deal."""
        self.deals += 1
        if share.even is None or share.weighted is None:
            self.unvalued += 1
        else:
            self.even += share.even
            self.weighted += share.weighted


def split(amount: Decimal, weights: list[int]) -> list[Decimal]:
    """`amount`, which has whole cents, by `weights`: each part within a cent of its due, their sum the amount itself.

    Each part ends where the cents due to all up to it end, rounded down, and begins where the one before ended.
    """
    cents, total = int(amount / CENT), sum(weights)
    ends = [cents * sum(weights[: number + 1]) // total for number in range(len(weights))]
    return [(end - start) * CENT for start, end in zip([0, *ends], ends, strict=False)]


def shares_of(deals: QuerySet, today: datetime.date | None = None) -> list[Share]:
    """Every deal of `deals` split over its gaps, in two queries.

    An open deal waits on those of its gaps that are not closed; with a closed deal count all that it had.
    """
    wanted = Requirement.objects.filter(fit=Fit.GAP, gap__isnull=False, opportunity__in=deals.order_by().values("pk"))
    waiting = wanted.exclude(Q(opportunity__outcome=Outcome.OPEN) & Q(gap__state=GapState.CLOSED))
    gaps: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = waiting.order_by("opportunity_id", "gap_id").values_list("opportunity_id", "gap_id", "gap__severity")
    for deal, gap, severity in rows.distinct():
        gaps[deal].append((gap, severity))
    valued = with_value(Opportunity.objects.filter(pk__in=list(gaps)), today).order_by()
    found = []
    for deal, value in valued.values_list("pk", "value"):
        of_deal = gaps[deal]
        if value is None:
            found += [Share(deal, gap, None, None) for gap, _ in of_deal]
            continue
        even = split(value, [1] * len(of_deal))
        weighted = split(value, [WEIGHTS[severity] for _, severity in of_deal])
        found += [Share(deal, gap, *parts) for (gap, _), *parts in zip(of_deal, even, weighted, strict=True)]
    return found


def figures_of(shares: list[Share]) -> dict[int, Figures]:
    """The figures of each gap that `shares` know."""
    found: dict[int, Figures] = defaultdict(Figures)
    for share in shares:
        found[share.gap].add(share)
    return dict(found)


def waiting_deals(user: User) -> QuerySet:
    """The open deals that `user` sees."""
    return Opportunity.objects.visible_to(user).open()


def lost_deals(user: User) -> QuerySet:
    """Those that `user` sees and that were lost or called off."""
    return Opportunity.objects.visible_to(user).filter(outcome__in=[Outcome.LOST, Outcome.NO_GO])


def closed_meanwhile(user: User) -> QuerySet:
    """Requirements of the open deals `user` holds as SE whose gap has closed since: their fit wants a new judgement."""
    mine = Requirement.objects.visible_to(user).filter(
        fit=Fit.GAP, gap__state=GapState.CLOSED, opportunity__se=user, opportunity__outcome=Outcome.OPEN
    )
    return mine.select_related("gap", "opportunity")
