"""How far an objective is: the values of its key results, progress, and pace against the time that is over.

What is measured is asked of the room of figures, which is above this one and registers itself (`FIGURES`, `measurers`).
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from deals.models import CheckIn, KeyResult, Objective, ObjectiveState
from people.models import Role, Team, User
from presales import validity
from presales.templatetags.presales import money


@dataclass(frozen=True)
class Figure:
    """A figure that a key result may be measured by. `unit` is one of UNITS, `what` its definition in one line."""

    name: str
    label: str
    unit: str
    what: str


@dataclass(frozen=True)
class Value:
    """What a figure says, and where its rows are listed with the same filters. None where there is nothing to tell."""

    value: Decimal | None
    url: str = ""


UNITS = {"money": "", "count": "", "percent": "%", "days": "days", "hours": "hours", "score": "of 5"}
FIGURES: dict[str, Figure] = {}
"""By name; filled by the room of figures."""
Measure = Callable[[User, Objective, list[str], datetime.date], dict[str, Value] | None]
measurers: list[Measure] = []
"""Given who asks, the objective, names of figures and the day: their values, or None where who asks does not see all
that they count. One at most."""

WITHIN, FAR = Decimal(10), Decimal(25)
"""Up to so many points behind the time an objective is on pace; up to so many it is behind; beyond, at risk."""
PACES = {
    "ahead": "Not begun", "reached": "Reached", "on_pace": "On pace", "behind": "Behind", "at_risk": "At risk",
    "missed": "Missed",
}  # fmt: skip
PACE_TONES = {
    "ahead": "quiet", "reached": "good", "on_pace": "good", "behind": "warn", "at_risk": "bad", "missed": "bad",
}  # fmt: skip
BARS = {"quiet": "accent"}
PACE_MEANS = (
    f"Progress is (now − start) ÷ (target − start), from 0 to 100 %; an objective's is the mean of its key results. "
    f"On pace: at most {WITHIN} points behind the share of the time that is over; behind: at most {FAR}; else at risk."
)
HUNDRED = Decimal(100)


class Paced:
    """Something with a pace, in the words and colours of pages."""

    pace: str

    @property
    def tone(self) -> str:
        """How the pace looks."""
        return PACE_TONES.get(self.pace, "quiet")

    @property
    def pace_label(self) -> str:
        """The pace in words."""
        return PACES.get(self.pace, "")

    @property
    def bar(self) -> str:
        """The tone of its bar."""
        return BARS.get(self.tone, self.tone)


@dataclass
class Line(Paced):
    """One key result as it stands on a day."""

    result: KeyResult
    now: Decimal | None
    progress: Decimal | None
    """In percent, from 0 to 100; None where the viewer does not see all that is counted."""
    pace: str = ""
    check_in: CheckIn | None = None
    url: str = ""
    hidden: bool = False

    @property
    def figure(self) -> Figure | None:
        """What it is measured by, if it is."""
        return FIGURES.get(self.result.figure)

    @property
    def unit(self) -> str:
        """The unit as it follows a value."""
        return UNITS[self.figure.unit] if self.figure else self.result.unit

    def said(self, value: Decimal | None) -> str:
        """A value as people read it: `1,250`, `62.5 %`, `400,000 USD`."""
        if value is None:
            return "–"
        if self.is_money:
            return money(value)
        text = f"{value:,.2f}".rstrip("0").rstrip(".")
        return f"{text} {self.unit}".strip()

    @property
    def start(self) -> str:
        """Where it began."""
        return self.said(self.result.start)

    @property
    def stands(self) -> str:
        """Where it is."""
        return self.said(self.now)

    @property
    def target(self) -> str:
        """Where it is to be."""
        return self.said(self.result.target)

    @property
    def is_money(self) -> bool:
        """Whether values are amounts in the company's currency."""
        return self.figure is not None and self.figure.unit == "money"


@dataclass
class Standing(Paced):
    """An objective as it stands on a day."""

    objective: Objective
    day: datetime.date
    lines: list[Line]
    elapsed: Decimal
    progress: Decimal | None = None
    pace: str = ""


def progress_of(start: Decimal, target: Decimal, now: Decimal | None) -> Decimal:
    """(now − start) ÷ (target − start) in percent, never below 0 nor above 100; without a value nothing is done yet."""
    if now is None:
        return Decimal(0)
    exact = HUNDRED * (now - start) / (target - start)
    # Rounded down, so that nothing reads as reached which is not.
    return min(max(exact, Decimal(0)), HUNDRED).quantize(Decimal("0.1"), "ROUND_DOWN")


def elapsed_of(objective: Objective, day: datetime.date) -> Decimal:
    """The share of the days from the first of the quarter to the deadline that are over when `day` is, in percent."""
    days = (objective.deadline - objective.quarter).days + 1
    over = min(max((day - objective.quarter).days + 1, 0), days)
    return (HUNDRED * over / days).quantize(Decimal("0.1"), ROUND_HALF_UP)


def pace_of(progress: Decimal, elapsed: Decimal, *, is_over: bool) -> str:
    """Where `progress` stands against the time, by WITHIN and FAR."""
    if progress >= HUNDRED:
        return "reached"
    if is_over:
        return "missed"
    if not elapsed:
        return "ahead"
    behind = elapsed - progress
    return "on_pace" if behind <= WITHIN else "behind" if behind <= FAR else "at_risk"


def sees_whole(viewer: User, objective: Objective) -> bool:
    """Whether the figures that `viewer` sees count everything that the objective is about.

    What somebody does not see is in none of their figures, so that a team's value would be wrong for whoever sees
    some of its deals alone: they read no value at all.
    """
    if viewer.role == Role.ADMIN:
        return True
    if objective.team_id:
        if viewer.role == Role.MANAGER:
            return objective.team_id in viewer.team_ids
        return viewer.role == Role.AE and Team.objects.with_descendants([objective.team_id]) <= viewer.team_ids
    return objective.user_id is not None


def standing_of(
    objective: Objective, results: Iterable[KeyResult], check_ins: dict[int, CheckIn], viewer: User, day: datetime.date
) -> Standing:
    """The objective when `day` was over, as `viewer` may see it.

    After the deadline it stands as it stood on the deadline's own day: what comes later is too late. What is not agreed
    on, or dropped, has no pace.
    """
    until = min(day, objective.deadline)
    elapsed = elapsed_of(objective, day)
    is_over = day > objective.deadline
    counts = objective.state == ObjectiveState.AGREED
    results = list(results)
    names = [result.figure for result in results if result.figure in FIGURES]
    measured: dict[str, Value] | None = {}
    if names and measurers:
        measured = measurers[0](viewer, objective, names, until) if sees_whole(viewer, objective) else None
    lines = []
    for result in results:
        if not result.figure:
            check_in = check_ins.get(result.pk)
            now = check_in.value if check_in else None
            line = Line(result, now, progress_of(result.start, result.target, now), check_in=check_in)
        elif measured is None:
            line = Line(result, None, None, hidden=True)
        else:
            told = measured.get(result.figure, Value(None))
            line = Line(result, told.value, progress_of(result.start, result.target, told.value), url=told.url)
        if line.progress is not None and counts:
            line.pace = pace_of(line.progress, elapsed, is_over=is_over)
        lines.append(line)
    standing = Standing(objective, day, lines, elapsed)
    if lines and all(line.progress is not None for line in lines):
        mean = sum((line.progress for line in lines), Decimal(0)) / len(lines)
        standing.progress = mean.quantize(Decimal("0.1"), "ROUND_DOWN")
        standing.pace = pace_of(standing.progress, elapsed, is_over=is_over) if counts else ""
    return standing


def results_of(objectives: Iterable[Objective], as_of: datetime.date | None) -> dict[int, list[KeyResult]]:
    """The key results of some objectives by objective, as they were on a past day if one is given. One query."""
    rows = KeyResult.objects.filter(objective__in=[one.pk for one in objectives])
    # Of a past day the rows are the history's, whose `id` is the key result's.
    rows = validity.as_of(rows, as_of) if as_of else rows
    found: dict[int, list[KeyResult]] = {}
    for row in rows.order_by("objective_id", "place"):
        if as_of:
            row = _record(KeyResult, row)
        found.setdefault(row.objective_id, []).append(row)
    return found


def check_ins_of(results: Iterable[KeyResult], day: datetime.date) -> dict[int, CheckIn]:
    """By key result, the check-in that held when `day` was over, none dated after the deadline. One query."""
    by_hand = [one.pk for one in results if not one.figure]
    if not by_hand:
        return {}
    rows = CheckIn.objects.filter(key_result__in=by_hand).newest(day).select_related("by")
    return {row.key_result_id: row for row in rows}


def objectives_as_of(rows: object, as_of: datetime.date | None) -> list[Objective]:
    """`rows` of objectives, as they were on a past day if one is given, with the people and teams they name."""
    related = ("user", "team", "owner")
    if as_of is None:
        return list(rows.select_related(*related))
    found = []
    for state in validity.as_of(rows, as_of).select_related(*related):
        record = _record(Objective, state)
        for name in related:
            setattr(record, name, getattr(state, name))
        found.append(record)
    return found


def _record(model: type, state: object) -> object:
    """The record that a row of its history tells of, as it was; not to be saved."""
    return model(**{field.attname: getattr(state, field.attname) for field in model._meta.concrete_fields})
