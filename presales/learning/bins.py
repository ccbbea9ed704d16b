"""From values to the columns of a regression: levels, with missing as one of them, and steps between quantiles.

An encoder is fitted on training rows and then stays as it is. Each of its *cells* (a level, a bin, missing) has one
weight, which is all that predicting, explaining and writing it as SQL need.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from presales.learning.design import Block
from presales.learning.table import Column, Kind

MOST_BINS = 16
ROWS_A_BIN = 20
MOST_LEVELS = 40
MOST_ITEMS = 30
# Where nearly all have the same points, a few points more are still only a few.
LEAST_SPREAD = 10.0


def least_rows(size: int) -> int:
    """How often a level must occur to have a weight of its own; rarer ones share one."""
    return max(5, math.ceil(size / 500))


@dataclass
class Encoder:
    """How one column enters the regression.

    Cells are numbered: 0 is missing, 1 all levels too rare for a weight (for numbers: the lowest bin), and so on.
    `weights` is filled in by the fit: one figure per cell; one per item; for POINTS, one in all.
    """

    kind: Kind
    levels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    center: float = 0.0
    scale: float = 1.0
    weights: list[float] = field(default_factory=list)
    # What the average training row gets, so that reasons speak of the difference from it.
    mean: float = 0.0

    def cells(self, column: Column) -> np.ndarray:
        """The cell of every row; for ITEMS and POINTS there is no such thing."""
        if self.kind is Kind.NUMBER:
            found = 1 + np.searchsorted(np.array(self.edges), column.numbers, side="right")
            return np.where(np.isnan(column.numbers), 0, found)
        known = {level: cell for cell, level in enumerate(self.levels, 2)}
        of_levels = np.array([known.get(level, 1) for level in column.levels] + [0], int)
        return of_levels[column.codes]

    def block(self, column: Column) -> Block | None:
        """The column by cells; None for ITEMS and POINTS, which are `dense`."""
        if self.kind is Kind.NUMBER:
            return Block(self.cells(column), len(self.edges) + 2, steps=True)
        if self.kind is Kind.CATEGORY:
            return Block(self.cells(column), len(self.levels) + 2)
        return None

    def dense(self, column: Column) -> np.ndarray:
        """The regression columns of ITEMS (ones and zeros) and POINTS (standardised)."""
        if self.kind is Kind.ITEMS:
            return self._items(column)
        centered = (column.numbers - self.center) / self.scale
        return np.where(np.isnan(centered), 0.0, centered)[:, None]

    def _items(self, column: Column) -> np.ndarray:
        design = np.zeros((column.size, 1 + len(self.levels)))
        design[:, 0] = column.missing()
        known = {level: place for place, level in enumerate(self.levels, 1)}
        places = np.array([known.get(level, 0) for level in column.levels], int)
        if len(column.pairs):
            at = places[column.pairs[:, 1]]
            design[column.pairs[at > 0, 0], at[at > 0]] = 1.0
        return design

    def values(self, column: Column) -> np.ndarray:
        """What each row's value adds to the logit, before the mean is taken off."""
        weights = np.array(self.weights)
        if self.kind in (Kind.POINTS, Kind.ITEMS):
            return self.dense(column) @ weights
        return weights[self.cells(column)]


def fitted(column: Column) -> Encoder:
    """The encoder for `column`, made of training rows."""
    match column.kind:
        case Kind.POINTS:
            known = column.numbers[~np.isnan(column.numbers)]
            spread = float(known.std()) if len(known) else 0.0
            center = float(known.mean()) if len(known) else 0.0
            return Encoder(Kind.POINTS, center=center, scale=max(spread, LEAST_SPREAD))
        case Kind.NUMBER:
            return Encoder(Kind.NUMBER, edges=_edges(column.numbers))
        case Kind.CATEGORY:
            counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
            return Encoder(Kind.CATEGORY, levels=_frequent(column, counts, MOST_LEVELS))
        case _:
            counts = np.bincount(column.pairs[:, 1], minlength=len(column.levels))
            return Encoder(Kind.ITEMS, levels=_frequent(column, counts, MOST_ITEMS))


def _frequent(column: Column, counts: np.ndarray, most: int) -> tuple[str, ...]:
    least = least_rows(column.size)
    ranked = sorted((-int(count), column.levels[code]) for code, count in enumerate(counts) if count >= least)
    return tuple(sorted(level for _, level in ranked[:most]))


def _edges(numbers: np.ndarray) -> tuple[float, ...]:
    """Where bins begin: at quantiles, which are values that occur; a frequent lowest or highest value stands apart."""
    known = np.sort(numbers[~np.isnan(numbers)])
    if not len(known):
        return ()
    distinct, counts = np.unique(known, return_counts=True)
    bins = min(MOST_BINS, len(known) // ROWS_A_BIN)
    if len(distinct) <= bins:
        found = set(distinct[1:].tolist())
    else:
        places = [len(known) * part // bins for part in range(1, bins)] if bins > 1 else []
        found = {float(known[place]) for place in places} - {float(distinct[0])}
    least = max(ROWS_A_BIN, len(known) / 50)
    if len(distinct) > 1 and counts[0] >= least:
        found.add(float(distinct[1]))
    if len(distinct) > 1 and counts[-1] >= least:
        found.add(float(distinct[-1]))
    return tuple(sorted(found))
