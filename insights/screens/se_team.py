"""The SE team: what it brings about, against the goals of a healthy team."""

from decimal import ROUND_HALF_UP, Decimal

from insights import drill, listings
from insights.filters import Filters, Yearly
from insights.queries.book import ZERO, left_out
from insights.queries.closed import HEALTHY_NO_GO
from insights.queries.loads import loads_at, people_at
from insights.queries.se_team import ALARM, Work, se_team
from insights.screens.parts import Card, Screen, counted, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short

GOAL = 70
"""The win rate in percent that deals with an SE should reach."""


def build(filters: Yearly) -> Screen:
    """Cards for the whole team; outcomes and work by SE."""
    period = filters.period
    found = se_team(filters, period)
    lines = [(person, found.ses[person.pk]) for person in people_at(filters, found.ses)]
    notes = [
        f"{demos} demos and no POC in the week of {week:%-d %b %Y}. From {ALARM} on, ask what the demos were for."
        for week, demos in found.alarms
    ]
    return Screen(
        "se_team",
        "SE team",
        f"{period.label}: what SEs bring about on the deals they hold, and held when they closed.",
        filters,
        _cards(filters, found.total, found.without),
        [_outcomes(filters, lines, found.total, found.without), _work(filters, lines, found.total)],
        left_out(filters, Filters.whole_book),
        notes,
    )


def _cards(filters: Yearly, total: Work, without: Work) -> list[Card]:
    win, alone = percent(total.won, total.won + total.lost), percent(without.won, without.won + without.lost)
    share = percent(total.no_go, total.won + total.lost + total.no_go)
    low, high = HEALTHY_NO_GO
    whole, technical = total.amount + without.amount, total.technical_won + total.technical_lost
    healthy = share is None or low <= share <= high
    return [
        Card(
            "Win rate with an SE", shown_percent(win), f"Goal {GOAL} %; without an SE {shown_percent(alone)}",
            drill.url(filters, state="decided", se=drill.ANY), "" if win is None else "good" if win >= GOAL else "bad",
        ),
        Card(
            "Technical win rate", shown_percent(percent(total.technical_won, technical)),
            f"{total.technical_won} of {technical} technical decisions in the period",
            listings.url("decisions", filters),
        ),
        Card(
            "POC conversion", shown_percent(percent(total.poc_won, total.poc_won + total.poc_lost)),
            f"{total.poc_won} won of {counted(total.poc_won + total.poc_lost, 'decided deal')} with a POC",
            drill.url(filters, state="decided", se=drill.ANY, poc="started"),
        ),
        Card(
            "Presales cycle", "–" if total.cycle is None else f"{total.cycle} days",
            "Median from discovery to technical sign-off", listings.url("decisions", filters, only="timed"),
        ),
        Card(
            "No-go share", shown_percent(share), f"Healthy are {low}–{high} % of closed deals",
            drill.url(filters, state="no_go", se=drill.ANY), "" if healthy else "bad",
        ),
        Card(
            "Demos per POC", _ratio(total),
            f"{counted(total.demos, 'demo')} held, {counted(total.pocs, 'POC')} started",
            listings.url("demos", filters),
        ),
        Card(
            "Time to claim", _waited(total.hours),
            f"Median from entering the queue to the claim, {counted(total.claims, 'claim')}",
            listings.url("claims", filters),
        ),
        Card(
            "Pipeline with an SE", money_short(total.amount),
            f"{money(total.amount)}: {shown_percent(percent(total.amount, whole))} of the open pipeline",
            drill.address(_timeless(filters), state="open", se=drill.ANY),
        ),
    ]  # fmt: skip


def _timeless(filters: Yearly) -> dict[str, str]:
    return {name: value for name, value in filters.params().items() if name != "period"}


def _ratio(work: Work) -> str:
    return f"{_per_poc(work)} ×" if work.pocs else "–"


def _per_poc(work: Work) -> Decimal | None:
    return (Decimal(work.demos) / work.pocs).quantize(Decimal("0.1"), ROUND_HALF_UP) if work.pocs else None


def _waited(hours: Decimal | None) -> str:
    if hours is None:
        return "–"
    return f"{hours} h" if hours < 48 else f"{(hours / 24).quantize(Decimal('0.1'), ROUND_HALF_UP)} days"


def _outcomes(filters: Yearly, lines: list, total: Work, without: Work) -> Table:
    def row(label: str, work: Work, se: object) -> Row:
        closed = work.won + work.lost + work.no_go
        return Row(
            label,
            [
                work.won + work.lost, percent(work.won, work.won + work.lost), percent(work.no_go, closed),
                percent(work.technical_won, work.technical_won + work.technical_lost),
                percent(work.poc_won, work.poc_won + work.poc_lost), work.cycle, work.satisfaction, work.open,
                work.amount,
            ],
            urls=[
                drill.url(filters, state="decided", se=se), drill.url(filters, state="decided", se=se),
                drill.url(filters, state="no_go", se=se), listings.url("decisions", filters, se=se),
                drill.url(filters, state="decided", se=se, poc="started"),
                *(listings.url("decisions", filters, se=se, only=only) for only in ("timed", "rated")),
                drill.address(_timeless(filters), state="open", se=se),
                drill.address(_timeless(filters), state="open", se=se),
            ],
        )  # fmt: skip

    found = [row(person.name, work, person.pk) for person, work in lines]
    if found and without != Work():
        found.append(row("Without an SE", without, drill.NONE))
    return Table(
        "ses", "Outcomes by SE",
        "Deals by the SE who holds them, or held them when they closed in the period. Win rate: won ÷ (won + lost). "
        "No-go: of all closed. Technical: won of the technical decisions. POC: won of the decided deals that had one. "
        "Cycle: median days from discovery to technical sign-off. Satisfaction: mean of what customers gave, of 5.",
        [Column("SE"), Column("Decided", "count"), Column("Win rate", "percent", "bar"), Column("No-go", "percent"),
         Column("Technical", "percent", "bar"), Column("POC", "percent"), Column("Cycle days", "days"),
         Column("Satisfaction", "days"), Column("Open", "count"), Column("Open amount", "money")],
        found, row("All with an SE", total, drill.ANY) if found else None, len(found),
        empty="No deal with an SE passes these filters.",
    )  # fmt: skip


def _work(filters: Yearly, lines: list, total: Work) -> Table:
    carried = loads_at(filters, [person.pk for person, _ in lines])
    found = []
    loads = capacity = Decimal(0)

    def ways(**narrow: object) -> list[str]:
        kinds = ("demos", "pocs", "demos", "claims", "claims")
        return [*(listings.url(kind, filters, **narrow) for kind in kinds), "", "", ""]

    for person, work in lines:
        load, room = carried.get(person.pk, ZERO), Decimal(person.effective_capacity or 0)
        loads, capacity = loads + load, capacity + room
        values = [
            work.demos, work.pocs, _per_poc(work), work.claims, work.hours, load, room, percent(load, room)
        ]  # fmt: skip
        found.append(Row(person.name, values, urls=ways(by=person.pk)))
    whole = [
        total.demos, total.pocs, _per_poc(total), total.claims, total.hours, loads, capacity, percent(loads, capacity)
    ]  # fmt: skip
    return Table(
        "work", "Work by SE",
        "Demos held and POCs started in the period. Hours to claim: median from entering the queue to the claim. "
        "Load: the weights of the stages of the open deals held on the day, against capacity.",
        [Column("SE"), Column("Demos", "count", "bar"), Column("POCs", "count", "bar"),
         Column("Demos per POC", "ratio"), Column("Claims", "count"), Column("Hours to claim", "days"),
         Column("Load", "days"),
         Column("Capacity", "days"), Column("Used", "percent")],
        found, Row("All with an SE", whole, urls=ways()) if found else None, len(found),
        empty="No deal with an SE passes these filters.",
    )  # fmt: skip
