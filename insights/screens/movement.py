"""The movement of the pipeline between two days: a waterfall, each step with its deals."""

from insights import addresses
from insights.filters import Span
from insights.queries.movement import KINDS, Move, movement
from insights.screens.parts import Card, Screen
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short, number

LABELS = {name: label for name, label, _ in KINDS}
MEANINGS = {name: what for name, _, what in KINDS}
CARDS = {
    "opening": " open at first", "new": " that did not exist on the first day",
    "won": ", at the amount they were won with", "closing": " open at last",
}  # fmt: skip
OF_PERIODS = {"pulled_in", "slipped_in", "pushed_out", "brought_forward"}
"""Steps that can only happen where a period is asked for."""


def build(filters: Span) -> Screen:
    """The waterfall with its totals."""
    found = movement(filters)
    lines = found.lines
    shown = [name for name, _, _ in KINDS if _is_shown(lines[name], filters)]
    rows = [Row(LABELS[name], [lines[name].count, lines[name].amount], url(filters, name)) for name in shown]
    period = f", deals expected to close in {filters.period.label}" if filters.period else ""
    table = Table(
        "steps",
        "From opening to closing",
        "Open deals in company currency. Opening and every step add up to closing, to the cent. A deal that came and "
        "closed between the days comes in and goes out.",
        [Column("Step"), Column("Deals", "count"), Column("Amount", "money", "waterfall")],
        rows,
        charted=len(rows),
        ends=[place for place, name in enumerate(shown) if name in ("opening", "closing")],
    )
    return Screen(
        "movement",
        "Movement",
        f"What the pipeline did from the end of {_day(filters.since)} to the end of {_day(filters.until)}{period}.",
        filters,
        [_card(filters, lines[name]) for name in ("opening", "new", "won", "closing")],
        [table],
        found.left_out,
    )


def url(filters: Span, kind: str) -> str:
    """Where the deals of one step are listed."""
    return addresses.to("movement_deals", params={**filters.params(), "step": kind})


def _is_shown(line: Move, filters: Span) -> bool:
    if line.kind in ("opening", "new", "advanced", "reduced", "lost", "won", "closing"):
        return True
    return bool(line.count) or (line.kind in OF_PERIODS and line.kind.startswith("pu") and filters.period is not None)


def _card(filters: Span, line: Move) -> Card:
    amount = abs(line.amount)
    deals = f"{number(line.count)} deal{'' if line.count == 1 else 's'}"
    return Card(
        LABELS[line.kind], money_short(amount), f"{money(amount)} in {deals}{CARDS[line.kind]}",
        url(filters, line.kind),
    )  # fmt: skip


def _day(day: object) -> str:
    return f"{day:%-d %b %Y}"
