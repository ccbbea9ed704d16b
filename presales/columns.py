"""Values of many rows by column, packed small: each value once, and for every row the number of its value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

# What packed columns begin with; another one for each way of packing.
MARK = b"columns2"
SIZES = ("<u1", "<u2", "<u4", "<i8")


@dataclass(frozen=True)
class Column:
    """Row n has the value `levels[codes[n]]`.

    Levels are a float array for numbers (None is NaN there), else a list of None, texts, truth values and tuples of
    texts. The same value may be there twice.
    """

    levels: list | np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, values: Sequence[object], *, number: bool) -> "Column":
        """The values of all rows, in order."""
        if number:
            levels, codes = np.unique(np.array(values, float), return_inverse=True)
            return cls(levels, codes.astype(np.uint32))
        found: dict[object, int] = {}
        hashable = (tuple(value) if isinstance(value, list) else value for value in values)
        codes = np.fromiter((found.setdefault(value, len(found)) for value in hashable), np.uint32, len(values))
        return cls(list(found), codes)

    def take(self, rows: np.ndarray) -> "Column":
        """The same column for `rows`, in their order."""
        return Column(self.levels, self.codes[rows])

    def plus(self, more: "Column") -> "Column":
        """The rows of both."""
        levels = np.concatenate([self.levels, more.levels]) if self.is_number else [*self.levels, *more.levels]
        return Column(levels, np.concatenate([self.codes, more.codes.astype(np.uint32) + np.uint32(len(self.levels))]))

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return isinstance(self.levels, np.ndarray)

    def compact(self) -> "Column":
        """The same with every value once, and none that no row has."""
        used = np.flatnonzero(np.bincount(self.codes, minlength=len(self.levels)))
        kept = self.levels[used] if self.is_number else [self.levels[place] for place in used.tolist()]
        once = Column.of(kept, number=self.is_number)
        places = np.zeros(len(self.levels), np.uint32)
        places[used] = once.codes
        return Column(once.levels, places[self.codes])


def pack(arrays: Mapping[str, np.ndarray], columns: Mapping[str, Column]) -> bytes:
    """Whole-number `arrays` and `columns` as bytes, for `unpack`."""
    head: dict[str, dict] = {"arrays": {}, "columns": {}}
    body: list[bytes] = []

    def add(array: np.ndarray, kind: str) -> list:
        body.append(array.astype(kind).tobytes())
        return [kind, len(array)]

    def add_small(array: np.ndarray) -> list:
        """Whole numbers from 0 on."""
        if array.max(initial=0) < 2:
            return [*add(np.packbits(array.astype(bool)), "<u1"), len(array)]
        return add(array, next(size for size in SIZES if array.max() <= np.iinfo(size).max))

    for name, array in arrays.items():
        least = int(array.min()) if len(array) else 0
        head["arrays"][name] = [least, add_small(array - least)]
    for name, column in columns.items():
        levels = add(column.levels, "<f8") if column.is_number else column.levels
        head["columns"][name] = [column.is_number, levels, add_small(column.codes)]
    text = json.dumps(head).encode()
    return b"".join([MARK, len(text).to_bytes(8, "little"), text, *body])


def unpack(data: bytes | memoryview) -> tuple[dict[str, np.ndarray], dict[str, Column]]:
    """The arrays and columns that `pack` packed.

    Raises:
        ValueError: it was packed in another way, by another release.
    """
    if bytes(data[:8]) != MARK:
        raise ValueError("These columns are packed in another way.")
    begin = 16 + int.from_bytes(data[8:16], "little")
    head, place = json.loads(bytes(data[16:begin])), begin

    def following(kind: str, count: int, bits: int | None = None) -> np.ndarray:
        nonlocal place
        found = np.frombuffer(data, kind, count, place)
        place += found.nbytes
        return found if bits is None else np.unpackbits(found, count=bits)

    arrays = {name: following(*told).astype(np.int64) + least for name, (least, told) in head["arrays"].items()}
    columns = {}
    for name, (is_number, told, codes) in head["columns"].items():
        if is_number:
            levels = following(*told).astype(float)
        else:
            levels = [tuple(level) if isinstance(level, list) else level for level in told]
        columns[name] = Column(levels, following(*codes))
    return arrays, columns
