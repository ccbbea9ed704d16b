"""Columns of values, and an order of rows and columns that depends on nothing but their contents."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np


class Kind(Enum):
    """How a column's values are read."""

    NUMBER = "number"
    CATEGORY = "category"
    ITEMS = "items"  # several at once, such as the technologies of a company
    POINTS = "points"  # a score that somebody set rules for: one straight line, believed until outcomes say otherwise


@dataclass(frozen=True)
class Column:
    """The values of one column. Missing is NaN in `numbers`, -1 in `codes`, and no pair in `pairs`.

    `codes` number the texts in `levels`; `pairs` are (row, level) of a column that holds several items at once.
    """

    kind: Kind
    size: int
    numbers: np.ndarray | None = None
    codes: np.ndarray | None = None
    pairs: np.ndarray | None = None
    levels: tuple[str, ...] = ()

    @classmethod
    def of_numbers(cls, values: Iterable[object], kind: Kind = Kind.NUMBER) -> "Column":
        """Numbers; None, NaN and infinity are missing."""
        numbers = np.array([np.nan if value is None else float(value) for value in values], dtype=float)
        numbers[~np.isfinite(numbers)] = np.nan
        return cls(kind, len(numbers), numbers=numbers + 0.0)  # + 0.0 makes -0 a plain 0

    @classmethod
    def of_texts(cls, values: Sequence[object]) -> "Column":
        """Texts, or truth values; None and the empty text are missing. Levels are numbered in alphabetical order."""
        texts = [_text(value) for value in values]
        levels = tuple(sorted({text for text in texts if text}))
        number = {text: code for code, text in enumerate(levels)}
        return cls(Kind.CATEGORY, len(texts), codes=np.array([number.get(t, -1) for t in texts], int), levels=levels)

    @classmethod
    def of_items(cls, values: Sequence[Iterable[str] | None]) -> "Column":
        """Several texts a row; a row without any is missing."""
        sets = [{text for one in (() if value is None else value) if (text := _text(one))} for value in values]
        levels = tuple(sorted(set().union(*sets))) if sets else ()
        number = {text: code for code, text in enumerate(levels)}
        pairs = [(row, number[text]) for row, texts in enumerate(sets) for text in sorted(texts)]
        return cls(Kind.ITEMS, len(sets), pairs=np.array(pairs, int).reshape(-1, 2), levels=levels)

    def take(self, rows: np.ndarray) -> "Column":
        """The same column for `rows`, in their order."""
        if self.kind is Kind.ITEMS:
            places: dict[int, list[int]] = {}
            for place, row in enumerate(rows.tolist()):
                places.setdefault(row, []).append(place)
            pairs = [(place, level) for row, level in self.pairs.tolist() for place in places.get(row, ())]
            kept = np.array(sorted(pairs), int).reshape(-1, 2)
            return Column(self.kind, len(rows), pairs=kept, levels=self.levels)
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = None if self.codes is None else self.codes[rows]
        return Column(self.kind, len(rows), numbers=numbers, codes=codes, levels=self.levels)

    def missing(self) -> np.ndarray:
        """Which rows have no value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        if self.codes is not None:
            return self.codes < 0
        filled = np.zeros(self.size, bool)
        filled[self.pairs[:, 0]] = True
        return ~filled

    def hashes(self) -> np.ndarray:
        """A number per row that depends on the row's value alone."""
        if self.numbers is not None:
            return _mixed(np.where(np.isnan(self.numbers), -1.2345e300, self.numbers).view(np.uint64))
        of_levels = np.array([_hash(level) for level in self.levels] + [7], np.uint64)
        if self.codes is not None:
            return of_levels[self.codes]  # -1 takes the last
        sums = np.zeros(self.size, np.uint64)
        np.add.at(sums, self.pairs[:, 0], of_levels[self.pairs[:, 1]])
        return _mixed(sums)


Table = Mapping[str, Column]


def canonical(table: Table, outcomes: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """An order of rows and of columns that neither their order in `table` nor any name has a part in.

    Rows that still tie are alike in everything, so it does not matter which comes first.
    """
    size = len(outcomes)
    marks = _mixed(outcomes.astype(np.uint64) + np.uint64(11))
    of_values = {key: column.hashes() for key, column in table.items()}
    with np.errstate(over="ignore"):
        signs = {key: np.sum(_mixed(values ^ marks), dtype=np.uint64) for key, values in of_values.items()}
        for _ in range(2):  # the second time, columns of the same values in other rows come apart
            of_rows = marks.copy()
            for key, values in of_values.items():
                of_rows += _mixed(values ^ _mixed(signs[key]))
            signs = {key: np.sum(_mixed(values ^ _mixed(of_rows))) for key, values in of_values.items()}
    columns = sorted(table, key=lambda key: int(signs[key]))
    order = np.lexsort((of_rows, outcomes)) if size else np.zeros(0, int)
    return order, columns


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return str(value)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _mixed(values: np.ndarray) -> np.ndarray:
    """Scramble 64-bit numbers (splitmix64), so that sums of them tell their parts apart."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
