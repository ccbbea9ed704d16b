"""Velocity: what a day of selling brings, where deals rest, and what an SE changes about it."""

from collections.abc import Callable

from insights import drill, listings
from insights.filters import Filters, Yearly
from insights.queries.book import left_out
from insights.queries.names import people_named, teams_named
from insights.queries.velocity import SE, Speed, speeds, stays
from insights.screens.parts import Card, Screen, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short, number

COLUMNS = [
    Column("Open", "count"), Column("Decided", "count"), Column("Win rate", "percent"),
    Column("Average won", "money"), Column("Cycle days", "days"), Column("Velocity a day", "money", "bar"),
]  # fmt: skip
WAYS = [{}, {}, {"only": "with"}, {"only": "without"}]
WHAT = (
    "Velocity: open deals × win rate × average won amount ÷ cycle days. Open deals of the day, the rest of what closed "
    "in the period; cycle: mean days from created to won."
)


def build(filters: Yearly) -> Screen:
    """The four parts of velocity, by SE, AE and team; time in stage."""
    found = speeds(filters, filters.period)
    whole = found.get(("all", None), Speed())
    split = [(SE[key], found.get(("se", key), Speed()), {} if key else {"se": drill.NONE}) for key in (True, False)]
    owners = _named(filters, found, "owner", people_named)
    teams = _named(filters, found, "team", teams_named)
    return Screen(
        "velocity",
        "Velocity",
        f"{filters.period.label}: how much a day brings, by open deals, win rate, amount and time.",
        filters,
        _cards(filters, whole),
        [
            _table(filters, "speed", "With and without an SE", "Deals", split, whole),
            _stays(filters),
            _table(filters, "owners", "By AE", "AE", owners, whole),
            _table(filters, "teams", "By team", "Team", teams, whole),
        ],
        left_out(filters, Filters.whole_book),
    )


def _cards(filters: Yearly, whole: Speed) -> list[Card]:
    return [
        Card(
            "Velocity", "–" if whole.velocity is None else money_short(whole.velocity),
            f"{money(whole.velocity)} a day: open × win rate × average ÷ cycle", drill.url(filters, state="counted"),
        ),
        Card(
            "Open", number(whole.open), "open deals on the day",
            drill.address({key: one for key, one in filters.params().items() if key != "period"}, state="open"),
        ),
        Card(
            "Win rate", shown_percent(whole.win_rate), f"{whole.won} won of {whole.won + whole.lost} decided",
            drill.url(filters, state="decided"),
        ),
        Card(
            "Cycle", "–" if whole.cycle is None else f"{whole.cycle} days", "mean from created to won",
            drill.url(filters, state="won"),
        ),
    ]  # fmt: skip


def _named(filters: Yearly, found: dict, what: str, called: Callable) -> list[tuple]:
    keys = {key for kind, key in found if kind == what}
    names = called(filters, keys)
    narrow = {"owner": "owner", "team": "in_team"}[what]
    lines = [
        (names.get(key, "Nobody" if what == "owner" else "No team"), found[what, key], {narrow: key or drill.NONE})
        for key in keys
    ]
    return sorted(lines, key=lambda line: (-(line[1].velocity or 0), line[0]))


def _table(filters: Yearly, slug: str, title: str, first: str, lines: list, whole: Speed) -> Table:
    params = filters.params()
    timeless = {key: one for key, one in params.items() if key != "period"}

    def row(label: str, speed: Speed, narrow: dict) -> Row:
        still = drill.address(timeless, state="open", **narrow)
        decided = drill.address(params, state="decided", **narrow)
        won = drill.address(params, state="won", **narrow)
        values = [speed.open, speed.won + speed.lost, speed.win_rate, speed.average, speed.cycle, speed.velocity]
        counted = drill.address(params, state="counted", **narrow)
        return Row(label, values, urls=[still, decided, decided, won, won, counted])

    told = [row(label, speed, narrow if label != SE[True] else {"se": "any"}) for label, speed, narrow in lines]
    return Table(
        slug, title, WHAT, [Column(first), *COLUMNS], told, row("All deals", whole, {}), min(len(told), 12),
    )  # fmt: skip


def _stays(filters: Yearly) -> Table:
    found = stays(filters, filters.period)
    return Table(
        "stays",
        "Time in stage",
        "Median days that deals rested in a stage before they left it, of stays that ended in the period, by the "
        "history; with an SE: one had claimed the deal when it left.",
        [Column("Stage"), Column("Stays", "count"), Column("Median days", "days", "bar"),
         Column("With an SE", "days", "bar"), Column("Without an SE", "days", "bar")],
        [
            Row(
                one.name, [one.count, one.median, one.with_se, one.without_se],
                urls=[listings.url("stays", filters, at=one.stage, **only) for only in WAYS],
            )
            for one in found
        ],
        charted=len(found), empty="No deal left a stage in this period.",
    )  # fmt: skip
