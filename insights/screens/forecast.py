"""The forecast: categories by month, what AEs and managers call, what the evidence expects, and how past calls did."""

from decimal import Decimal

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from deals.models.opportunities import ForecastCategory
from insights import drill, listings, periods
from insights.filters import Quarterly
from insights.queries.attainment import in_own_period
from insights.queries.book import ZERO, left_out
from insights.queries.evidence import RULES
from insights.queries.forecast import (
    CATEGORIES,
    WON,
    Called,
    Evidence,
    Month,
    by_month,
    calls,
    evidence,
    won_by_quarter,
)
from insights.queries.quotas import quarters_in
from insights.screens.parts import Card, Screen, counted, percent
from insights.tables import Column, Row, Table
from people.models import Team
from presales.prepared import prepared
from presales.quarters import label, quarter_start, shifted
from presales.templatetags.presales import money, money_short

PAST = 4
"""How many quarters back the accuracy of calls is told."""
LABELS = {WON: "Won", **dict(ForecastCategory.choices)}


def build(filters: Quarterly) -> Screen:
    """The forecast of a quarter or a year."""
    period = filters.period
    months = by_month(filters, period)
    quarters = quarters_in(period)
    this = quarter_start(filters.day)
    past = [shifted(this, -back) for back in range(1, PAST + 1)]
    called = calls(filters, [*quarters, *past])
    current = [one for one in called if one.quarter in quarters]
    return Screen(
        "forecast",
        "Forecast",
        f"{period.label}: what is won, what is committed, what was called, and what the evidence expects.",
        filters,
        _cards(filters, months, current),
        [
            _months(filters, months),
            _calls(filters, current),
            _accuracy(filters, [one for one in called if one.quarter in past]),
        ],
        left_out(filters, in_own_period),
        remarks=[RULES] if filters.as_of else [],
        actions=[("Calls", reverse("deals:forecast_calls"))] if filters.user.has_perm("deals.see_calls") else [],
    )


def _cards(filters: Quarterly, months: list[Month], current: list[Called]) -> list[Card]:
    won, commit, best = (
        sum((month.amount(*parts) for month in months), ZERO)
        for parts in ([WON], [WON, ForecastCategory.COMMIT], [WON, ForecastCategory.COMMIT, ForecastCategory.BEST_CASE])
    )
    cards = [
        Card("Won", money_short(won), f"{money(won)} won in the period", drill.url(filters, state="won")),
        Card("Commit", money_short(commit), f"{money(commit)}: won and committed", _upto(filters, "commit")),
        Card(
            "Best case", money_short(best), f"{money(best)}: won, committed and best case", _upto(filters, "best_case")
        ),
    ]
    cards.append(_evidence_card(filters, evidence(filters, filters.period)))
    own = [one for one in current if one.team is None]
    if own:
        amount = sum((one.amount for one in own), ZERO)
        note = f"{money(amount)}: the newest calls of {counted(len(own), 'AE')}"
        cards.append(Card("AEs call", money_short(amount), note, listings.url("calls", filters)))
    for one in _topmost([one for one in current if one.team]):
        cards.append(
            Card(
                f"{one.team_name} is called", money_short(one.amount), f"{money(one.amount)}, by {one.name}",
                _calls_url(filters, one), key=f"called-{one.team}",
            )
        )  # fmt: skip
    return cards


def _upto(filters: Quarterly, category: str) -> str:
    return drill.url(filters, state="forecast", upto=category)


def _evidence_card(filters: Quarterly, found: Evidence) -> Card:
    note = f"{money(found.figure)}; 8 of 10 times between {money_short(found.low)} and {money_short(found.high)}"
    if found.unknown:
        note += f"; {counted(found.unknown, 'deal')} at what is claimed"
    return Card("Evidence-based", money_short(found.figure), note, drill.url(filters, state="forecast"))


def _topmost(called: list[Called]) -> list[Called]:
    """Calls for teams that are below no other team called here, at most three."""
    parents = dict(_parents().rows()) if called else {}
    teams = {one.team for one in called}

    def is_below(pk: int | None) -> bool:
        while (pk := parents.get(pk)) is not None:
            if pk in teams:
                return True
        return False

    return [one for one in called if not is_below(one.team)][:3]


def _months(filters: Quarterly, months: list[Month]) -> Table:
    def row(name: str, parts: dict, period: periods.Period) -> Row:
        values = [parts.get(part, (ZERO, 0))[0] for part in CATEGORIES]
        of = filters.params() | {"period": period.key}
        urls = [
            drill.address(of, state="won") if part == WON else drill.address(of, state="open", category=part)
            for part in CATEGORIES
        ]
        whole = drill.address(of, state="forecast", upto="pipeline")
        return Row(name, [*values, sum(values[:4], ZERO)], urls=[*urls, whole])

    rows = [row(f"{month.first:%b %Y}", month.parts, periods.month(month.first)) for month in months]
    whole: dict[str, tuple[Decimal, int]] = {}
    for month in months:
        for part, (amount, count) in month.parts.items():
            before = whole.get(part, (ZERO, 0))
            whole[part] = (before[0] + amount, before[1] + count)
    columns = [
        Column(LABELS[part], "money", "stack" if part != ForecastCategory.OMITTED else "") for part in CATEGORIES
    ]
    return Table(
        "months",
        "By month",
        "Won deals in the month they closed, open ones in the month they are expected, by the category the AE gave "
        "them. All: without what is omitted.",
        [Column("Month"), *columns, Column("All", "money")],
        rows,
        row("The whole period", whole, filters.period) if rows else None,
        len(rows),
        empty="No deal closed in this period or is expected in it.",
    )


def _calls_url(filters: Quarterly, one: Called) -> str:
    whose = {"of_team": one.team} if one.team else {"author": one.author}
    return listings.url("calls", filters, quarter=one.quarter, **whose)


def _calls(filters: Quarterly, current: list[Called]) -> Table:
    rows = [
        Row(
            one.whose,
            [label(one.quarter), one.first, one.amount, timezone.localtime(one.called_at).strftime("%-d %b %Y")],
            _calls_url(filters, one),
        )
        for one in sorted(current, key=lambda one: (one.quarter, one.team is None, one.whose))
    ]
    return Table(
        "calls",
        "What was called",
        "The first and the newest call of each AE for the own deals, and of managers for their teams: all that the "
        "quarter will bring.",
        [Column("Who"), Column("Quarter", "text"), Column("First call", "money", sums=""),
         Column("Newest call", "money", sums=""),
         Column("Called on", "text")],
        rows,
        empty="Nobody has called this period yet.",
    )  # fmt: skip


def _accuracy(filters: Quarterly, past: list[Called]) -> Table:
    won = won_by_quarter(filters, sorted({one.quarter for one in past}))
    below = _below() if any(one.team for one in past) else {}

    def outcome(one: Called) -> Decimal:
        return sum(
            (
                amount
                for (quarter, owner, team), amount in won.items()
                if quarter == one.quarter and (team in below.get(one.team, ()) if one.team else owner == one.author)
            ),
            ZERO,
        )

    lines = []
    for one in sorted(past, key=lambda one: (-one.quarter.toordinal(), one.team is None, one.whose)):
        came = outcome(one)
        off = percent(one.first - came, came), percent(one.amount - came, came)
        made, won_url = _calls_url(filters, one), _won_url(filters, one)
        ways = ["", made, made, won_url, won_url, won_url]
        lines.append(Row(one.whose, [label(one.quarter), one.first, one.amount, came, *off], urls=ways))
    return Table(
        "accuracy",
        "How past calls turned out",
        "Calls of the last four quarters against what was won in them. Off: (call − won) ÷ won; above zero means "
        "too much was called.",
        [Column("Who"), Column("Quarter", "text"), Column("First call", "money", sums=""),
         Column("Last call", "money", sums=""),
         Column("Won", "money"), Column("First off by", "percent"), Column("Last off by", "percent")],
        lines,
        empty="No calls of past quarters. Once a quarter is over, its calls stand here beside what was won.",
    )  # fmt: skip


def _won_url(filters: Quarterly, one: Called) -> str:
    """What was won of a call: by its AE, or in its team and those below, whatever the filters of the screen."""
    period = periods.quarter_of(one.quarter).key
    asked = {"person": "all", "period": period, **({"as_of": str(filters.as_of)} if filters.as_of else {})}
    return drill.address(asked, state="won", **({"team": one.team} if one.team else {"owner": one.author}))


@prepared
def _parents() -> QuerySet:
    return Team.objects.order_by().values_list("pk", "parent_id")


def _below() -> dict[int, set[int]]:
    parents = dict(_parents().rows())
    found: dict[int, set[int]] = {pk: {pk} for pk in parents}
    for pk in parents:
        above = pk
        while (above := parents.get(above)) is not None:
            found[above].add(pk)
    return found
