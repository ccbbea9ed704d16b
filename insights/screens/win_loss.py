"""Win and loss: how deals ended, why, against whom, and what was learned of it."""

from django.urls import reverse

from deals.models import LostReason, NoGoReason
from insights import drill, listings
from insights.filters import Filters, Yearly
from insights.queries.book import ZERO, left_out
from insights.queries.product_gaps import Cost, costs, titles
from insights.queries.win_loss import Reason, WinLoss, win_loss
from insights.screens.parts import Card, Screen, counted, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short


def build(filters: Yearly) -> Screen:
    """Cards, reasons of losses and no-gos, competitors."""
    found = win_loss(filters)
    return Screen(
        "win_loss",
        "Win and loss",
        f"{filters.period.label}: how deals ended, and why.",
        filters,
        _cards(filters, found),
        [
            _reasons(filters, "reasons", "Why deals were lost", found.lost, dict(LostReason.choices), "lost"),
            _rivals(filters, found),
            _reasons(filters, "no_gos", "Why deals were called off", found.no_go, dict(NoGoReason.choices), "no_go"),
            _gaps(filters),
        ],
        left_out(filters, Filters.closed_deals),
        actions=[("Autopsies", reverse("deals:autopsies")), ("Product gaps", reverse("deals:product_gaps"))],
    )


def _cards(filters: Yearly, found: WinLoss) -> list[Card]:
    closed = found.closed
    lost = sum((reason.amount for reason in found.lost), ZERO)
    unknown = sum(reason.count for reason in found.lost if reason.key == LostReason.UNKNOWN)
    return [
        Card(
            "Win rate", shown_percent(closed.win_rate), f"{closed.won} won of {closed.won + closed.lost} decided",
            drill.url(filters, state="decided"),
        ),
        Card("Won", money_short(closed.won_amount), money(closed.won_amount), drill.url(filters, state="won")),
        Card(
            "Lost", money_short(lost), f"{money(lost)} in {counted(closed.lost, 'deal')}",
            drill.url(filters, state="lost"),
        ),
        Card(
            "Lessons agreed", shown_percent(percent(found.agreed, found.agreed + found.owed)),
            f"{found.agreed} of {counted(found.agreed + found.owed, 'autopsy', 'autopsies')}; "
            f"{counted(unknown, 'loss', 'losses')} without a reason", listings.url("autopsies", filters),
        ),
    ]  # fmt: skip


def _reasons(filters: Yearly, slug: str, title: str, reasons: list[Reason], labels: dict, state: str) -> Table:
    whole = sum((one.amount for one in reasons), ZERO)
    count = sum(one.count for one in reasons)
    lines = [
        Row(
            str(labels.get(one.key, one.key or "Not recorded")),
            [one.count, percent(one.count, count), one.amount],
            drill.url(filters, state=state, reason=one.key),
        )
        for one in reasons
    ]
    of, kind = ("Lost deals", "lost deals") if state == "lost" else ("No-gos", "no-gos")
    total = Row(f"All {kind}", [count, percent(count, count), whole], drill.url(filters, state=state))
    return Table(
        slug, title, f"{of} that closed in the period by their reason, at the amount they had.",
        [Column("Reason"), Column("Deals", "count"), Column("Share", "percent"), Column("Amount", "money", "bar")],
        lines, total if lines else None, len(lines), empty=f"No {kind} in this period.",
    )  # fmt: skip


def _rivals(filters: Yearly, found: WinLoss) -> Table:
    def to(state: str, competitor: str) -> str:
        return drill.url(filters, state=state, competitor=competitor)

    lines = [
        Row(
            one.name,
            [
                one.won + one.lost,
                one.won,
                one.lost,
                percent(one.won, one.won + one.lost),
                one.won_amount,
                one.lost_amount,
            ],
            to("decided", one.key),
            [to(state, one.key) for state in ("decided", "won", "lost", "decided", "won", "lost")],
        )
        for one in found.rivals
    ]
    return Table(
        "competitors", "Against whom",
        "Decided deals of the period in which a competitor was named, or that were lost to it. A deal counts against "
        "each of its competitors.",
        [Column("Competitor"), Column("Decided", "count"), Column("Won", "count"), Column("Lost", "count"),
         Column("Win rate", "percent"), Column("Won amount", "money", "bar"),
         Column("Lost amount", "money", "bar")],
        lines, charted=len(lines), empty="No competitor was named in a decided deal of this period.",
    )  # fmt: skip


def _gaps(filters: Yearly) -> Table:
    by_gap, total = costs(filters)
    names = titles(list(by_gap))

    def row(label: str, cost: Cost, url: str = "", **narrow: object) -> Row:
        waiting, lost = (listings.url("gaps", filters, only=only, **narrow) for only in ("waiting", "lost"))
        values = [cost.waiting, cost.waiting_value, cost.lost, cost.lost_value]
        return Row(label, values, url, [waiting, waiting, lost, lost])

    lines = [
        row(names[gap], cost, reverse("deals:product_gap", args=[gap]), gap=gap)
        for gap, cost in sorted(
            by_gap.items(), key=lambda one: (-one[1].waiting_value - one[1].lost_value, names[one[0]].casefold())
        )
    ]
    return Table(
        "gaps", "Product gaps by value",
        "Open deals that wait on a gap, and deals lost or called off in the period that had it. A deal's amount is "
        "split over its gaps by their severity, so that none counts twice; the last line counts each deal once.",
        [Column("Gap"), Column("Deals waiting", "count"), Column("Value waiting", "money", "bar", "Share"),
         Column("Deals lost", "count"), Column("Value lost", "money", "bar", "Share")],
        lines, row("All gaps", total) if lines else None, min(len(lines), 12),
        empty="No deal waits on a gap, and none was lost with one. SEs name gaps with the requirements of a deal.",
    )  # fmt: skip
