"""Whether predictions hold what they say: a straight line through the logits, and the figures that tell.

A line keeps the reasons exact: each is multiplied by the same slope. The figures are defined as usual: AUC with
mid-ranks for ties; calibration error over ten groups of equal size that never split a tie; lift of the top tenth, a tie
at its border counting with its average.
"""

import math
from dataclasses import dataclass

import numpy as np

from presales.learning.design import Design
from presales.learning.logistic import Prior, fit, losses, sigmoid

# Never flat or falling, so that calibrating leaves the ranking as it is.
FLATTEST = 0.05


@dataclass(frozen=True)
class Line:
    """`calibrated = intercept + slope · logit`."""

    intercept: float = 0.0
    slope: float = 1.0

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        return self.intercept + self.slope * logits


def line(outcomes: np.ndarray, logits: np.ndarray) -> Line:
    """The line that makes predictions for rows left out fit their outcomes best; leans towards leaving them alone."""
    design = Design(np.column_stack([np.ones(len(logits)), logits]), ())
    prior = Prior(np.array([0.0, 2.0]), np.array([0.0, 1.0]), np.array([-np.inf, FLATTEST]))
    weights = fit(design, outcomes, prior)
    return Line(float(weights[0]), float(weights[1]))


def auc(outcomes: np.ndarray, scores: np.ndarray) -> float:
    """How often a win ranks above a loss; NaN without both."""
    wins, total = int(outcomes.sum()), len(outcomes)
    if not 0 < wins < total:
        return math.nan
    _, groups, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[groups]
    return float((ranks[outcomes == 1].sum() - wins * (wins + 1) / 2.0) / (wins * (total - wins)))


def auc_error(value: float, wins: int, losses: int) -> float:
    """The standard error of an AUC (Hanley and McNeil, 1982)."""
    of_wins, of_losses = value / (2.0 - value), 2.0 * value * value / (1.0 + value)
    variance = (
        value * (1.0 - value) + (wins - 1) * (of_wins - value * value) + (losses - 1) * (of_losses - value * value)
    ) / (wins * losses)
    return math.sqrt(max(variance, 0.0))


@dataclass(frozen=True)
class Group:
    """A tenth of the rows by prediction: how many, what was predicted and what happened."""

    size: int
    predicted: float
    happened: float


def groups(outcomes: np.ndarray, chances: np.ndarray, number: int = 10) -> list[Group]:
    """The rows in groups of (almost) equal size by prediction, lowest first; a tie is never split."""
    order = np.argsort(chances, kind="stable")
    chances, outcomes, size = chances[order], outcomes[order], len(chances)
    made, begin = [], 0
    for part in range(number):
        end = max(begin, round((part + 1) * size / number))
        while 0 < end < size and chances[end] == chances[end - 1]:
            end += 1
        end = size if part == number - 1 else end
        if end > begin:
            here = slice(begin, end)
            made.append(Group(end - begin, float(chances[here].mean()), float(outcomes[here].mean())))
        begin = end
        if begin >= size:
            break
    return made


def error(outcomes: np.ndarray, chances: np.ndarray) -> float:
    """By how much predictions and what happened differ, on average over the groups."""
    return sum(group.size * abs(group.predicted - group.happened) for group in groups(outcomes, chances)) / len(chances)


def chance_error(outcomes: np.ndarray, chances: np.ndarray) -> float:
    """The calibration error that predictions without any fault would show by chance alone, on average."""
    made = groups(outcomes, chances)
    each = [math.sqrt(2.0 / math.pi * group.predicted * (1.0 - group.predicted) / group.size) for group in made]
    return sum(group.size * one for group, one in zip(made, each, strict=True)) / len(chances)


def lift(outcomes: np.ndarray, scores: np.ndarray, share: float = 0.1) -> float:
    """Wins among the top `share` of rows, as a multiple of the average; NaN without wins."""
    if not outcomes.sum():
        return math.nan
    values, where, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    wins = np.bincount(where, weights=outcomes, minlength=len(values))
    wanted, taken, hits = share * len(outcomes), 0.0, 0.0
    for count, won in zip(counts, wins, strict=True):
        take = min(float(count), wanted - taken)
        hits += won * take / count
        taken += take
        if taken >= wanted - 1e-12:
            break
    return float(hits / taken / outcomes.mean())


def figures(outcomes: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """AUC, calibration error, lift and log loss of logits in one go."""
    chances = sigmoid(logits)
    return {
        "auc": auc(outcomes, logits),
        "calibration_error": error(outcomes, chances),
        "lift": lift(outcomes, logits),
        "log_loss": float(losses(outcomes, logits).mean()),
    }
