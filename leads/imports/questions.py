"""What a file leaves open: which comes first, day or month; point or comma; what its values mean."""

from dataclasses import dataclass, field
from pathlib import Path

from leads.imports import values
from leads.imports.kinds import Kinds
from presales.spreadsheets import Reading, rows

LOOKED_AT = 100_000  # rows; the check reads them all
FEW = 60
FIRST = 5


@dataclass
class Column:
    """What the cells of one column allow."""

    orders: set[str] | None = None  # None until a day with a question in it is seen
    marks: set[str] | None = None
    unlike: bool = False  # some cells allow only a point, others only a comma
    distinct: set[str] | None = field(default_factory=set)
    kinds: Kinds = field(default_factory=Kinds)

    def see(self, text: str) -> None:
        """Take one cell into account."""
        self.kinds.cells += 1
        if self.distinct is not None:
            if text in self.distinct:
                return  # it says nothing new
            self.distinct.add(text[:120])
            if len(self.distinct) > FEW:
                self.distinct = None
        self.kinds.see(text)
        if not text[-1].isdigit() and not text[0].isdigit() and not any(map(str.isdigit, text)):
            return
        if values.is_numeric_day(text):
            allowed = self.orders or {"dmy", "mdy"}
            self.orders = (allowed & values.day_orders(text)) or allowed
        elif marks := values.decimal_marks(text):
            allowed = self.marks or {"point", "comma"}
            self.unlike = self.unlike or not allowed & marks
            self.marks = (allowed & marks) or allowed


def questions(path: Path, reading: Reading, names: list[str]) -> dict[str, object]:
    """The options a batch starts with.

    Returns:
        `order`: for each column of numeric days the order its cells allow (dmy, mdy, or "" for a question); `mark`: the
        same for amounts (point, comma or ""); `few`: the distinct values of each column with at most 60; `kinds`: the kind
        of field that each column would make; `first`: the first rows.
    """
    columns = [Column() for _ in names]
    first: list[list[str]] = []
    for number, (_line, cells) in enumerate(rows(path, reading)):
        if number < FIRST:
            first.append(cells[: len(names)])
        if number >= LOOKED_AT:
            break
        for column, text in zip(columns, cells, strict=False):
            if text:
                column.see(text)
    named = list(zip(names, columns, strict=True))
    return {
        "order": {name: _only(column.orders) for name, column in named if column.orders},
        "mark": {name: "" if column.unlike else _only(column.marks) for name, column in named if column.marks},
        "few": {name: sorted(column.distinct) for name, column in named if column.distinct},
        "kinds": {name: column.kinds.best(column.distinct) for name, column in named},
        "first": first,
    }


def _only(allowed: set[str]) -> str:
    return next(iter(allowed)) if len(allowed) == 1 else ""
