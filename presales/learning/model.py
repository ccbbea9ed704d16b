"""A fitted model: a sum of one figure per column. Predicts, gives reasons, and is stored as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from presales.learning.bins import Encoder
from presales.learning.logistic import sigmoid
from presales.learning.table import Column, Kind, Table


@dataclass
class Model:
    """`logit = start + Σ over columns (weight of the row's cell − the average row's)`.

    `start` is what the average training row gets. Calibration is part of the weights already.
    """

    start: float
    encoders: dict[str, Encoder] = field(default_factory=dict)

    def parts(self, table: Table) -> dict[str, np.ndarray]:
        """What each column adds to each row's logit, in model order."""
        return {key: encoder.values(table[key]) - encoder.mean for key, encoder in self.encoders.items()}

    def logits(self, table: Table) -> np.ndarray:
        """The logit of every row: `start` and all parts, added in model order."""
        size = next((column.size for column in table.values()), 0)
        total = np.full(size, self.start)
        for part in self.parts(table).values():
            total += part
        return total

    def chances(self, table: Table) -> np.ndarray:
        """The probability of every row."""
        return sigmoid(self.logits(table))

    def columns_from(self, rows: Mapping[str, list[object]]) -> dict[str, Column]:
        """Plain values as columns of the kinds this model was trained on; None is missing."""
        return {key: column_of(encoder.kind, rows[key]) for key, encoder in self.encoders.items()}

    def to_data(self) -> dict[str, object]:
        """Plain data for a JSON column; floats come back to the last bit."""
        return {
            "start": self.start,
            "columns": [{"key": key, **asdict(encoder), **_plain(encoder)} for key, encoder in self.encoders.items()],
        }

    @classmethod
    def from_data(cls, data: Mapping) -> "Model":
        """The model that `to_data` stored."""
        encoders = {}
        for stored in data["columns"]:
            values = {name: value for name, value in stored.items() if name != "key"}
            values |= {"kind": Kind(values["kind"]), "levels": tuple(values["levels"]), "edges": tuple(values["edges"])}
            encoders[stored["key"]] = Encoder(**values)
        return cls(float(data["start"]), encoders)


def _plain(encoder: Encoder) -> dict[str, object]:
    """What JSON would not give back as it was."""
    return {"kind": encoder.kind.value, "levels": list(encoder.levels), "edges": list(encoder.edges)}


def column_of(kind: Kind, values: list[object]) -> Column:
    """A column of `kind` made of plain values."""
    if kind in (Kind.NUMBER, Kind.POINTS):
        return Column.of_numbers(values, kind)
    return Column.of_items(values) if kind is Kind.ITEMS else Column.of_texts(values)
