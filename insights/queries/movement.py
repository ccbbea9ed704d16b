"""What the open pipeline did between two days: from the opening through every movement to the closing, to the cent."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import Case, DateTimeField, Q, QuerySet, Value, When

from deals.models import Opportunity, Outcome
from deals.models.rates import VALUE
from insights.filters import Filters, Span
from insights.queries.added_up import rows_of, run
from insights.queries.book import ZERO
from presales.prepared import Given
from presales.validity import end_of, states_of

# In the order of the waterfall: name, label, what it means.
KINDS = [
    ("opening", "Opening", "open, in the filters and expected in the period when the first day was over"),
    ("new", "New", "did not exist on the first day"),
    ("reopened", "Opened again", "was closed on the first day and opened since"),
    ("pulled_in", "Pulled in", "was expected after the period, or on no day"),
    ("slipped_in", "Slipped in", "was expected before the period and was pushed into it"),
    ("moved_in", "Moved in", "came under the filters: another team, person, type or source, or a first exchange rate"),
    ("advanced", "Grew", "the amount was raised"),
    ("reduced", "Shrank", "the amount was lowered"),
    ("rates", "Exchange rates", "same amount, another rate"),
    ("pushed_out", "Pushed out", "is now expected after the period, or on no day"),
    ("brought_forward", "Brought forward", "is now expected before the period"),
    ("moved_out", "Moved out", "left the filters: another team, person, type or source"),
    ("no_go", "No-go", "called off by SE or manager"),
    ("lost", "Lost", "lost, at the amount it had then"),
    ("won", "Won", "won, at the amount it was won with"),
    ("closing", "Closing", "open, in the filters and expected in the period when the second day was over"),
]
NAMES = {name for name, _, _ in KINDS}

# `a` is a deal when the first day was over, `b` the same when the second was. `inside`: open, in the filters and
# expected in the period. What closed between the days comes in and goes out again. What leaves by closing goes at the
# amount it closed with, after its change; what leaves otherwise goes at the amount it had. Both are read at once. What
# closed before the first day and was left alone since did nothing, so it is not looked at, if a rate is no question.
MOVES = """
WITH held AS MATERIALIZED (
    SELECT deal.*, pgh_created_at < %(after_since)s AS is_first,
           pgh_until IS NULL OR pgh_until >= %(after_until)s AS is_second
      FROM ({states}) AS deal
     WHERE (pgh_created_at < %(after_since)s OR pgh_until IS NULL OR pgh_until >= %(after_until)s)
       AND (outcome = 'open' OR currency <> %(company)s
            OR NOT (pgh_created_at < %(after_since)s AND (pgh_until IS NULL OR pgh_until >= %(after_until)s)))
), a AS (
    SELECT *, {first} AS value FROM held WHERE is_first
), b AS (
    SELECT *, {second} AS value FROM held WHERE is_second
), pair AS (
    SELECT b.id, a.value AS was, coalesce(b.value, a.value) AS is_now, b.value IS NOT NULL AS counted,
           a.id IS NOT NULL AS existed, a.outcome AS outcome_was, b.outcome AS outcome_is, b.scope,
           coalesce(a.scope, FALSE) AS scope_was, a.value IS NOT NULL AS counted_before,
           a.close_date AS date_was, b.close_date AS date_is,
           b.amount, CASE WHEN b.value IS NULL AND b.scope THEN b.currency END AS left_out,
           a.amount IS NOT DISTINCT FROM b.amount AND a.currency = b.currency AS same_amount,
           a.id IS NOT NULL AND a.inside AND a.value IS NOT NULL AS inside_was,
           b.inside AND b.value IS NOT NULL AS inside_is,
           b.outcome <> 'open' AND b.scope AND b.value IS NOT NULL AND b.ended_inside
             AND (a.outcome, a.closed_on) IS DISTINCT FROM (b.outcome, b.closed_on) AS ended
      FROM b LEFT JOIN a USING (id)
), step AS (
    SELECT told.*,
           CASE WHEN inside_was AND (inside_is OR went IN ('won', 'lost', 'no_go')) AND is_now <> was THEN
                CASE WHEN same_amount THEN 'rates' WHEN is_now > was THEN 'advanced' ELSE 'reduced' END END AS changed
      FROM (SELECT pair.*,
                   CASE WHEN inside_was OR NOT (inside_is OR ended) THEN NULL
                        WHEN NOT existed THEN 'new'
                        WHEN outcome_was <> 'open' THEN 'reopened'
                        WHEN NOT scope_was OR NOT counted_before THEN 'moved_in'
                        WHEN date_was < %(start)s THEN 'slipped_in'
                        ELSE 'pulled_in' END AS came,
                   CASE WHEN inside_is THEN NULL
                        WHEN NOT inside_was THEN CASE WHEN ended THEN outcome_is END
                        WHEN NOT scope OR NOT counted THEN 'moved_out'
                        WHEN outcome_is <> 'open' THEN outcome_is
                        WHEN date_is < %(start)s THEN 'brought_forward'
                        ELSE 'pushed_out' END AS went
              FROM pair OFFSET 0) AS told
)
"""
# Each kind as a condition on a step, and what it adds.
ENDS = ("won", "lost", "no_go")
TOLD = {
    "opening": ("inside_was", "was"),
    "closing": ("inside_is", "is_now"),
    **{name: (f"came = '{name}'", "is_now") for name in ("new", "reopened", "pulled_in", "slipped_in", "moved_in")},
    **{name: (f"changed = '{name}'", "is_now - was") for name in ("advanced", "reduced", "rates")},
    **{name: (f"went = '{name}'", "-was") for name in ("pushed_out", "brought_forward", "moved_out")},
    **{name: (f"went = '{name}'", "-is_now") for name in ENDS},
}
# Few groups, whatever the number of deals: what a deal did is one of few courses.
COURSES = """
SELECT inside_was, inside_is, came, changed, went, left_out, count(*), sum(was), sum(is_now), sum(amount)
  FROM step WHERE inside_was OR inside_is OR came IS NOT NULL OR left_out IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5, 6
"""


@dataclass(frozen=True)
class Move:
    """One line of the waterfall: how many deals, and what they add to the pipeline; less than nothing if they left."""

    kind: str
    count: int = 0
    amount: Decimal = ZERO


@dataclass
class Movement:
    """Every line of the waterfall by its kind, and what no rate of the later day lets count."""

    lines: dict[str, Move]
    left_out: list[tuple[str, int, Decimal]]


def movement(filters: Span) -> Movement:
    """The waterfall. One pass over the states of both days."""
    found = {name: [0, ZERO] for name, _, _ in KINDS}
    left: dict[str, list] = {}
    for inside_was, inside_is, came, changed, went, left_out, count, was, is_now, amount in _run(filters, COURSES):
        told = [
            ("opening" if inside_was else None, was), (came, is_now), ("closing" if inside_is else None, is_now),
            (changed, is_now - was if changed else ZERO),
            (went, (-is_now if went in ENDS else -was) if went else ZERO),
        ]  # fmt: skip
        for kind, change in told:
            if kind:
                found[kind][0] += count
                found[kind][1] += change
        if left_out:
            line = left.setdefault(left_out, [0, ZERO])
            line[0] += count
            line[1] += amount
    lines = {name: Move(name, *line) for name, line in found.items()}
    return Movement(lines, [(currency, *left[currency]) for currency in sorted(left)])


def moves(filters: Span, kind: str, offset: int = 0, limit: int | None = None) -> tuple[list[tuple], int, Decimal]:
    """`(deal, change)` of one line, the largest first, from `offset` on; how many there are, and their sum, which is
    the line."""
    condition, change = TOLD[kind]
    rows = _run(
        filters,
        f"SELECT id, {change} AS change, count(*) OVER (), sum({change}) OVER () FROM step WHERE {condition} "  # noqa: S608
        f"ORDER BY abs({change}) DESC, id OFFSET %(offset)s LIMIT %(limit)s",
        offset=offset,
        limit=limit,
    )
    count, total = rows[0][2:] if rows else (0, ZERO)
    return [row[:2] for row in rows], count, total


def by_deal(filters: Span) -> list[tuple[int, str, Decimal]]:
    """`(deal, kind, amount)` of every movement, opening and closing among them."""
    kinds = " UNION ALL ".join(
        f"SELECT id, '{kind}', {change} FROM step WHERE {condition}"  # noqa: S608  of our own words alone
        for kind, (condition, change) in TOLD.items()
    )
    return _run(filters, f"{kinds} ORDER BY 1")


def _run(filters: Span, question: str, **parameters: object) -> list[tuple]:
    moments = {"after_since": end_of(filters.since), "after_until": end_of(filters.until)}
    states, values = rows_of(filters, "state", _states, **moments)
    if not states:
        return []
    first, second = (
        VALUE.format("amount", "currency", "%(company)s", "closed_on", f"%({day})s") for day in ("since", "until")
    )
    days = {"since": filters.since, "until": filters.until, "start": filters.period.start if filters.period else None}
    asked = {**values, **moments, **days, "company": settings.COMPANY_CURRENCY, **parameters}
    return run(MOVES.format(states=states, first=first, second=second) + question, asked)


def _states(filters: Filters) -> QuerySet:
    """Every deal that the user sees, as it stood from the end of the first day on until that of the second, with what
    the filters say of it."""
    held = Q(pgh_created_at__lt=_moment("after_until")) & (Q(pgh_until=None) | Q(pgh_until__gte=_moment("after_since")))
    states = states_of(Opportunity.objects.visible_to(filters.user)).filter(held)
    scope, period = filters.scope, filters.period
    inside = scope & Q(outcome=Outcome.OPEN)
    ended = Q()
    if period:
        inside &= Q(close_date__range=(period.start, period.end))
        ended = Q(closed_on__range=(period.start, period.end))

    def flag(condition: Q) -> Case | Value:
        return Case(When(condition, then=Value(True)), default=Value(False)) if condition else Value(True)

    states = states.annotate(scope=flag(scope), inside=flag(inside), ended_inside=flag(ended)).order_by()
    return states.values(
        "id", "outcome", "close_date", "closed_on", "amount", "currency", "scope", "inside", "ended_inside",
        "pgh_created_at", "pgh_until",
    )  # fmt: skip


def _moment(name: str) -> Given:
    return Given(name, DateTimeField())
