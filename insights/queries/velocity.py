"""How fast deals become revenue, and how long they rest in each stage; with and without an SE."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, QuerySet

from deals.models import Opportunity, Outcome
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency

SE = {True: "With an SE", False: "Without an SE"}


@dataclass(frozen=True)
class Speed:
    """One group of deals: open ones of the day, and those that closed in the period."""

    open: int = 0
    won: int = 0
    lost: int = 0
    won_amount: Decimal = ZERO
    days_won: int = 0
    """The days from created to won of all won deals together."""

    @property
    def win_rate(self) -> Decimal | None:
        """Won ÷ (won + lost) in percent; no-gos apart."""
        decided = self.won + self.lost
        return _two(Decimal(100 * self.won) / decided) if decided else None

    @property
    def average(self) -> Decimal | None:
        """The mean amount of a won deal."""
        return _two(self.won_amount / self.won) if self.won else None

    @property
    def cycle(self) -> Decimal | None:
        """Mean days from created to won."""
        return _two(Decimal(self.days_won) / self.won) if self.won else None

    @property
    def velocity(self) -> Decimal | None:
        """Opportunities × win rate × average value ÷ cycle days: what a day brings. From exact parts, rounded once."""
        if not self.won or not self.days_won:
            return None
        # open × (won ÷ decided) × (amount ÷ won) ÷ (days ÷ won)
        return _two(self.open * self.won_amount * self.won / ((self.won + self.lost) * Decimal(self.days_won)))


def speeds(filters: Filters, period: Period) -> dict[tuple[str, object], Speed]:
    """`{("all", None) or ("se", whether there is one) or ("owner" or "team", id): Speed}`, in one pass."""
    sums = summed(
        filters.over(period),
        """
        SELECT CASE WHEN GROUPING(has_se) = 0 THEN 'se' WHEN GROUPING(owner_id) = 0 THEN 'owner'
                    WHEN GROUPING(team_id) = 0 THEN 'team' ELSE 'all' END AS what,
               has_se, owner_id, team_id,
               count(*) FILTER (WHERE outcome = 'open'), count(*) FILTER (WHERE outcome = 'won'),
               count(*) FILTER (WHERE outcome = 'lost'),
               coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0),
               coalesce(sum(closed_on - (created_at AT TIME ZONE 'UTC')::date) FILTER (WHERE outcome = 'won'), 0)
          FROM (SELECT deal.*, se_id IS NOT NULL AS has_se FROM ({deals}) AS deal) AS deal
         GROUP BY GROUPING SETS ((has_se), (owner_id), (team_id), ())
        """,
        _counted,
    )
    keys = {"se": 1, "owner": 2, "team": 3}
    return {(row[0], row[keys[row[0]]] if row[0] in keys else None): Speed(*row[4:]) for row in sums}


def _counted(filters: Filters) -> QuerySet:
    ended = Q(outcome__in=[Outcome.WON, Outcome.LOST], closed_on__range=(filters.period.start, filters.period.end))
    deals = in_company_currency(filters.book().filter(Q(outcome=Outcome.OPEN) | ended), filters.day)
    return deals.order_by().values("outcome", "value", "closed_on", "created_at", "owner_id", "team_id", "se_id")


@dataclass(frozen=True)
class Stay:
    """How long deals rested in one stage before they left it."""

    stage: int
    name: str
    count: int
    median: Decimal
    with_se: Decimal | None
    without_se: Decimal | None


STAYS = """
WITH entered AS (
    SELECT pgh_obj_id, pgh_id, stage_id, pgh_created_at, se_id,
           lag(stage_id) OVER history AS came_from
      FROM deals_opportunityevent WHERE pgh_obj_id IN ({deals}) AND pgh_created_at < %(moment)s
    WINDOW history AS (PARTITION BY pgh_obj_id ORDER BY pgh_id)
), stay AS (  -- each ends with the row in which the deal left the stage
    SELECT pgh_obj_id, came_from AS stage_id, lag(pgh_created_at) OVER history AS began, pgh_created_at AS ended, se_id
      FROM entered WHERE came_from IS DISTINCT FROM stage_id
    WINDOW history AS (PARTITION BY pgh_obj_id ORDER BY pgh_id)  -- in the order of before: nothing is sorted again
), told AS (
    SELECT pgh_obj_id AS id, stage_id, began, ended, se_id IS NOT NULL AS has_se,
           date_part('epoch', ended - began) / 86400 AS days
      FROM stay WHERE ended >= %(start)s AND ended < %(end)s AND began IS NOT NULL
)
"""
MEDIANS = """
SELECT stage.id, stage.name, rested.count, rested.days, rested.with_se, rested.without_se
  FROM (SELECT stage_id, count(*) AS count, percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS days,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE has_se) AS with_se,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE NOT has_se) AS without_se
          FROM told WHERE stage_id = ANY(ARRAY(SELECT id FROM deals_stage WHERE outcome = 'open'))
         GROUP BY stage_id) AS rested
  JOIN deals_stage stage ON stage.id = rested.stage_id ORDER BY stage.pipeline_id, stage."order"
"""


def stays(filters: Filters, period: Period) -> list[Stay]:
    """The stays that ended in the period, by the history of the deals in the filters."""
    start, end = filters.moments(period)
    moments = {"start": start, "end": end, "moment": min(end, filters.now)}
    return [
        Stay(pk, name, count, *(None if one is None else Decimal(str(round(one, 1))) for one in days))
        for pk, name, count, *days in summed(filters, STAYS + MEDIANS, _ids, **moments)
    ]


def _ids(filters: Filters) -> QuerySet:
    if filters.as_of and not filters.scope:
        # How a deal stood then matters to filters alone: whatever has a history before the moment was there.
        return Opportunity.objects.visible_to(filters.user).order_by().values("id")
    return filters.book().order_by().values("pgh_obj_id" if filters.as_of else "id")


def _two(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
