"""What is claimed against what the evidence says: of the open deals today, and of closed ones before they closed."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value

from deals.models import Opportunity, Outcome
from insights.filters import Filters
from insights.periods import Period
from insights.queries import past
from insights.queries.book import ZERO, in_company_currency, with_weighted
from insights.queries.evidence import happy, told
from presales.sql import Template

BEFORE = 30
"""So many days before it closed a deal's claim is compared with how it ended."""
MOST = 25
"""How many deals the screen names."""
# The last row of each deal's history that was written BEFORE days ahead of its closing, while it was open; without a
# claim of its own it counts with the default that its stage had at that moment.
CALIBRATION = """
WITH deal AS MATERIALIZED ({deals}), stage AS (
    SELECT pgh_obj_id AS id, probability,
           CASE WHEN lag(pgh_id) OVER history IS NULL THEN '-infinity'::timestamptz ELSE pgh_created_at END AS since,
           coalesce(lead(pgh_created_at) OVER history, 'infinity') AS until
      FROM deals_stageevent WINDOW history AS (PARTITION BY pgh_obj_id ORDER BY pgh_id)
)
SELECT GROUPING(quarter), quarter, count(*), count(*) FILTER (WHERE outcome = 'won'), sum(claim)
  FROM (SELECT held.outcome, date_trunc('quarter', held.closed_on)::date AS quarter,
               coalesce(held.claimed_probability, stage.probability) AS claim
          FROM (SELECT deal.*, event.stage_id, event.claimed_probability
                  FROM (SELECT deal.*, (closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s AS moment
                          FROM deal) AS deal
                  JOIN deals_opportunityevent event ON event.pgh_obj_id = deal.id
                   AND event.pgh_created_at < deal.moment
                   AND (event.pgh_until IS NULL OR event.pgh_until >= deal.moment)
                 WHERE event.outcome = 'open' OFFSET 0) AS held  -- the few stages after the many rows
          JOIN stage ON stage.id = held.stage_id AND stage.since < held.moment AND stage.until >= held.moment) AS told
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


def _open(filters: Filters) -> QuerySet:
    return in_company_currency(filters.book().filter(outcome=Outcome.OPEN), filters.day)


def by_ae(filters: Filters) -> list[Ears]:
    """One line for each owner and one, with `owner` None and the last, for all; rounded deal by deal."""
    sums = told(
        filters,
        with_weighted(_open(filters), filters.day),
        f"""
        SELECT GROUPING(owner_id), owner_id, count(*), coalesce(sum(weighted), 0),
               coalesce(sum(round(value * evidence * 0.01, 2)), 0),
               count(*) FILTER (WHERE {happy()})
          FROM {{told}} WHERE evidence IS NOT NULL GROUP BY GROUPING SETS ((owner_id), ()) ORDER BY 1
        """,  # noqa: S608  our own text
        ["owner_id", "value", "weighted"],
    )
    return [Ears(*row[1:]) for row in sums] or [Ears(None, 0, ZERO, ZERO, 0)]


@dataclass(frozen=True)
class Flagged:
    """One open deal that is claimed far above its evidence."""

    pk: int
    name: str
    value: Decimal
    claim: int
    evidence: int


def flagged(filters: Filters) -> list[Flagged]:
    """The deals claimed furthest above their evidence in money, at most MOST of them."""
    question = f"""
        SELECT id, name, value, claim, evidence FROM {{told}}
         WHERE {happy()} ORDER BY value * (claim - evidence) DESC, id LIMIT {MOST}
    """  # noqa: S608  our own text
    return [Flagged(*row) for row in told(filters, _open(filters), question, ["name", "value"])]


def calibrated(filters: Filters, deals: QuerySet) -> QuerySet:
    """Those of the closed `deals` that were open BEFORE days before they closed, which the calibration counts."""
    told = Opportunity.pgh_event_model.objects.filter(pgh_obj=OuterRef("id"), outcome=Outcome.OPEN)
    moment = Template(
        f"({{0}} - {BEFORE})::timestamp AT TIME ZONE {{1}}", OuterRef("closed_on"), Value(filters.zone),
        output_field=DateTimeField(),
    )  # fmt: skip
    held = told.filter(Q(pgh_until=None) | Q(pgh_until__gte=moment), pgh_created_at__lt=moment)
    return deals.exclude(closed_on=None).filter(Exists(held))


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
