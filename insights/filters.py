"""The filters every figure shares: team, person, period, source, type, pipeline, and the day it is asked for."""

import datetime
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.db.models import DateField, DateTimeField, Q, QuerySet
from django.utils import timezone

from deals.models import ObjectiveState, Opportunity, OpportunityType, Outcome, Pipeline
from insights import addresses, periods
from insights.choices import Choices, choices
from insights.queries import past
from leads.models import Source
from people.models import Role, Team, User
from people.viewers import Viewer, viewer_of
from presales.prepared import NOW, TODAY, Given
from presales.validity import end_of


@dataclass
class Filters:
    """What the figures are asked for, read leniently: what makes no sense is left out."""

    user: User
    data: Mapping[str, str] = field(default_factory=dict)
    sources = Source.choices
    types = OpportunityType.choices
    listed = (Role.AE, Role.SE)
    """The roles of those whose figures one may choose."""
    looks_back: bool = True
    """Whether the screen can be asked for a past day."""
    compares: bool = False
    """Whether it compares two days."""
    wants_period: bool = False
    """Whether it is always about a period."""
    of_deals: bool = True
    """Whether it is about deals."""
    of_anybody: bool = True
    """Whether one may choose whose deals."""

    @cached_property
    def as_of(self) -> datetime.date | None:
        """The past day asked for, by the user's clock; None for today, and for days to come."""
        found = periods.day(self.data.get("as_of", "")) if self.looks_back else None
        return found if found and found < timezone.localdate() else None

    @property
    def day(self) -> datetime.date:
        """The day that the figures are of."""
        return self.as_of or timezone.localdate()

    @property
    def now(self) -> datetime.datetime:
        """Now; of a past day its last moment."""
        return end_of(self.as_of) - datetime.timedelta(microseconds=1) if self.as_of else timezone.now()

    @cached_property
    def viewer(self) -> Viewer:
        """Who looks."""
        if self.user.role == Role.ADMIN:  # whose teams are all, which the filters offer and need not ask twice
            self.user.team_ids = frozenset(team.pk for team in self.teams)
        return viewer_of(self.user)

    @cached_property
    def _choices(self) -> Choices:
        return choices(self.user, self.listed)

    @property
    def teams(self) -> list[Team]:
        """The teams to choose from."""
        return self._choices.teams

    @property
    def people(self) -> list[User]:
        """The AEs and SEs to choose from, where objectives are concerned also managers."""
        return self._choices.people

    @property
    def pipelines(self) -> list[Pipeline]:
        """All pipelines."""
        return self._choices.pipelines

    @cached_property
    def team(self) -> Team | None:
        """The team asked for, with those below it."""
        return self._chosen("team", "teams")

    @cached_property
    def person(self) -> User | None:
        """The AE or SE asked for; an AE starts with the own figures."""
        if self.user.role == Role.AE and "person" not in self.data:
            return self.user
        return self._chosen("person", "people")

    @cached_property
    def pipeline(self) -> Pipeline | None:
        """The pipeline asked for."""
        return self._chosen("pipeline", "pipelines")

    @cached_property
    def period(self) -> periods.Period | None:
        """The period asked for."""
        return periods.parse(self.data.get("period", ""), self.day)

    @cached_property
    def source(self) -> str:
        """The lead source asked for, or nothing."""
        return self._among("source", Source.values)

    @cached_property
    def type(self) -> str:
        """The kind of business asked for, or nothing."""
        return self._among("type", OpportunityType.values)

    @property
    def zone(self) -> str:
        """The name of the user's time zone, for the database."""
        return timezone.get_current_timezone_name()

    def moments(self, period: periods.Period) -> tuple[datetime.datetime, datetime.datetime]:
        """The beginning of `period` where the user is, and the moment at which it is over."""
        return end_of(period.start - datetime.timedelta(days=1)), end_of(period.end)

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the figures."""
        period = self.period and self.data.get("period")
        return any([self.team, self.person, self.pipeline, period, self.source, self.type, self.as_of])

    @property
    def period_choices(self) -> list[periods.Period]:
        """What the period filter offers, with the one asked for."""
        offered = periods.choices(self.day)
        if self.period and self.period.key not in [period.key for period in offered]:
            offered.append(self.period)
        return offered

    @property
    def period_pairs(self) -> list[tuple[str, str]]:
        """The same as pairs of key and label."""
        return [(period.key, period.label) for period in self.period_choices]

    @property
    def team_choices(self) -> list[tuple[int, str]]:
        """What the team filter offers."""
        return [(team.pk, team.name) for team in self.teams]

    @property
    def people_choices(self) -> list[tuple[int, str, str]]:
        """What the person filter offers, with each one's role."""
        return [(person.pk, person.name, person.role) for person in self.people]

    @property
    def pipeline_choices(self) -> list[tuple[int, str]]:
        """What the pipeline filter offers."""
        return [(pipeline.pk, pipeline.name) for pipeline in self.pipelines]

    @cached_property
    def _book(self) -> QuerySet:
        deals = Opportunity.objects.visible_to(self.user)
        return past.as_of(deals, self.as_of) if self.as_of else deals

    @cached_property
    def team_and_below(self) -> set[int]:
        """The ids of the team asked for and of those below it."""
        return Team.objects.with_descendants([self.team.pk]) if self.team else set()

    @property
    def scope(self) -> Q:
        """What a deal, or its state on a day, has to meet: every filter but the period."""
        scope = Q()
        if self.team:
            scope &= Q(team__in=self.team_and_below)
        if self.person:
            scope &= Q(owner=self.person) | Q(se=self.person)
        if self.pipeline:
            scope &= Q(pipeline=self.pipeline)
        if self.source:
            scope &= Q(source=self.source)
        if self.type:
            scope &= Q(type=self.type)
        return scope

    def all_deals(self) -> QuerySet:
        """The deals that the user sees, whatever the filters ask; of a past day, as they stood then."""
        return self._book

    def book(self) -> QuerySet:
        """The deals that the user sees and that pass every filter but the period; of a past day, as they stood then."""
        return self._book.filter(self.scope)

    def open_deals(self) -> QuerySet:
        """Open deals; with a period, those expected to close in it."""
        deals = self.book().filter(outcome=Outcome.OPEN)
        return deals.filter(close_date__range=(self.period.start, self.period.end)) if self.period else deals

    def closed_deals(self) -> QuerySet:
        """Closed deals; with a period, those that closed in it."""
        deals = self.book().exclude(outcome=Outcome.OPEN)
        return deals.filter(closed_on__range=(self.period.start, self.period.end)) if self.period else deals

    def whole_book(self) -> QuerySet:
        """Open and closed deals."""
        return self.open_deals() | self.closed_deals()

    def over(self, period: periods.Period) -> "Filters":
        """The same filters, over another period."""
        if period == self.period:
            return self
        other = copy(self)
        other.__dict__ |= {"period": period}
        other.__dict__.pop("_params", None)
        return other

    @property
    def shape(self) -> "Shape":
        """What decides which rows the figures are of, but for days."""
        return Shape(
            self.viewer, self.period is not None, frozenset(self.team_and_below),
            self.person and self.person.pk, self.pipeline and self.pipeline.pk, self.source, self.type,
        )  # fmt: skip

    @property
    def given(self) -> dict[str, object]:
        """The days and moments that stand in the places of a `Standing`."""
        if not self.period:
            return {}
        began, ended = self.moments(self.period)
        return {"start": self.period.start, "end": self.period.end, "began": began, "ended": ended}

    def params(self) -> dict[str, str]:
        """The filters as they stand in an address, without the empty ones."""
        return dict(self._params)

    @cached_property
    def _params(self) -> dict[str, str]:
        chosen = {
            "team": self.team and self.team.pk,
            "person": self.person and self.person.pk,
            "pipeline": self.pipeline and self.pipeline.pk,
            "period": self.period and self.period.key,
            "source": self.source,
            "type": self.type,
            "as_of": self.as_of,
        }
        if self.data.get("person") == "all" and not self.person:
            chosen["person"] = "all"  # an AE who looks at the whole team goes on doing so
        return {name: str(value) for name, value in {**chosen, **self.further()}.items() if value}

    def further(self) -> dict[str, object]:
        """What a screen asks beyond the filters that all share."""
        return {}

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """What was chosen, as a printed page says it: `(filter, choice)`."""
        named = {
            "Team": self.team, "Person": self.person, "Pipeline": self.pipeline,
            "Period": self.period and self.period.label,
            "Source": self.source and Source(self.source).label,
            "Type": self.type and OpportunityType(self.type).label,
        }  # fmt: skip
        return [(label, str(value)) for label, value in named.items() if value] or [("Filters", "none")]

    @property
    def query(self) -> str:
        """`params` as a query string."""
        return addresses.query(self.params())

    def _among(self, name: str, values: list[str]) -> str:
        value = self.data.get(name, "")
        return value if value in values else ""

    def _chosen(self, name: str, among: str) -> object | None:
        text = self.data.get(name, "")
        # What nobody asks for is not looked up.
        return next((row for row in getattr(self, among) if str(row.pk) == text), None) if text else None


class Shape(NamedTuple):
    """Filters of today without their days: those of equal shape ask the same SQL, each with days of its own."""

    viewer: Viewer
    has_period: bool
    teams: frozenset[int]
    person: int | None
    pipeline: int | None
    source: str
    type: str


class Standing(Filters):
    """Filters of one shape, for queries that are built once: in the places of days stands what is `Given` later."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape.viewer.user)
        places = periods.Period("", "", Given("start", DateField()), Given("end", DateField()))
        # In the places of cached properties, which would ask what an address says.
        self.__dict__ |= {
            "as_of": None, "period": places if shape.has_period else None, "team": bool(shape.teams),
            "team_and_below": shape.teams, "person": shape.person, "pipeline": shape.pipeline, "source": shape.source,
            "type": shape.type,
        }  # fmt: skip

    @property
    def day(self) -> Given:
        """Today, whenever that is."""
        return TODAY

    @property
    def now(self) -> Given:
        """Now, whenever that is."""
        return NOW

    def moments(self, period: periods.Period) -> tuple[Given, Given]:
        """Where the period of the filters begins, and where it is over."""
        return Given("began", DateTimeField()), Given("ended", DateTimeField())


@dataclass
class OfLeads(Filters):
    """The filters of a screen about leads, which are of no type and in no pipeline."""

    of_deals: bool = False
    type = ""
    pipeline = None


@dataclass
class Quarterly(Filters):
    """The filters of a screen about quarters: this one if none is asked for."""

    wants_period: bool = True
    usual = "this-quarter"

    @cached_property
    def period(self) -> periods.Period:
        """The period asked for, else the usual one."""
        asked = periods.parse(self.data.get("period", ""), self.day)
        return asked or next(one for one in periods.choices(self.day) if one.key == self.usual)


@dataclass
class OfObjectives(Quarterly):
    """The filters of objectives: whoever looks begins with all that they see, and managers have some of their own."""

    of_deals: bool = False
    source = type = ""
    pipeline = None
    listed = (Role.AE, Role.SE, Role.MANAGER)

    @cached_property
    def person(self) -> User | None:
        """The person asked for."""
        return self._chosen("person", "people")

    @cached_property
    def state(self) -> str:
        """The state asked for, or nothing: then all but what was dropped."""
        return self._among("state", ObjectiveState.values)

    def further(self) -> dict[str, object]:
        """The state."""
        return {"state": self.state}

    @property
    def is_filtered(self) -> bool:
        """Whether anything was chosen."""
        return super().is_filtered or bool(self.state)


@dataclass
class Yearly(Quarterly):
    """The filters of a screen about what closed: the last twelve months if no period is asked for."""

    usual = "12-months"


@dataclass
class Span(Filters):
    """The filters of a screen that compares two days: the end of `since` with the end of `until`."""

    looks_back: bool = False
    compares: bool = True

    @cached_property
    def until(self) -> datetime.date:
        """The later day, today if none is asked for."""
        today = timezone.localdate()
        return min(periods.day(self.data.get("until", "")) or today, today)

    @cached_property
    def since(self) -> datetime.date:
        """The earlier day; by default the last one before the quarter of the later."""
        found = periods.day(self.data.get("since", ""))
        if found and found < self.until:
            return found
        return periods.quarter_of(self.until).start - datetime.timedelta(days=1)

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """With the earlier day."""
        chosen = [one for one in super().in_words if one[0] != "Filters"]
        return [*chosen, ("Since", f"the end of {self.since:%-d %b %Y}")]

    @property
    def day(self) -> datetime.date:
        """The later day, which periods are told from."""
        return self.until

    @property
    def is_filtered(self) -> bool:
        """Whether anything was chosen."""
        return super().is_filtered or "since" in self.data or "until" in self.data

    def further(self) -> dict[str, object]:
        """The two days, where they were chosen."""
        return {name: getattr(self, name) for name in ("since", "until") if periods.day(self.data.get(name, ""))}


@dataclass
class Reviewed(Filters):
    """The filters of the deal review: managers choose among their teams, AEs and SEs go through their own deals."""

    looks_back: bool = False

    def __post_init__(self) -> None:
        self.of_anybody = self.user.role not in (Role.AE, Role.SE)

    @cached_property
    def person(self) -> User | None:
        """The AE or SE asked for; AE and SE are their own."""
        return self._chosen("person", "people") if self.of_anybody else self.user
