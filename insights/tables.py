"""A table of figures, described once: the page, the chart and the CSV all show this."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings

from insights import addresses
from insights.templatetags.figures import figure_money
from presales.templatetags.presales import number

Value = int | Decimal | str | None


def _with(unit: str) -> Callable[[Value], str]:
    return lambda value: "–" if value is None else f"{value}{unit}"


READS: dict[str, Callable[[Value], str]] = {
    "text": _with(""), "days": _with(""), "percent": _with(" %"), "ratio": _with(" ×"), "count": number,
    "money": figure_money,
}  # fmt: skip
"""How a value of each kind of column reads; without a value all say "–"."""


@dataclass(frozen=True)
class Column:
    """One column. `kind` says how its values read: text, count, money, percent, ratio or days."""

    label: str
    kind: str = "text"
    chart: str = ""
    """`bar`, `stack`, `line` or `waterfall` where the chart shows the column."""
    sums: str = "Value"
    """Of money: the column of the listed deals that adds up to it."""

    @property
    def heading(self) -> str:
        """The label with its unit, for files that carry bare numbers."""
        unit = {"money": settings.COMPANY_CURRENCY, "percent": "%"}.get(self.kind)
        return f"{self.label} ({unit})" if unit else self.label


@dataclass(frozen=True)
class Row:
    """One line: what it is about, its figures, and where its deals are listed."""

    label: str
    values: list[Value]
    url: str = ""
    urls: list[str] = field(default_factory=list)
    """Where the rows behind each value are listed, if that differs from value to value."""


@dataclass
class Table:
    """Figures of one kind. `definition` says in one line what they are."""

    slug: str
    title: str
    definition: str
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    total: Row | None = None
    charted: int = 0
    """How many of the last rows the chart shows; 0 for no chart."""
    ends: list[int] = field(default_factory=list)
    """Which rows of a waterfall stand on the ground: the opening and the closing."""
    empty: str = "No deal passes these filters."
    """What it says without rows."""
    screen: str = ""
    """The screen that shows it; the pipeline's own has no name."""

    @property
    def export_url(self) -> str:
        """The address of its CSV."""
        return addresses.page(f"export_{self.screen or 'table'}", self.slug)

    def lines(self) -> list[list[object]]:
        """What a CSV of the table holds below its header."""
        return [[row.label, *row.values] for row in [*self.rows, *([self.total] if self.total else [])]]

    def header(self) -> list[str]:
        """The CSV's header."""
        return [column.heading for column in self.columns]

    @property
    def cells(self) -> list[tuple[Row, list[tuple[str, str]]]]:
        """Each row with how its values read and where what is behind each is listed, for the template."""
        return [(row, self._shown(row)) for row in self.rows]

    @property
    def total_cells(self) -> list[tuple[str, str]]:
        """The same of the total."""
        return self._shown(self.total) if self.total else []

    def _shown(self, row: Row) -> list[tuple[str, str]]:
        urls = row.urls or [""] * len(row.values)
        beside = zip(self.columns[1:], row.values, urls, strict=True)
        return [(READS[column.kind](value), url if value else "") for column, value, url in beside]

    @property
    def chart_id(self) -> str:
        """The id of the element that holds the chart's data."""
        return f"chart-{self.slug}"

    @property
    def chart(self) -> dict[str, object] | None:
        """What static/js/charts.js draws; numbers are floats here, since pixels need no cents."""
        rows = self.rows[-self.charted :] if self.charted else []
        if not rows:
            return None
        return {
            "title": self.title,
            "labels": [row.label for row in rows],
            "urls": [row.url for row in rows],
            "ends": self.ends,
            "series": [
                {
                    "name": column.label,
                    "kind": column.chart,
                    "unit": column.kind,
                    "urls": [row.urls[at] if row.urls else "" for row in rows],
                    "data": [None if row.values[at] is None else float(row.values[at]) for row in rows],
                }
                for at, column in enumerate(self.columns[1:])
                if column.chart
            ],
        }
