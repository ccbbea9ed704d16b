"""What is claimed against what the evidence says: of the open deals today, and of closed ones before they closed."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value

from deals.models import Opportunity, Outcome
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency, with_weighted
from insights.queries.evidence import happy, told
from presales.sql import Template

BEFORE = 30
"""So many days before it closed a deal's claim is compared with how it ended."""
MOST = 25
"""How many deals the screen names."""
# The last row of each deal's history that was written BEFORE days ahead of its closing, while it was open; without a
# claim of its own it counts with the default that its stage had at that moment. That moment is the same for all that
# closed on a day, so the many rows are counted by it first.
CALIBRATION = """
SELECT date_trunc('quarter', held.closed_on)::date, sum(held.deals)::bigint,
       sum(held.deals) FILTER (WHERE held.outcome = 'won'),
       sum(held.claims + (held.deals - held.claimed) * stage.probability)
  FROM (SELECT deal.outcome, deal.closed_on, event.stage_id, count(*) AS deals,
               count(event.claimed_probability) AS claimed, coalesce(sum(event.claimed_probability), 0) AS claims
          FROM (SELECT deal.*, (closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s AS moment
                  FROM ({deals}) AS deal) AS deal
          JOIN deals_opportunityevent event ON event.pgh_obj_id = deal.id AND event.pgh_created_at < deal.moment
           AND (event.pgh_until IS NULL OR event.pgh_until >= deal.moment)
         WHERE event.outcome = 'open' GROUP BY 1, 2, 3) AS held
  JOIN (SELECT pgh_obj_id AS id, probability,
               CASE WHEN lag(pgh_id) OVER history IS NULL THEN '-infinity' ELSE pgh_created_at END AS since,
               coalesce(lead(pgh_created_at) OVER history, 'infinity') AS until
          FROM deals_stageevent WINDOW history AS (PARTITION BY pgh_obj_id ORDER BY pgh_id)) AS stage
    ON stage.id = held.stage_id AND stage.since < (held.closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s
   AND stage.until >= (held.closed_on - %(before)s)::timestamp AT TIME ZONE %(zone)s
 GROUP BY 1 ORDER BY 1
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


@dataclass(frozen=True)
class Flagged:
    """One open deal that is claimed far above its evidence."""

    pk: int
    name: str
    value: Decimal
    claim: int
    evidence: int


def _weighted(filters: Filters) -> QuerySet:
    return with_weighted(_open(filters), filters.day)


def ears(filters: Filters) -> tuple[list[Ears], list[Flagged]]:
    """`by_ae` and `flagged`; of a past day in one statement, since what the evidence said has to be worked out."""
    if not filters.as_of:
        return by_ae(filters), flagged(filters)
    question = f"""
        SELECT NULL::bigint, NULL, deal.* FROM ({_sums()}) AS deal
        UNION ALL SELECT id, name, NULL, NULL, value, claim, evidence FROM ({_furthest()}) AS deal
    """  # noqa: S608  our own text
    rows = told(filters, _weighted, question, ["owner_id", "name", "value", "weighted"])
    found = [Flagged(pk, name, value, int(claim), evidence) for pk, name, _, _, value, claim, evidence in rows if pk]
    return _with_total([row[2:] for row in rows if not row[0]]), found


def by_ae(filters: Filters) -> list[Ears]:
    """One line for each owner and one, with `owner` None and the last, for all; rounded deal by deal."""
    return _with_total(told(filters, _weighted, _sums(), ["owner_id", "value", "weighted"]))


def flagged(filters: Filters) -> list[Flagged]:
    """The deals claimed furthest above their evidence in money, at most MOST of them."""
    return [Flagged(*row) for row in told(filters, _open, _furthest(), ["name", "value"])]


def _sums() -> str:
    return f"""
        SELECT owner_id, count(*), coalesce(sum(weighted), 0), coalesce(sum(round(value * evidence * 0.01, 2)), 0),
               count(*) FILTER (WHERE {happy()})
          FROM {{told}} WHERE evidence IS NOT NULL GROUP BY owner_id
    """  # noqa: S608  our own text


def _furthest() -> str:
    return f"""
        SELECT id, name, value, claim, evidence FROM {{told}}
         WHERE {happy()} ORDER BY value * (claim - evidence) DESC, id LIMIT {MOST}
    """  # noqa: S608  our own text


def _with_total(sums: list[tuple]) -> list[Ears]:
    # The last line is the sum of the others: grouped once more by nothing, PostgreSQL would not share the work out.
    total = map(sum, zip((0, ZERO, ZERO, 0), *(row[1:] for row in sums), strict=True))
    return [*(Ears(*row) for row in sums), Ears(None, *total)]


def calibrated(filters: Filters, deals: QuerySet) -> QuerySet:
    """Those of the closed `deals` that were open BEFORE days before they closed, which the calibration counts."""
    told = Opportunity.pgh_event_model.objects.filter(pgh_obj=OuterRef("id"), outcome=Outcome.OPEN)
    moment = Template(
        f"({{0}} - {BEFORE})::timestamp AT TIME ZONE {{1}}", OuterRef("closed_on"), Value(filters.zone),
        output_field=DateTimeField(),
    )  # fmt: skip
    held = told.filter(Q(pgh_until=None) | Q(pgh_until__gte=moment), pgh_created_at__lt=moment)
    return deals.exclude(closed_on=None).filter(Exists(held))


def _decided(filters: Filters) -> QuerySet:
    days = (filters.period.start, filters.period.end)
    deals = filters.book().filter(outcome__in=[Outcome.WON, Outcome.LOST], closed_on__range=days)
    return deals.order_by().values("id", "outcome", "closed_on")


def calibration(filters: Filters, period: Period) -> list[Calibration]:
    """By quarter, the oldest first, then all of the period: deals won and lost that were open BEFORE days earlier."""
    asked = summed(filters.over(period), CALIBRATION, _decided, before=BEFORE, zone=filters.zone)
    sums = [(quarter, count, won or 0, claims) for quarter, count, won, claims in asked]
    if sums:
        sums.append((None, *map(sum, zip(*(row[1:] for row in sums), strict=True))))
    return [
        Calibration(quarter, count, int(won), (Decimal(claims) / count).quantize(Decimal("0.01")))
        for quarter, count, won, claims in sums
    ]
