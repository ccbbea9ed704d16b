"""What every screen of figures is made of."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.utils.text import slugify

from insights.filters import Filters
from insights.tables import Table


@dataclass(frozen=True)
class Card:
    """One large figure: what it is called, how it reads, its definition, and where its rows are listed."""

    label: str
    value: str
    note: str
    url: str = ""
    tone: str = ""
    """`bad` or `good` where the figure calls for somebody, or shows that nobody is needed."""
    key: str = ""
    """What the card is called in addresses, where its label changes."""

    @property
    def name(self) -> str:
        """The name by which dashboards find the card again: by its label, unless it has a key."""
        return self.key or slugify(self.label)


@dataclass
class Screen:
    """One page of figures. `slug` names it in addresses, `about` is the line under its title."""

    slug: str
    title: str
    about: str
    filters: Filters
    cards: list[Card] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    left_out: list[tuple[str, int, Decimal]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences above the tables: what stands out."""
    remarks: list[str] = field(default_factory=list)
    """Sentences above the tables: how a past day is known."""
    actions: list[tuple[str, str]] = field(default_factory=list)
    """Pages beside this one, where what it counts is kept: `(label, address)`."""

    def __post_init__(self) -> None:
        for table in self.tables:
            table.screen = self.slug

    def table(self, slug: str) -> Table | None:
        """The table of that name."""
        return next((table for table in self.tables if table.slug == slug), None)


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """`part` ÷ `whole` in percent, two decimals half-up; None of nothing."""
    return two(Decimal(100) * part / whole) if whole else None


def two(value: Decimal) -> Decimal:
    """Two decimals, half-up."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def shown_percent(value: Decimal | None) -> str:
    """As cards show it."""
    return "–" if value is None else f"{value} %"


def counted(count: int, one: str, several: str = "") -> str:
    """`1 deal`, `1,200 deals`."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
