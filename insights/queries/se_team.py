"""What the SEs bring about: outcomes, technical wins, POCs, demos, time to claim; by SE and for all of them.

Of a past day: deals as they stood, technical decisions as they were known, and what had happened by the end of it.
"""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from deals.models import MeetingKind, Outcome, QueueEntry, TechnicalWin
from insights.filters import Filters
from insights.periods import Period
from insights.queries import past
from insights.queries.added_up import summed
from insights.queries.book import ZERO, in_company_currency

ALARM = 15
"""So many demos in a week without a single POC started mean that demos are given away."""
DEALS = "WITH deal AS ({deals}) "

# Deals by the SE who holds them, or held them when they closed.
OUTCOMES = """
SELECT se_id, outcome, outcome IN ('won', 'lost')
           AND id IN (SELECT opportunity_id FROM deals_poc WHERE started_on <= %(day)s) AS had_poc,
       count(*), coalesce(sum(value) FILTER (WHERE outcome = 'open'), 0)
  FROM deal GROUP BY 1, 2, 3
"""
# The rows that are counted below, each with its deal; insights/listings.py lists them.
DECISIONS = """
SELECT told.*, decided_on - discovered AS days
  FROM (SELECT deal.id, deal.se_id, win.state, win.satisfaction, win.decided_on,
               min(event.pgh_created_at AT TIME ZONE %(zone)s)::date AS discovered
          FROM deal JOIN {technical} win ON win.opportunity_id = deal.id
          LEFT JOIN deals_opportunityevent event ON event.pgh_obj_id = deal.id AND event.pgh_created_at <= %(now)s
           AND event.stage_id = ANY(ARRAY(SELECT id FROM deals_stage WHERE slug = 'discovery'))
         WHERE deal.se_id IS NOT NULL AND win.decided_on BETWEEN %(first)s AND %(last)s
         GROUP BY deal.id, deal.se_id, win.state, win.satisfaction, win.decided_on) AS told
"""
SHOWN = """
SELECT deal.id, deal.se_id, work.kind, work.day, work.title
  FROM (SELECT opportunity_id, 'demo' AS kind, (ends_at AT TIME ZONE %(zone)s)::date AS day, objective AS title
          FROM deals_meeting
         WHERE kind = %(demo)s AND ends_at >= %(start)s AND ends_at < %(end)s AND ends_at <= %(now)s
           AND opportunity_id IS NOT NULL AND (cancelled_at IS NULL OR cancelled_at > %(now)s)
        UNION ALL
        SELECT opportunity_id, 'poc', started_on, title FROM deals_poc
         WHERE started_on BETWEEN %(first)s AND %(last)s AND started_on <= %(day)s) AS work
  JOIN deal ON deal.id = work.opportunity_id
"""
# The first claim since the deal entered the queue.
CLAIMED = """
SELECT deal.id, claim.se_id, entry.entered_at, claim.claimed_at,
       date_part('epoch', claim.claimed_at - entry.entered_at) / 3600 AS hours
  FROM deals_claim claim
  JOIN deals_queueentry entry ON entry.opportunity_id = claim.opportunity_id AND entry.entered_at <= claim.claimed_at
  JOIN deal ON deal.id = claim.opportunity_id
 WHERE claim.claimed_at >= %(start)s AND claim.claimed_at < %(end)s AND claim.claimed_at <= %(now)s
   AND entry.result = %(claimed)s
   AND NOT EXISTS (SELECT FROM deals_claim former
                    WHERE former.opportunity_id = claim.opportunity_id AND former.claimed_at >= entry.entered_at
                      AND (former.claimed_at, former.id) < (claim.claimed_at, claim.id))
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

    def ask(question: str) -> list[tuple]:
        if question not in parts:
            return []
        # What hangs on deals asks for no more of them than whose they are.
        rows = _counted if question is OUTCOMES else _held
        asked = DEALS + whole_question(filters, question)
        return summed(filters.over(period), asked, rows, **clock(filters, period))

    def of(se: int | None) -> Work:
        return found.setdefault(se, Work())

    whole = Work()
    for se, outcome, had_poc, count, amount in ask(OUTCOMES):
        work = of(se)
        for name in (outcome, f"poc_{outcome}") if had_poc else (outcome,):
            setattr(work, name, getattr(work, name) + count)
        work.amount += amount
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


def _held(filters: Filters) -> QuerySet:
    return in_company_currency(filters.book(), filters.day).order_by().values("id", "se_id")


def _counted(filters: Filters) -> QuerySet:
    ended = Q(closed_on__range=(filters.period.start, filters.period.end))
    deals = in_company_currency(filters.book().filter(Q(outcome=Outcome.OPEN) | ended), filters.day)
    return deals.order_by().values("id", "se_id", "outcome", "value")


def _one(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(round(float(value), 1)))
