"""A table of figures, described once: the page, the chart and the CSV all show this."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings


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
    values: list[int | Decimal | str | None]
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
    def export_name(self) -> str:
        """The name of the address of its CSV."""
        return f"insights:export_{self.screen or 'table'}"

    def lines(self) -> list[list[object]]:
        """What a CSV of the table holds below its header."""
        return [[row.label, *row.values] for row in [*self.rows, *([self.total] if self.total else [])]]

    def header(self) -> list[str]:
        """The CSV's header."""
        return [column.heading for column in self.columns]

    @property
    def cells(self) -> list[tuple[Row, list[tuple[Column, object, str]]]]:
        """Each row with its values beside their columns and addresses, for the template."""
        return [(row, self._beside(row)) for row in self.rows]

    @property
    def total_cells(self) -> list[tuple[Column, object, str]]:
        """The total's values beside their columns and addresses."""
        return self._beside(self.total) if self.total else []

    def _beside(self, row: Row) -> list[tuple[Column, object, str]]:
        return list(zip(self.columns[1:], row.values, row.urls or [""] * len(row.values), strict=True))

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
