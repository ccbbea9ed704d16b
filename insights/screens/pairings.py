"""Pairings: how well pairs of AE and SE work together, and what it brings against the rest."""

from django.urls import reverse

from insights import drill, listings
from insights.filters import Filters, Yearly
from insights.queries.book import left_out
from insights.queries.pairings import TREND, Together, pairs
from insights.screens.parts import Card, Screen, counted, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import number


def build(filters: Yearly) -> Screen:
    """Cards of the pairs against the rest; a line for each pair; alignment by month."""
    found = pairs(filters, filters.period)
    paired = Together()
    for _, told in found.pairs:
        paired.add(told)
    return Screen(
        "pairings",
        "Pairings",
        f"{filters.period.label}: how pairs of AE and SE work together, and what it brings against the rest.",
        filters,
        _cards(filters, paired, found.rest, found.alone),
        [_pairs(filters, found), _months(filters, found)],
        left_out(filters, Filters.closed_deals),
        actions=[("All pairings", reverse("deals:pairings"))],
    )


def _cards(filters: Yearly, paired: Together, rest: Together, alone: Together) -> list[Card]:
    others = Together()
    others.add(rest)
    others.add(alone)
    decided = paired.won + paired.lost
    rate = percent(others.won, others.won + others.lost)
    cycle = "–" if paired.cycle is None else f"{paired.cycle} days"
    met = paired.meetings
    return [
        Card(
            "Win rate of pairs", shown_percent(percent(paired.won, decided)),
            f"{paired.won} won of {counted(decided, 'decided deal')}; the rest: {shown_percent(rate)}",
            drill.url(filters, state="decided", pair="any"),
        ),
        Card(
            "Cycle of pairs", cycle,
            f"mean from created to won; the rest: {'–' if others.cycle is None else f'{others.cycle} days'}",
            drill.url(filters, state="won", pair="any"),
        ),
        Card(
            "Huddles", shown_percent(percent(met.huddled, met.held)), f"before {counted(met.held, 'meeting')}",
            listings.url("meetings", filters, pair="any", only="huddled"),
        ),
        Card(
            "Debriefs", shown_percent(percent(met.debriefed, met.held)), f"by both, {number(met.debriefed)} meetings",
            listings.url("meetings", filters, pair="any", only="debriefed"),
        ),
    ]  # fmt: skip


def _pairs(filters: Yearly, found: object) -> Table:
    def row(label: str, told: Together, url: str = "", pairing: int | None = None, **narrow: object) -> Row:
        met = told.meetings
        decided, won = (drill.url(filters, state=state, **narrow) for state in ("decided", "won"))
        held, huddled, debriefed = (
            listings.url("meetings", filters, **narrow, **only)
            for only in ({}, {"only": "huddled"}, {"only": "debriefed"})
        )
        scores = listings.url("checks", filters, pairing=pairing) if pairing else ""
        return Row(
            label,
            [
                told.score, told.trend, met.held, percent(met.huddled, met.held), percent(met.debriefed, met.held),
                told.won + told.lost, percent(told.won, told.won + told.lost), told.cycle, told.amount,
            ],
            url,
            [scores, scores, held, huddled, debriefed, decided, decided, won, won],
        )  # fmt: skip

    lines = [
        row(
            f"{one.ae.name} and {one.se.name}", told, one.get_absolute_url(), one.pk, owner=one.ae_id, se=one.se_id
        )
        for one, told in found.pairs
    ]  # fmt: skip
    if lines:
        lines.append(row("Other deals with an SE", found.rest, pair="other"))
        lines.append(row("Without an SE", found.alone, se=drill.NONE))
    return Table(
        "pairs", "By pair",
        f"Alignment: mean of the scores of the last {TREND} days of the period, and how much above the {TREND} days "
        "before. Huddle: all five points ticked before the start. Debrief: written by both. Deals decided in the "
        "period by who owned and held them; cycle: mean days from created to won.",
        [Column("Pair"), Column("Alignment", "days"), Column("Trend", "days"), Column("Meetings", "count"),
         Column("Huddle", "percent", "bar"), Column("Debrief", "percent", "bar"), Column("Decided", "count"),
         Column("Win rate", "percent", "bar"), Column("Cycle days", "days"), Column("Won", "money")],
        lines, row("All deals", found.total) if lines else None, len(lines),
        empty="No pair worked together in this period.",
    )  # fmt: skip


def _months(filters: Yearly, found: object) -> Table:
    return Table(
        "months", "Alignment by month", "Mean of all scores, from 1 to 10, that the pairs gave in the month.",
        [Column("Month"), Column("Mean score", "days", "bar"), Column("Checks", "count")],
        [
            Row(f"{month:%b %Y}", [mean, count], listings.url("checks", filters, month=f"{month:%Y-%m}"))
            for month, mean, count in found.months
        ], charted=len(found.months),
        empty="No alignment check was made in this period.",
    )  # fmt: skip
