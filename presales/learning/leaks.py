"""Columns that cannot be used: they say nothing, they number the rows, or they know the outcome already.

All is judged by values and outcomes, never by a column's name. A column known only after the outcome shows in one
of three ways: it is filled almost only where one outcome came, or it alone tells outcomes apart better than
anything known beforehand ever does, or it goes with what the ending itself decides, such as how long it took.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from presales.learning.bins import Encoder, fitted
from presales.learning.calibration import auc
from presales.learning.table import Column, Kind, Table

# A column known beforehand does not rank outcomes this well by itself,
TOO_GOOD_AUC = 0.95
# nor finds half of one outcome at the cost of a fiftieth of the other.
CAUGHT, MISTAKEN = 0.5, 0.02
# Filled for at least a tenth of one outcome, and for the other twenty times more rarely.
FILLED, RARER = 0.1, 20.0
ENOUGH = 20
# Says a figure that the ending decides: by rank correlation, or, of levels, by how much of its ranks they explain. No
# forecast reaches either. Judged among wins and among losses apart, where there are enough of them and of its values.
ECHO, ECHO_OF_LEVELS = 0.95, 0.85
ECHO_ROWS, ECHO_VALUES = 50, 10


class Cause(Enum):
    """Why a column is not used."""

    EMPTY = "empty"
    SAME = "same"
    NUMBERING = "numbering"
    FILLED_AFTER = "filled_after"
    TOO_GOOD = "too_good"
    ECHO = "echo"


# Those that a person should hear of: using the column would make predictions look good and be worthless.
LEAKS = frozenset({Cause.FILLED_AFTER, Cause.TOO_GOOD, Cause.ECHO})


@dataclass(frozen=True)
class Finding:
    """A column that is kept out: how well it ranks alone, and for which share of wins and of losses it is filled."""

    key: str
    cause: Cause
    auc: float = 0.5
    wins: float = 0.0
    losses: float = 0.0

    @property
    def is_leak(self) -> bool:
        """Whether it knows the outcome, rather than nothing."""
        return self.cause in LEAKS


def findings(
    table: Table, outcomes: np.ndarray, folds: np.ndarray, after: Mapping[str, np.ndarray] | None = None
) -> dict[str, Finding]:
    """What keeps columns out, by key. `after` are figures of each row that the ending itself decides."""
    figures = list((after or {}).values())
    found = ((key, _finding(key, column, outcomes, folds, figures)) for key, column in table.items())
    return {key: finding for key, finding in found if finding is not None}


def _finding(
    key: str, column: Column, outcomes: np.ndarray, folds: np.ndarray, after: list[np.ndarray]
) -> Finding | None:
    missing = column.missing()
    if missing.all():
        return Finding(key, Cause.EMPTY)
    if column.kind is Kind.POINTS:
        return Finding(key, Cause.SAME) if len(np.unique(column.numbers[~missing])) == 1 else None
    won = outcomes == 1
    filled_wins, filled_losses = float((~missing[won]).mean()), float((~missing[~won]).mean())
    alone = apart(column, outcomes, folds)
    finding = {"auc": auc(outcomes, alone), "wins": filled_wins, "losses": filled_losses}
    if _filled_after(missing, won, filled_wins, filled_losses):
        return Finding(key, Cause.FILLED_AFTER, **finding)
    if numbers_the_rows(column):
        return Finding(key, Cause.NUMBERING)
    if any(echoes(column, figure, won) for figure in after):
        return Finding(key, Cause.ECHO, **finding)
    if finding["auc"] >= TOO_GOOD_AUC or _finds_half(alone, won) or _finds_half(-alone, ~won):
        return Finding(key, Cause.TOO_GOOD, **finding)
    encoder = fitted(column)
    if encoder.kind is Kind.ITEMS:
        design = encoder.dense(column)
        return Finding(key, Cause.SAME) if (design == design[0]).all() else None
    return Finding(key, Cause.SAME) if len(np.unique(encoder.cells(column))) == 1 else None


def _filled_after(missing: np.ndarray, won: np.ndarray, wins: float, losses: float) -> bool:
    more, less, of_less = (wins, losses, ~won) if wins >= losses else (losses, wins, won)
    # As many rows of the rarer outcome as would be filled if filling had nothing to do with it.
    expected = (~missing).mean() * of_less.sum()
    return (~missing).sum() >= ENOUGH and expected >= 8 and more >= FILLED and less * RARER <= more


def numbers_the_rows(column: Column) -> bool:
    """Whether (nearly) every row has a value of its own that means nothing: an identifier."""
    if column.kind is Kind.CATEGORY:
        filled = column.codes[column.codes >= 0]
        return len(filled) >= 2 * ENOUGH and len(np.unique(filled)) >= 0.9 * len(filled)
    if column.kind is not Kind.NUMBER:
        return False
    known = column.numbers[~np.isnan(column.numbers)]
    distinct = np.unique(known)
    if len(known) < 5 * ENOUGH or len(distinct) < 0.98 * len(known) or not (distinct == np.floor(distinct)).all():
        return False
    low, high = float(distinct[0]), float(distinct[-1])
    dense = high - low <= 20 * len(known)
    same_length = low >= 10_000_000 and len(str(int(low))) == len(str(int(high)))
    return dense or same_length


def echoes(column: Column, figure: np.ndarray, won: np.ndarray) -> bool:
    """Whether the column tells, in whatever unit or steps, a figure that is known only once the record has ended."""
    if column.kind not in (Kind.NUMBER, Kind.CATEGORY):
        return False
    known = ~column.missing() & ~np.isnan(figure)
    told = [_echoes(column, figure, np.flatnonzero(known & some)) for some in (won, ~won)]
    judged = [one for one in told if one is not None]
    return bool(judged) and all(judged)


def _echoes(column: Column, figure: np.ndarray, rows: np.ndarray) -> bool | None:
    """`echoes` for these rows; None where they are too few to tell, or the figure hardly differs."""
    if len(rows) < ECHO_ROWS or len(np.unique(figure[rows])) < ECHO_VALUES:
        return None
    ranks = _ranks(figure[rows])
    if column.kind is Kind.NUMBER:
        values = _ranks(column.numbers[rows])
        return bool(values.std() > 0 and abs(float(np.corrcoef(values, ranks)[0, 1])) >= ECHO)
    _, levels, counts = np.unique(column.codes[rows], return_inverse=True, return_counts=True)
    if len(counts) * 5 > len(rows):
        return False  # so many levels explain anything
    means = np.bincount(levels, weights=ranks) / counts
    left = float(((ranks - means[levels]) ** 2).sum()) / (len(rows) - len(counts))
    return left <= (1.0 - ECHO_OF_LEVELS) * float(ranks.var(ddof=1))


def _ranks(values: np.ndarray) -> np.ndarray:
    _, groups, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[groups]


def apart(column: Column, outcomes: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """How well this column alone foresees each row, judged by the rows of the other folds."""
    encoder = fitted(column)
    scores = np.zeros(column.size)
    cells = None if encoder.kind is Kind.ITEMS else encoder.cells(column)
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        base = outcomes[train].mean()
        if cells is None:
            scores[test] = _items_apart(encoder, column, outcomes, train)[test]
            continue
        size = int(cells.max()) + 1
        counts = np.bincount(cells[train], minlength=size)
        wins = np.bincount(cells[train], weights=outcomes[train], minlength=size)
        scores[test] = ((wins + 2.0 * base) / (counts + 2.0))[cells[test]]
    return scores


def _items_apart(encoder: Encoder, column: Column, outcomes: np.ndarray, train: np.ndarray) -> np.ndarray:
    design = encoder.dense(column)
    won = outcomes[train] == 1
    of_wins = (design[train][won].sum(axis=0) + 1.0) / (won.sum() + 2.0)
    of_losses = (design[train][~won].sum(axis=0) + 1.0) / ((~won).sum() + 2.0)
    return design @ np.log(of_wins / of_losses)


def _finds_half(scores: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether some border in `scores` has half of the wanted rows above it and next to none of the others."""
    if wanted.sum() < ENOUGH or (~wanted).sum() < ENOUGH:
        return False
    _, where = np.unique(-scores, return_inverse=True)
    caught = np.cumsum(np.bincount(where, weights=wanted)) / wanted.sum()
    mistaken = np.cumsum(np.bincount(where, weights=~wanted)) / (~wanted).sum()
    return bool(((caught >= CAUGHT) & (mistaken <= MISTAKEN)).any())
