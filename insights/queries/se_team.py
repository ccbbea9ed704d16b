"""What the SEs bring about: outcomes, technical wins, POCs, demos, time to claim; by SE and for all of them.

Of a past day: deals as they stood, technical decisions as they were known, and what had happened by the end of it.
"""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection

from deals.models import MeetingKind, QueueEntry, TechnicalWin
from insights.filters import Filters
from insights.periods import Period
from insights.queries import past
from insights.queries.book import ZERO, in_company_currency

ALARM = 15
"""So many demos in a week without a single POC started mean that demos are given away."""
DEALS = "WITH deal AS MATERIALIZED ({deals}) "

# Deals by the SE who holds them, or held them when they closed.
OUTCOMES = """
SELECT GROUPING(se_id), se_id, count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost'),
       count(*) FILTER (WHERE outcome = 'no_go'),
       count(*) FILTER (WHERE outcome = 'won' AND had_poc), count(*) FILTER (WHERE outcome = 'lost' AND had_poc),
       count(*) FILTER (WHERE outcome = 'open'), coalesce(sum(value) FILTER (WHERE outcome = 'open'), 0)
  FROM (SELECT deal.*, EXISTS (SELECT FROM deals_poc poc WHERE poc.opportunity_id = deal.id
                                  AND poc.started_on <= %(day)s) AS had_poc
          FROM deal
         WHERE outcome = 'open' OR closed_on BETWEEN %(first)s AND %(last)s) AS deal
 GROUP BY GROUPING SETS ((se_id), ())
"""
# The rows that are counted below, each with its deal; insights/listings.py lists them.
DECISIONS = """
SELECT told.*, decided_on - discovered AS days
  FROM (SELECT deal.id, deal.se_id, win.state, win.satisfaction, win.decided_on,
               (SELECT min(event.pgh_created_at AT TIME ZONE %(zone)s)::date FROM deals_opportunityevent event
                  JOIN deals_stage stage ON stage.id = event.stage_id AND stage.slug = 'discovery'
                 WHERE event.pgh_obj_id = deal.id AND event.pgh_created_at <= %(now)s) AS discovered
          FROM deal JOIN {technical} win ON win.opportunity_id = deal.id
         WHERE deal.se_id IS NOT NULL AND win.decided_on BETWEEN %(first)s AND %(last)s) AS told
"""
SHOWN = """
SELECT * FROM (
    SELECT deal.id, deal.se_id, 'demo' AS kind, (meeting.ends_at AT TIME ZONE %(zone)s)::date AS day,
           meeting.objective AS title
      FROM deal JOIN deals_meeting meeting ON meeting.opportunity_id = deal.id
     WHERE meeting.kind = %(demo)s AND meeting.ends_at <= %(now)s
       AND (meeting.cancelled_at IS NULL OR meeting.cancelled_at > %(now)s)
    UNION ALL
    SELECT deal.id, deal.se_id, 'poc', poc.started_on, poc.title FROM deal
      JOIN deals_poc poc ON poc.opportunity_id = deal.id WHERE poc.started_on <= %(day)s) AS told
 WHERE day BETWEEN %(first)s AND %(last)s
"""
CLAIMED = """
SELECT deal.id, claim.se_id, entry.entered_at, claim.claimed_at,
       extract(epoch FROM claim.claimed_at - entry.entered_at) / 3600 AS hours
  FROM deal JOIN deals_queueentry entry ON entry.opportunity_id = deal.id AND entry.result = %(claimed)s
  JOIN LATERAL (SELECT se_id, claimed_at FROM deals_claim claim
                 WHERE claim.opportunity_id = deal.id AND claim.claimed_at >= entry.entered_at
                 ORDER BY claimed_at LIMIT 1) claim ON TRUE
 WHERE claim.claimed_at >= %(start)s AND claim.claimed_at < %(end)s AND claim.claimed_at <= %(now)s
"""
TECHNICAL = f"""
SELECT GROUPING(se_id), se_id, count(*) FILTER (WHERE state = 'won'), count(*) FILTER (WHERE state = 'lost'),
       avg(satisfaction), percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE state = 'won')
  FROM ({DECISIONS}) AS told GROUP BY GROUPING SETS ((se_id), ())
"""  # noqa: S608  our own text
DEMOS = f"""
SELECT se_id, date_trunc('week', day)::date, count(*) FILTER (WHERE kind = 'demo'), count(*) FILTER (WHERE kind = 'poc')
  FROM ({SHOWN}) AS told GROUP BY 1, 2 ORDER BY 2
"""  # noqa: S608
CLAIMS = f"""
SELECT GROUPING(se_id), se_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY hours)
  FROM ({CLAIMED}) AS told GROUP BY GROUPING SETS ((se_id), ())
"""  # noqa: S608


@dataclass
class Work:
    """The figures of one SE, or of all deals that have one. Rates are asked of `insights.screens.parts.percent`."""

    won: int = 0
    lost: int = 0
    no_go: int = 0
    poc_won: int = 0
    poc_lost: int = 0
    open: int = 0
    amount: Decimal = ZERO
    technical_won: int = 0
    technical_lost: int = 0
    satisfaction: Decimal | None = None
    cycle: Decimal | None = None
    demos: int = 0
    pocs: int = 0
    claims: int = 0
    hours: Decimal | None = None


@dataclass
class SeTeam:
    """Everything by SE; `total` of all deals with an SE, `without` of those without one, `alarms` the weeks."""

    ses: dict[int, Work]
    total: Work
    without: Work
    alarms: list[tuple[datetime.date, int]]


def clock(filters: Filters, period: Period) -> dict[str, object]:
    """The parameters of the statements above, but those of the deals."""
    start, end = filters.moments(period)
    return {
        "first": period.start, "last": period.end, "start": start, "end": end, "zone": filters.zone,
        "now": filters.now, "day": filters.day, "demo": MeetingKind.DEMO, "claimed": QueueEntry.Result.CLAIMED,
    }  # fmt: skip


def whole_question(filters: Filters, question: str) -> str:
    """A statement with the technical decisions of the day in their place."""
    technical = past.rows_at(TechnicalWin, filters, "opportunity_id", "state", "satisfaction", "decided_on")
    return question.replace("{technical}", technical)


def se_team(filters: Filters, period: Period, parts: Collection[str] = (OUTCOMES, TECHNICAL, DEMOS, CLAIMS)) -> SeTeam:
    """Four queries over the deals in the filters, or only the `parts` of them that are wanted."""
    found: dict[int | None, Work] = {}
    rows = (
        in_company_currency(filters.book(), filters.day)
        .order_by()
        .values("id", "se_id", "outcome", "closed_on", "value")
    )
    try:
        deals, own = past.named(*rows.query.sql_with_params(), "deal")
    except EmptyResultSet:
        return SeTeam({}, Work(), Work(), [])
    parameters = own | clock(filters, period)

    def ask(question: str) -> list[tuple]:
        if question not in parts:
            return []
        with connection.cursor() as cursor:
            cursor.execute(DEALS.format(deals=deals) + whole_question(filters, question), parameters)
            return cursor.fetchall()

    def of(se: int | None) -> Work:
        return found.setdefault(se, Work())

    whole = Work()
    for is_total, se, *figures in ask(OUTCOMES):
        if not is_total:
            work = of(se)
            work.won, work.lost, work.no_go, work.poc_won, work.poc_lost, work.open, work.amount = figures
    for is_total, se, won, lost, satisfaction, cycle in ask(TECHNICAL):
        work = whole if is_total else of(se)
        work.technical_won, work.technical_lost = won, lost
        work.satisfaction, work.cycle = _one(satisfaction), _one(cycle)
    weeks: dict[datetime.date, list[int]] = {}
    for se, week, demos, pocs in ask(DEMOS):
        for work in (of(se), whole) if se else ():
            work.demos += demos
            work.pocs += pocs
        both = weeks.setdefault(week, [0, 0])
        both[0] += demos
        both[1] += pocs
    for is_total, se, count, hours in ask(CLAIMS):
        work = whole if is_total else of(se)
        work.claims, work.hours = count, _one(hours)
    without = found.pop(None, Work())
    for name in ("won", "lost", "no_go", "poc_won", "poc_lost", "open", "amount"):
        setattr(whole, name, sum((getattr(work, name) for work in found.values()), type(getattr(whole, name))(0)))
    alarms = [(week, demos) for week, (demos, pocs) in weeks.items() if demos >= ALARM and not pocs]
    return SeTeam(found, whole, without, alarms)


def _one(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(round(float(value), 1)))
