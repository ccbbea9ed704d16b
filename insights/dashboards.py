"""What may stand on a dashboard: every figure, chart and table of the screens, by name, and how each is found again.

A card is built by its screen, with the screen's own queries: nothing is asked in two ways. Cards of one screen are
built together. `tests/insights/test_dashboards.py` holds this list against what the screens show.
"""

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.http import urlencode

from insights import periods, pipeline
from insights.filters import Filters, Quarterly
from insights.queries.book import other_currencies
from insights.queries.week import counted
from insights.screens.entries import SCREENS, Entry
from insights.screens.parts import Card, Screen
from insights.tables import Table
from insights.week import told
from people.models import Dashboard, Role, User
from people.models.dashboards import Placed
from presales.templatetags.presales import money_short

FIGURE, CHART, TABLE = "figure", "chart", "table"
KINDS = {FIGURE: "Figure", CHART: "Chart", TABLE: "Table"}
FILTERS = ("team", "person", "period", "as_of")
ROWS = 12
"""So many rows of a table stand on a dashboard; the screen has the rest."""


def _week(filters: Quarterly) -> Screen:
    """The five figures of the week as cards."""
    found = told(filters, 1)
    cards = [
        Card(
            one.label, money_short(one.now), f"{one.told}. {one.definition}", one.url,
            one.tone if one.tone in ("good", "bad") else "", key=one.name,
        )
        for one in found.figures
    ]  # fmt: skip
    left_out = other_currencies(counted(filters, filters.book()), filters.day)
    return Screen("week", "The week", "", filters, cards, left_out=left_out)


# The screens with pages of their own.
OTHERS = {
    "pipeline": Entry(Filters, pipeline.build, "insights.see_pipeline"),
    "week": Entry(Quarterly, _week),
}
# By screen: its title, its figures by the name of their card, its tables by slug with title and whether it is charted.
SOURCES: dict[str, tuple[str, dict[str, str], list[tuple[str, str, bool]]]] = {
    "pipeline": (
        "Pipeline",
        {
            "open-pipeline": "Open pipeline", "weighted": "Weighted", "at-risk": "At risk", "coverage": "Coverage",
            "won-value": "Won value", "win-rate": "Win rate", "no-go-share": "No-go share",
            "days-to-win": "Days to win", "days-to-lose": "Days to lose",
        },
        [("stages", "By stage", True), ("ages", "Aging", True), ("owners", "By AE", False), ("ses", "By SE", False),
         ("teams", "By team", False), ("quarters", "Closed by quarter", True)],
    ),
    "week": (
        "The week",
        {"open": "Open pipeline", "weighted": "Weighted", "won": "Won", "commit": "Commit", "pushed": "Pushed out"}, [],
    ),
    "movement": (
        "Movement", {"opening": "Opening", "new": "New", "won": "Won", "closing": "Closing"},
        [("steps", "From opening to closing", True)],
    ),
    "forecast": (
        "Forecast",
        {"won": "Won", "commit": "Commit", "best-case": "Best case", "evidence-based": "Evidence-based",
         "aes-call": "AEs call"},
        [("months", "By month", True), ("calls", "What was called", False),
         ("accuracy", "How past calls turned out", False)],
    ),
    "funnel": (
        "Funnel", {"mql": "MQL", "sal": "SAL", "sql": "SQL", "opportunity": "Opportunity", "won": "Won"},
        [("steps", "Step by step", True), ("sources", "By source", True), ("months", "By month", True)],
    ),
    "velocity": (
        "Velocity", {"velocity": "Velocity", "open": "Open", "win-rate": "Win rate", "cycle": "Cycle"},
        [("speed", "With and without an SE", True), ("stays", "Time in stage", True), ("owners", "By AE", True),
         ("teams", "By team", True)],
    ),
    "se_team": (
        "SE team",
        {
            "win-rate-with-an-se": "Win rate with an SE", "technical-win-rate": "Technical win rate",
            "poc-conversion": "POC conversion", "presales-cycle": "Presales cycle", "no-go-share": "No-go share",
            "demos-per-poc": "Demos per POC", "time-to-claim": "Time to claim",
            "pipeline-with-an-se": "Pipeline with an SE",
        },
        [("ses", "Outcomes by SE", True), ("work", "Work by SE", True)],
    ),
    "win_loss": (
        "Win and loss",
        {"win-rate": "Win rate", "won": "Won", "lost": "Lost", "lessons-agreed": "Lessons agreed"},
        [("reasons", "Why deals were lost", True), ("competitors", "Against whom", True),
         ("no_gos", "Why deals were called off", True), ("gaps", "Product gaps by value", True)],
    ),
    "happy_ears": (
        "Happy ears",
        {"claimed": "Claimed", "evidence": "Evidence", "flagged": "Flagged", "claims-came-true": "Claims came true"},
        [("aes", "By AE", True), ("deals", "Deals to ask about", False), ("calibration", "Over time", True)],
    ),
    "pairings": (
        "Pairs",
        {"win-rate-of-pairs": "Win rate of pairs", "cycle-of-pairs": "Cycle of pairs", "huddles": "Huddles",
         "debriefs": "Debriefs"},
        [("pairs", "By pair", True), ("months", "Alignment by month", True)],
    ),
    "meetings": (
        "Meetings",
        {"meetings-held": "Meetings held", "huddle-rate": "Huddle rate", "debrief-rate": "Debrief rate"},
        [("owners", "By AE", True), ("ses", "By SE", True), ("teams", "By team", True)],
    ),
    "goals": (
        "Goals", {"quota": "Quota", "won": "Won", "attained": "Attained", "coverage": "Coverage"},
        [("teams", "By team", True), ("people", "By AE", True)],
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One card of the registry. `name` is what a dashboard keeps of it."""

    screen: str
    kind: str
    key: str
    label: str

    @property
    def name(self) -> str:
        """`velocity.chart.stays`."""
        return f"{self.screen}.{self.kind}.{self.key}"

    @property
    def title(self) -> str:
        """The screen's title."""
        return SOURCES[self.screen][0]


def _registry() -> dict[str, Source]:
    found = []
    for screen, (_, figures, tables) in SOURCES.items():
        found += [Source(screen, FIGURE, key, label) for key, label in figures.items()]
        for slug, label, charted in tables:
            found += [Source(screen, kind, slug, label) for kind in ([CHART] if charted else []) + [TABLE]]
    return {source.name: source for source in found}


REGISTRY = _registry()
STARTERS = {
    Role.AE: [
        "goals.figure.quota", "goals.figure.attained", "goals.figure.coverage", "pipeline.figure.at-risk",
        "pipeline.chart.stages", "forecast.chart.months", "movement.chart.steps", "happy_ears.table.deals",
    ],
    Role.SE: [
        "se_team.figure.technical-win-rate", "se_team.figure.poc-conversion", "se_team.figure.demos-per-poc",
        "se_team.figure.presales-cycle", "pipeline.chart.stages", "velocity.chart.stays", "pairings.chart.pairs",
        "win_loss.chart.reasons",
    ],
    Role.MANAGER: [
        "goals.figure.attained", "goals.figure.coverage", "pipeline.figure.at-risk", "forecast.figure.evidence-based",
        "movement.chart.steps", "forecast.chart.months", "goals.table.people", "se_team.table.ses",
        "happy_ears.table.aes",
    ],
    Role.ADMIN: [
        "goals.figure.attained", "forecast.figure.evidence-based", "pipeline.figure.win-rate",
        "se_team.figure.win-rate-with-an-se", "pipeline.chart.quarters", "movement.chart.steps", "goals.table.teams",
        "funnel.chart.steps",
    ],
    Role.MARKETING: [
        "funnel.figure.mql", "funnel.figure.sal", "funnel.figure.sql", "funnel.figure.opportunity",
        "funnel.chart.steps", "funnel.chart.months", "funnel.table.sources",
    ],
}  # fmt: skip
"""What whoever keeps no dashboard is shown, until they keep one."""
WIDE = {
    "goals.table.people",
    "se_team.table.ses",
    "funnel.table.sources",
    "happy_ears.table.deals",
    "goals.table.teams",
}


def starter(user: User) -> Dashboard:
    """The dashboard that the role begins with; not stored."""
    cards = [str(Placed(name, name in WIDE)) for name in STARTERS[Role(user.role)]]
    return Dashboard(owner=user, name="My dashboard", cards=cards)


def entry_of(screen: str) -> Entry:
    """How the screen is built, and who may look."""
    return OTHERS.get(screen) or SCREENS[screen]


def offered(user: User) -> list[Source]:
    """The cards that somebody in this role may look at."""
    allowed = {screen: user.has_perm(entry_of(screen).permission) for screen in SOURCES}
    hidden = {"funnel.figure.won"} if user.role == Role.MARKETING else set()
    return [one for one in REGISTRY.values() if allowed[one.screen] and one.name not in hidden]


@dataclass
class Place:
    """One place of a dashboard, as the page shows it: with what is found there, once it is."""

    number: int
    placed: Placed
    source: Source | None
    card: Card | None = None
    table: Table | None = None
    screen_url: str = ""
    export_url: str = ""
    note: str = ""

    @property
    def css(self) -> str:
        """How much room it takes."""
        kind = self.source.kind if self.source else TABLE
        return f"dash-{kind}{' dash-wide' if self.placed.is_wide else ''}"

    @property
    def chart(self) -> str:
        """What the chart shows, as JSON; "" for none."""
        return json.dumps(self.table.chart) if self.table and self.table.chart else ""

    @property
    def rows(self) -> list:
        """The first rows of its table with their cells."""
        return self.table.cells[:ROWS] if self.table else []

    @property
    def rest(self) -> int:
        """How many rows the screen has beyond those."""
        return max(0, len(self.table.rows) - ROWS) if self.table else 0


def places(dashboard: Dashboard, user: User) -> list[Place]:
    """The dashboard's cards in order; without those that the role may not look at, or that are no more."""
    known = {one.name: one for one in offered(user)}
    found = enumerate(dashboard.placed, 1)
    return [Place(number, one, known[one.name]) for number, one in found if one.name in known]


def screens_of(found: Iterable[Place]) -> list[str]:
    """The screens that the cards are of, each once, in the order in which they are met."""
    return list(dict.fromkeys(place.source.screen for place in found))


def asked_for(screen: str, data: Mapping[str, str]) -> dict[str, str]:
    """A dashboard's filters as the screen takes them: Movement compares the ends of a period, or ends on the day."""
    params = {name: data[name] for name in FILTERS if name in data}
    if screen != "movement":
        return params
    day = periods.day(params.pop("as_of", "")) or datetime.date.max
    period = periods.parse(params.pop("period", ""), min(day, datetime.datetime.now(tz=datetime.UTC).date()))
    if period:
        params["since"] = (period.start - datetime.timedelta(days=1)).isoformat()
        day = min(day, period.end)
    if day != datetime.date.max:
        params["until"] = day.isoformat()
    return params


def fill(found: list[Place], screen: str, user: User, data: Mapping[str, str]) -> list[Place]:
    """Build the screen once and put into each place that is of it what the screen shows there."""
    entry = entry_of(screen)
    filters = entry.filters(user, asked_for(screen, data))
    built = entry.build(filters)
    cards = {card.name: card for card in built.cards}
    query = urlencode(filters.params())
    url = f"{reverse(f'insights:{screen}')}?{query}"
    note = _note(built.left_out, filters, data)
    mine = [place for place in found if place.source.screen == screen]
    for place in mine:
        if place.source.kind == FIGURE:
            place.card = cards.get(place.source.key)
        else:
            place.table = built.table(place.source.key)
            if place.table:
                place.export_url = f"{place.table.export_url}?{query}"
        place.screen_url, place.note = url, note
    return mine


def _note(left_out: list[tuple[str, int, Decimal]], filters: Filters, data: Mapping[str, str]) -> str:
    said = []
    if left_out:
        count = sum(number for _, number, _ in left_out)
        said.append(f"{count} deal{'' if count == 1 else 's'} in currencies without a rate not counted.")
    if data.get("team") and not filters.team:
        said.append("Of all teams that you see: you do not see the one chosen.")
    if data.get("person") not in (None, "", "all") and not filters.person:
        said.append("Of everyone whom you see: you do not see the person chosen.")
    return " ".join(said)
