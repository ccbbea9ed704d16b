"""Happy ears: what is claimed above the evidence, by AE and deal, and how past claims came true."""

from decimal import Decimal

from django.conf import settings
from django.urls import reverse

from insights import drill, periods
from insights.filters import Filters, Yearly
from insights.queries.book import left_out
from insights.queries.evidence import RULES
from insights.queries.happy_ears import BEFORE, MOST, Ears, Flagged, calibration, ears
from insights.queries.names import people_named
from insights.screens.parts import Card, Screen, counted, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short, number


def build(filters: Yearly) -> Screen:
    """Open deals by AE, those to ask about, and the calibration of past claims."""
    (*lines, whole), furthest = ears(filters)
    past = calibration(filters, filters.period)
    return Screen(
        "happy_ears",
        "Happy ears",
        f"What AEs claim against what the evidence says; a deal is flagged above {settings.HAPPY_EARS_MARGIN} points.",
        filters,
        _cards(filters, whole, past),
        [_aes(filters, lines, whole), _deals(furthest), _calibration(filters, past)],
        left_out(filters, Filters.open_deals),
        remarks=[RULES] if filters.as_of else [],
    )


def _timeless(filters: Yearly) -> dict[str, str]:
    return {name: value for name, value in filters.params().items() if name != "period"}


def _flagged_url(filters: Yearly, **narrow: object) -> str:
    return drill.address(_timeless(filters), state="open", risk="happy_ears", **narrow)


def _known_url(filters: Yearly, **narrow: object) -> str:
    return drill.address(_timeless(filters), state="open", evidence="known", **narrow)


def _cards(filters: Yearly, whole: Ears, past: list) -> list[Card]:
    cards = [
        Card(
            "Claimed", money_short(whole.claimed), f"{money(whole.claimed)}: amount × what is claimed of open deals",
            _known_url(filters),
        ),
        Card(
            "Evidence", money_short(whole.evidence), f"{money(whole.evidence)}: the same with what the evidence says",
            _known_url(filters),
        ),
        Card(
            "Flagged", number(whole.flagged),
            f"of {counted(whole.count, 'open deal')}: claimed far above the evidence",
            _flagged_url(filters), "bad" if whole.flagged else "good",
        ),
    ]  # fmt: skip
    if past:
        total = past[-1]
        came = percent(total.won, total.count)
        cards.append(
            Card(
                "Claims came true", shown_percent(came),
                f"of {counted(total.count, 'deal')} were won; {BEFORE} days before, {total.claimed} % was claimed",
                drill.url(filters, state="decided", claimed="before"),
            )
        )  # fmt: skip
    return cards


def _aes(filters: Yearly, lines: list[Ears], whole: Ears) -> Table:
    names = people_named(filters, {line.owner for line in lines})

    def row(label: str, line: Ears, **narrow: object) -> Row:
        return Row(
            label,
            [line.count, line.claimed, line.evidence, line.gap, percent(line.gap, line.evidence), line.flagged],
            urls=[*[_known_url(filters, **narrow)] * 5, _flagged_url(filters, **narrow)],
        )

    rows = [
        row(names.get(line.owner, "Nobody here"), line, owner=line.owner or drill.NONE)
        for line in sorted(lines, key=lambda line: (-line.gap, str(line.owner)))
    ]
    return Table(
        "aes", "By AE",
        "Open deals of which the evidence says something: amount × probability, rounded to the cent deal by deal, as "
        "claimed and as the evidence has it.",
        [Column("AE"), Column("Deals", "count"), Column("Claimed", "money", "bar", "Weighted"),
         Column("Evidence", "money", "bar", "By evidence"), Column("Gap", "money", sums=""),
         Column("Of the evidence", "percent"), Column("Flagged", "count")],
        rows, row("All open deals", whole) if rows else None, len(rows),
        empty="The evidence says nothing of any open deal yet.",
    )  # fmt: skip


def _deals(furthest: list[Flagged]) -> Table:
    rows = [
        Row(
            deal.name,
            [deal.value, Decimal(deal.claim), Decimal(deal.evidence), deal.claim - deal.evidence],
            reverse("deals:opportunity", args=[deal.pk]),
        )
        for deal in furthest
    ]
    return Table(
        "deals", "Deals to ask about",
        f"Open deals claimed more than {settings.HAPPY_EARS_MARGIN} points above the evidence, the most money first, "
        f"at most {MOST}.",
        [Column("Deal"), Column("Amount", "money"), Column("Claimed", "percent"), Column("Evidence", "percent"),
         Column("Points above", "count")],
        rows, empty="No open deal is claimed far above its evidence.",
    )  # fmt: skip


def _calibration(filters: Yearly, past: list) -> Table:
    def row(label: str, line: object, period: str) -> Row:
        came = percent(line.won, line.count)
        url = drill.address(filters.params() | {"period": period}, state="decided", claimed="before")
        won = drill.address(filters.params() | {"period": period}, state="won", claimed="before")
        return Row(label, [line.count, line.claimed, came, line.claimed - came], url, [url, url, won, url])

    rows = [
        row(quarter.label, line, quarter.key) for line in past[:-1] for quarter in [periods.quarter_of(line.quarter)]
    ]
    return Table(
        "calibration", "Over time",
        f"Deals won or lost in each quarter that were open {BEFORE} days before they closed: the mean probability "
        "claimed then, by the history, against how many were won. Above zero is happy ears.",
        [Column("Quarter"), Column("Decided", "count"), Column("Claimed", "percent", "line"),
         Column("Won", "percent", "line"), Column("Points above", "percent")],
        rows, row("The whole period", past[-1], filters.period.key) if rows else None, len(rows),
        empty="No deal was decided in this period that had been open a month before.",
    )  # fmt: skip
