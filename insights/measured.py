"""The figures that key results may be measured by: each is one that a screen shows, by the same query.

An objective's filters are its team, its person or nobody, its quarter, and the day asked for. What one query answers
is asked once for all key results that want it.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from deals.models import Objective
from deals.objectives import Figure, Value
from insights import drill, listings, periods
from insights.choices import Choices
from insights.filters import Filters, OfLeads, Quarterly, Span
from insights.queries import se_team as se
from insights.queries.attainment import Reached, reached, total
from insights.queries.closed import Closed, closed_book
from insights.queries.funnel import NAMES as STEPS
from insights.queries.funnel import Line, funnel
from insights.queries.meetings import Habits, habits_of
from insights.queries.movement import Move, movement
from insights.screens import funnel as funnel_screen
from insights.screens import movement as movement_screen
from insights.screens.parts import percent
from people.models import User


class Asked:
    """The answers for one objective, each query asked when first wanted."""

    def __init__(self, viewer: User, objective: Objective, wanted: set[str], day: datetime.date) -> None:
        self.viewer, self.wanted = viewer, wanted
        self.quarter = periods.quarter_of(objective.quarter)
        self.day = min(day, timezone.localdate())
        self.narrow = {"person": str(objective.user_id) if objective.user_id else "all"}
        if objective.team_id:
            self.narrow["team"] = str(objective.team_id)
        as_of = {"as_of": self.day.isoformat()} if self.day < timezone.localdate() else {}
        self.data = {**self.narrow, "period": self.quarter.key, **as_of}
        self.filters = self._of(Quarterly, self.data)

    def _of(self, kind: type[Filters], data: dict[str, str]) -> Filters:
        """Filters that share what they have read of teams and people, and read no choices that nobody is offered."""
        made = kind(self.viewer, data)
        if "team" not in self.narrow and self.narrow["person"] == "all":
            made.__dict__["_choices"] = Choices([], [], [])
        elif first := self.__dict__.get("filters"):
            shared = ("_choices", "team_and_below")
            made.__dict__ |= {name: first.__dict__[name] for name in shared if name in first.__dict__}
        return made

    @property
    def is_whole(self) -> bool:
        """Whether the filters found the team and the person that the objective is about."""
        team = self.filters.team if "team" in self.narrow else None
        person = self.filters.person
        found = {"person": str(person.pk) if person else "all", **({"team": str(team.pk)} if team else {})}
        return found == self.narrow

    @cached_property
    def won(self) -> Reached:
        """Won in the quarter, and open and expected in it."""
        return total(reached(self.filters, self.quarter))

    @cached_property
    def closed(self) -> Closed:
        """How the deals ended that closed in the quarter."""
        return closed_book(self.filters).total

    @cached_property
    def work(self) -> se.Work:
        """What SEs brought about; only what is wanted is asked."""
        parts = {part for name in self.wanted for part in [SE_PARTS.get(name)] if part}
        return se.se_team(self.filters, self.quarter, parts).total

    @cached_property
    def leads(self) -> Line:
        """How far the leads got that came in the quarter."""
        self.of_leads = self._of(OfLeads, self.data)
        return funnel(self.of_leads).total

    @cached_property
    def met(self) -> Habits:
        """The meetings held in the quarter."""
        start, end = self.filters.moments(self.quarter)
        found = habits_of(self.filters, start, end).values()
        return Habits(
            "", sum(one.held for one in found), sum(one.huddled for one in found), sum(one.debriefed for one in found)
        )

    @cached_property
    def span(self) -> Span:
        """From the day before the quarter to the day asked for."""
        since = self.quarter.start - datetime.timedelta(days=1)
        until = min(self.day, self.quarter.end)
        return self._of(Span, {**self.narrow, "since": since.isoformat(), "until": until.isoformat()})

    @cached_property
    def new(self) -> Move:
        """The deals that came in the quarter."""
        if self.day < self.quarter.start:
            return Move("new")
        return movement(self.span).lines["new"]

    def deals(self, **narrow: object) -> str:
        """Where the deals behind a figure are listed."""
        return drill.url(self.filters, **narrow)


@dataclass(frozen=True)
class Measured:
    """A figure, how to get it, and where its rows are listed."""

    figure: Figure
    value: Callable[[Asked], Decimal | int | None]
    url: Callable[[Asked], str]


SE_PARTS = {
    "win_rate_se": se.OUTCOMES, "poc_conversion": se.OUTCOMES, "technical_win_rate": se.TECHNICAL,
    "presales_cycle": se.TECHNICAL, "satisfaction": se.TECHNICAL, "demos": se.DEMOS, "pocs": se.DEMOS,
    "time_to_claim": se.CLAIMS,
}  # fmt: skip
"""Which question of the SE team's each of its figures needs."""


def _step(name: str) -> Callable[[Asked], int]:
    return lambda asked: asked.leads.counts[STEPS.index(name)]


def _leads(step: str) -> Callable[[Asked], str]:
    return lambda asked: funnel_screen.url(asked._of(OfLeads, asked.data), step)


def _deals(**narrow: object) -> Callable[[Asked], str]:
    return lambda asked: asked.deals(**narrow)


def _rows(kind: str, **narrow: object) -> Callable[[Asked], str]:
    return lambda asked: listings.url(kind, asked.filters, **narrow)


def _one(name: str, label: str, unit: str, what: str, value: Callable, url: Callable) -> Measured:
    return Measured(Figure(name, label, unit, what), value, url)


OF_CLOSED = "of the deals that closed in the quarter"
ALL = [
    _one("won_value", "Won value", "money", "Amount of the deals won in the quarter.",
         lambda asked: asked.won.won, _deals(state="won")),
    _one("won_deals", "Won deals", "count", "Deals won in the quarter.",
         lambda asked: asked.won.won_count, _deals(state="won")),
    _one("open_value", "Open pipeline", "money", "Amount of the open deals expected to close in the quarter.",
         lambda asked: asked.won.open, _deals(state="open")),
    _one("win_rate", "Win rate", "percent", f"Won ÷ (won + lost) {OF_CLOSED}; no-gos apart.",
         lambda asked: asked.closed.win_rate, _deals(state="decided")),
    _one("no_go_share", "No-go share", "percent", f"No-gos ÷ all {OF_CLOSED}.",
         lambda asked: asked.closed.no_go_share, _deals(state="closed")),
    _one("average_won", "Average won deal", "money", "Mean amount of the deals won in the quarter.",
         lambda asked: asked.closed.average, _deals(state="won")),
    _one("days_to_win", "Days to win", "days", "Mean days from created to won, of the deals won in the quarter.",
         lambda asked: asked.closed.days_to_win, _deals(state="won")),
    _one("win_rate_se", "Win rate with an SE", "percent", f"Won ÷ (won + lost) {OF_CLOSED} with an SE.",
         lambda asked: percent(asked.work.won, asked.work.won + asked.work.lost),
         _deals(state="decided", se=drill.ANY)),
    _one("technical_win_rate", "Technical win rate", "percent", "Technical wins ÷ technical decisions of the quarter.",
         lambda asked: percent(asked.work.technical_won, asked.work.technical_won + asked.work.technical_lost),
         _rows("decisions")),
    _one("poc_conversion", "POC conversion", "percent", "Won ÷ decided deals of the quarter that had a POC.",
         lambda asked: percent(asked.work.poc_won, asked.work.poc_won + asked.work.poc_lost),
         _deals(state="decided", se=drill.ANY, poc="started")),
    _one("presales_cycle", "Presales cycle", "days", "Median days from discovery to technical sign-off.",
         lambda asked: asked.work.cycle, _rows("decisions", only="timed")),
    _one("time_to_claim", "Time to claim", "hours", "Median hours from entering the queue to the claim.",
         lambda asked: asked.work.hours, _rows("claims")),
    _one("satisfaction", "Customer satisfaction", "score", "Mean of what customers gave at technical decisions.",
         lambda asked: asked.work.satisfaction, _rows("decisions", only="rated")),
    _one("demos", "Demos held", "count", "Demos held in the quarter on deals with an SE.",
         lambda asked: asked.work.demos, _rows("demos")),
    _one("pocs", "POCs started", "count", "POCs started in the quarter.",
         lambda asked: asked.work.pocs, _rows("pocs")),
    _one("new_opportunities", "New opportunities", "count", "Deals that came in the quarter.",
         lambda asked: asked.new.count, lambda asked: movement_screen.url(asked.span, "new")),
    _one("new_pipeline", "New pipeline", "money", "Amount of the deals that came in the quarter.",
         lambda asked: asked.new.amount, lambda asked: movement_screen.url(asked.span, "new")),
    _one("mqls", "MQLs", "count", "Leads that came in the quarter and became MQL.", _step("mql"), _leads("mql")),
    _one("sqls", "SQLs", "count", "Leads that came in the quarter and became SQL.", _step("sql"), _leads("sql")),
    _one("huddle_rate", "Huddle rate", "percent", "Meetings of the quarter with a whole huddle before.",
         lambda asked: percent(asked.met.huddled, asked.met.held), _rows("meetings", only="huddled")),
    _one("debrief_rate", "Debrief rate", "percent", "Meetings of the quarter debriefed by both.",
         lambda asked: percent(asked.met.debriefed, asked.met.held), _rows("meetings", only="debriefed")),
]  # fmt: skip
REGISTRY = {one.figure.name: one for one in ALL}


def measure(viewer: User, objective: Objective, names: list[str], day: datetime.date) -> dict[str, Value] | None:
    """The values of the figures `names` for the objective when `day` was over, as `viewer` sees them.

    None where the viewer's filters do not know the team or the person: then they would count too much.
    """
    asked = Asked(viewer, objective, set(names), day)
    if not asked.is_whole:
        return None
    found = {}
    for name in names:
        one = REGISTRY[name]
        value = one.value(asked)
        found[name] = Value(None if value is None else Decimal(value), one.url(asked))
    return found
