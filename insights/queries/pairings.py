"""How pairs of AE and SE work together: alignment, huddles and debriefs, win rate and cycle."""

import datetime
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q, QuerySet

from deals.models import AlignmentCheck, Outcome, Pairing
from insights.filters import Filters
from insights.periods import Period
from insights.queries.added_up import fetched, summed
from insights.queries.book import ZERO, in_company_currency
from insights.queries.meetings import Habits, habits_of

TREND = 90
"""So many days back a mean of alignment is compared with that of as many days before."""


@dataclass
class Together:
    """What one pair, or some deals, came to in a period."""

    won: int = 0
    lost: int = 0
    days: int = 0
    """From created to won, of all won deals together."""
    amount: Decimal = ZERO
    meetings: Habits = field(default_factory=lambda: Habits("", 0, 0, 0))
    score: Decimal | None = None
    trend: Decimal | None = None

    @property
    def cycle(self) -> Decimal | None:
        """Mean days from created to won."""
        return _one(Decimal(self.days) / self.won) if self.won else None

    def add(self, other: "Together") -> None:
        """Count other deals in."""
        self.won, self.lost, self.days = self.won + other.won, self.lost + other.lost, self.days + other.days
        self.amount += other.amount
        self.meetings += other.meetings


@dataclass
class Pairs:
    """Each pairing, the deals with an SE of another, those without one, and all; alignment by month."""

    pairs: list[tuple[Pairing, Together]]
    rest: Together
    alone: Together
    total: Together
    months: list[tuple[datetime.date, Decimal, int]]


def pairs(filters: Filters, period: Period) -> Pairs:
    """Four queries, whatever the number of pairs."""
    by_pair = _outcomes(filters, period)
    start, end = filters.moments(period)
    for (owner, se, _), met in habits_of(filters, start, end).items():
        by_pair.setdefault((owner, se), Together()).meetings += met
    pairings = shown(filters, period)
    scores, months = _means(filters, period, pairings)
    total, rest, alone = Together(), Together(), Together()
    for key, told in by_pair.items():
        total.add(told)
        if key not in {(one.ae_id, one.se_id) for one in pairings}:
            (rest if key[1] else alone).add(told)
    lines = []
    for one in pairings:
        told = by_pair.get((one.ae_id, one.se_id), Together())
        told.score, told.trend = scores.get(one.pk, (None, None))
        lines.append((one, told))
    return Pairs(lines, rest, alone, total, months)


def shown(filters: Filters, period: Period) -> list[Pairing]:
    """The pairings of the period that the user sees, by name; of two that parted and began again the newer one."""
    return list({(one.ae_id, one.se_id): one for one in fetched(filters.over(period), _pairings)}.values())


def _pairings(filters: Filters) -> QuerySet:
    seen = Pairing.objects.visible_to(filters.user)
    seen = seen.filter(active_since__lte=filters.period.end).filter(active_since__lte=filters.day)
    seen = seen.filter(Q(ended_on=None) | Q(ended_on__gte=filters.period.start))
    if filters.person:
        seen = seen.filter(Q(ae=filters.person) | Q(se=filters.person))
    if filters.team:
        seen = seen.filter(ae__memberships__team__in=filters.team_and_below).distinct()
    return seen.select_related("ae", "se").order_by("ae__name", "se__name", "pk")


def of_pairs(deals: QuerySet, pairings: list[Pairing], inside: bool = True) -> QuerySet:
    """Those of `deals` that belong to one of the pairs, or (not `inside`) that have an SE and belong to none."""
    pair = Q(pk__in=())
    for one in pairings:
        pair |= Q(owner=one.ae_id, se=one.se_id)
    return deals.filter(pair) if inside else deals.exclude(se=None).exclude(pair)


def _outcomes(filters: Filters, period: Period) -> dict[tuple[int | None, int | None], Together]:
    sums = summed(
        filters.over(period),
        """
        SELECT owner_id, se_id, count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost'),
               coalesce(sum(closed_on - (created_at AT TIME ZONE 'UTC')::date) FILTER (WHERE outcome = 'won'), 0),
               coalesce(sum(value) FILTER (WHERE outcome = 'won'), 0)
          FROM ({deals}) AS deal GROUP BY owner_id, se_id
        """,
        _decided,
    )
    return {(owner, se): Together(*figures) for owner, se, *figures in sums}


def _decided(filters: Filters) -> QuerySet:
    days = (filters.period.start, filters.period.end)
    deals = filters.book().filter(outcome__in=[Outcome.WON, Outcome.LOST], closed_on__range=days)
    rows = in_company_currency(deals, filters.day).order_by()
    return rows.values("owner_id", "se_id", "outcome", "value", "closed_on", "created_at")


def checks(filters: Filters, pairings: list[Pairing], period: Period, days: int | None = None) -> QuerySet:
    """The alignment checks of the pairs in the period as far as it is over, or in the last so many `days` of it."""
    last = min(period.end, filters.day)
    found = AlignmentCheck.objects.visible_to(filters.user).filter(pairing__in=pairings, rated_on__lte=last).order_by()
    if days is None:
        return found.filter(rated_on__gte=period.start)
    return found.filter(rated_on__gt=last - datetime.timedelta(days=days))


# By pair over the last days and as many before them; by month over the period.
MEANS = """
SELECT pairing_id, month, avg(score) FILTER (WHERE rated_on > %(middle)s),
       avg(score) FILTER (WHERE rated_on > %(first)s AND rated_on <= %(middle)s),
       avg(score) FILTER (WHERE rated_on >= %(start)s), count(*) FILTER (WHERE rated_on >= %(start)s)
  FROM (SELECT rated.*, date_trunc('month', rated_on)::date AS month FROM ({deals}) AS rated
         WHERE pairing_id = ANY(%(pairings)s) AND rated_on <= %(last)s
           AND (rated_on > %(first)s OR rated_on >= %(start)s)) AS rated
 GROUP BY GROUPING SETS ((pairing_id), (month)) ORDER BY month
"""


def _means(filters: Filters, period: Period, pairings: list[Pairing]) -> tuple[dict[int, tuple], list[tuple]]:
    """The mean score of the last TREND days of the period by pairing, and how much above the same before it is; and
    that of each month, with how many there were."""
    last = min(period.end, filters.day)
    days = {"last": last, "start": period.start}
    days |= {"middle": last - datetime.timedelta(days=TREND), "first": last - datetime.timedelta(days=2 * TREND)}
    scores, months = {}, []
    for pairing, month, now, then, mean, count in summed(
        filters, MEANS, _rated, pairings=[one.pk for one in pairings], **days
    ):
        if pairing:
            trend = None if None in (now, then) else _one(now - then)
            scores[pairing] = (None if now is None else _one(now), trend)
        elif count:
            months.append((month, _one(mean), count))
    return scores, months


def _rated(filters: Filters) -> QuerySet:
    return AlignmentCheck.objects.visible_to(filters.user).order_by().values("pairing_id", "rated_on", "score")


def _one(value: object) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP)
