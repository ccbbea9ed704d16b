"""What a home page is made of."""

import datetime
from dataclasses import dataclass, field

LINES = 6
"""How many lines a list shows before it points at the whole."""


@dataclass(frozen=True)
class Action:
    """The one thing that settles a line: a link, a dialog (`dialog`) or a button that posts (`post`)."""

    label: str
    url: str
    post: bool = False
    dialog: bool = False


@dataclass
class Line:
    """One thing that wants somebody: what it is, why, and what to do."""

    title: str
    url: str
    why: str = ""
    pills: list[tuple[str, str]] = field(default_factory=list)  # (label, tone)
    at: datetime.datetime | None = None
    at_label: str = ""
    late: bool = False
    figure: str = ""
    action: Action | None = None


@dataclass
class Section:
    """A list of lines. One without lines shows `empty`, or nothing where that is empty too."""

    title: str
    icon: str
    lines: list[Line]
    empty: str = ""
    more_url: str = ""
    more_label: str = "See all"
    tone: str = ""
    many: bool = False
    """More than the lines shown."""


@dataclass(frozen=True)
class Figure:
    """One number with its definition; the address lists what is behind it."""

    label: str
    value: str
    note: str
    url: str = ""


@dataclass(frozen=True)
class Load:
    """How much a person carries of what they can."""

    person: object
    carried: object
    capacity: int | None
    note: str = ""

    @property
    def is_over(self) -> bool:
        """More than the capacity."""
        return self.capacity is not None and self.carried > self.capacity

    @property
    def share(self) -> float:
        """Carried ÷ capacity, to sort by; someone without a limit comes last."""
        return float(self.carried) / self.capacity if self.capacity else 0


@dataclass
class Counts:
    """A small table of counts: columns, and lines of a label with one figure per column."""

    title: str
    definition: str
    columns: list[str]
    rows: list[tuple[str, list[int]]]


@dataclass
class Home:
    """One home page."""

    figures: list[Figure] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    side: list[Section] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    loads_title: str = ""
    counts: Counts | None = None
    action: Action | None = None
    """What to begin with where nothing is there yet."""
    has_week: bool = False
    """Whether the week in five figures is fetched once the page is there."""

    @property
    def wanted(self) -> int:
        """How many lines want the person."""
        return sum(len(section.lines) for section in self.sections)

    @property
    def shown(self) -> list[Section]:
        """The sections that have something to say."""
        return [section for section in self.sections if section.lines or section.empty]


def cut(lines: list, limit: int = LINES) -> tuple[list, bool]:
    """`lines` read one further than `limit`: those to show, and whether there are more."""
    return lines[:limit], len(lines) > limit
