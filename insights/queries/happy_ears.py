"""What is claimed against what the evidence says: of the open deals today, and of closed ones before they closed."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce

from deals.models import Outcome
from deals.risk import HAPPY_EARS, with_risks
from insights.filters import Filters
from insights.periods import Period
from insights.queries import past
from insights.queries.added_up import added_up
from insights.queries.book import ZERO, in_company_currency

BEFORE = 30
"""So many days before it closed a deal's claim is compared with how it ended."""
MOST = 25
"""How many deals the screen names."""
# The last row of each deal's history that was written BEFORE days ahead of its closing, while it was open.
CALIBRATION = """
WITH deal AS MATERIALIZED ({deals})
SELECT GROUPING(quarter), quarter, count(*), count(*) FILTER (WHERE outcome = 'won'), sum(claim)
  FROM (SELECT deal.outcome, date_trunc('quarter', deal.closed_on)::date AS quarter,
               coalesce(event.claimed_probability, stage.probability) AS claim
          FROM deal
          JOIN deals_opportunityevent event ON event.pgh_obj_id = deal.id
           AND event.pgh_created_at < (deal.closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s
           AND (event.pgh_until IS NULL OR
                event.pgh_until >= (deal.closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s)
          JOIN deals_stage stage ON stage.id = event.stage_id
         WHERE event.outcome = 'open') AS told
 GROUP BY GROUPING SETS ((quarter), ()) ORDER BY quarter
"""


@dataclass(frozen=True)
class Ears:
    """The open deals of one AE of which the evidence says something: claimed and evidence-based expectation."""

    owner: int | None
    count: int
    claimed: Decimal
    evidence: Decimal
    flagged: int
    """How many are claimed above the evidence by more than the margin."""

    @property
    def gap(self) -> Decimal:
        """What is claimed beyond the evidence."""
        return self.claimed - self.evidence


@dataclass(frozen=True)
class Calibration:
    """Decided deals of a quarter: how many were won, and how many should have been by what was claimed before."""

    quarter: object
    count: int
    won: int
    claimed: Decimal
    """The mean of the claimed probabilities in percent."""


def _open(filters: Filters) -> object:
    deals = with_risks(in_company_currency(filters.book().filter(outcome=Outcome.OPEN), filters.day), filters.now)
    return deals.annotate(
        evidence=F("evidence_probability__percent"), claim=Coalesce("claimed_probability", "stage__probability")
    ).exclude(evidence=None)


def by_ae(filters: Filters) -> list[Ears]:
    """One line for each owner and one, with `owner` None and the last, for all; rounded deal by deal."""
    rows = (
        _open(filters)
        .order_by()
        .values("owner_id", "value", "claim", "evidence", happy=F("risks").bitand(HAPPY_EARS.bit))
    )
    sums = added_up(
        rows,
        """
        SELECT GROUPING(owner_id), owner_id, count(*), coalesce(sum(round(value * claim * 0.01, 2)), 0),
               coalesce(sum(round(value * evidence * 0.01, 2)), 0),
               count(*) FILTER (WHERE happy > 0)
          FROM ({deals}) AS deal GROUP BY GROUPING SETS ((owner_id), ()) ORDER BY 1
        """,
    )
    return [Ears(*row[1:]) for row in sums] or [Ears(None, 0, ZERO, ZERO, 0)]


def flagged(filters: Filters) -> list:
    """The deals claimed furthest above their evidence in money, at most MOST of them."""
    deals = _open(filters).filter(claim__gt=F("evidence") + settings.HAPPY_EARS_MARGIN)
    gap = F("value") * (F("claim") - F("evidence"))
    return list(
        deals.annotate(gap=gap).order_by("-gap", "pk").values("pk", "name", "value", "claim", "evidence")[:MOST]
    )


def calibration(filters: Filters, period: Period) -> list[Calibration]:
    """By quarter, the oldest first, then all of the period: deals won and lost that were open BEFORE days earlier."""
    deals = filters.book().filter(outcome__in=[Outcome.WON, Outcome.LOST], closed_on__range=(period.start, period.end))
    try:
        text, own = past.named(*deals.order_by().values("id", "outcome", "closed_on").query.sql_with_params(), "deal")
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(CALIBRATION.format(deals=text), {**own, "before": BEFORE, "zone": filters.zone})
        return [
            Calibration(None if is_total else quarter, count, won, (Decimal(claims) / count).quantize(Decimal("0.01")))
            for is_total, quarter, count, won, claims in cursor.fetchall()
            if count
        ]
