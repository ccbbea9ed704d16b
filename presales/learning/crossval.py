"""How strongly to hold weights back, and predictions for rows that were left out of the fit."""

import math

import numpy as np

from presales.learning.design import Design
from presales.learning.logistic import Prior, fit, losses

FOLDS = 5
# The strength is chosen on at most this many rows; a tenfold larger set would choose the same.
CHOSEN_ON = 8_000
# Strongest first; the first leaves next to nothing but the points.
STRENGTHS = (1e6, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
CAUTION = 20.0
ENOUGH = 1e-7  # per row; far less than what tells two strengths apart


def folds_of(outcomes: np.ndarray) -> np.ndarray:
    """The fold of every row of canonically ordered `outcomes`: wins and losses dealt out evenly."""
    folds = np.zeros(len(outcomes), int)
    for value in (0, 1):
        rows = np.flatnonzero(outcomes == value)
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def left_out(
    design: Design,
    outcomes: np.ndarray,
    folds: np.ndarray,
    prior: Prior,
    starts: list[np.ndarray] | None = None,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The logit of every row by a fit without its fold, and the weights of each such fit."""
    logits, found = np.zeros(len(outcomes)), []
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        start = starts[fold] if starts else None
        found.append(fit(design.take(train), outcomes[train], prior, start, ENOUGH))
        logits[test] = design.take(test).logits(found[-1])
    return logits, found


def by_base_rate(outcomes: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """The logit of every row by nothing but how often the other folds' rows won."""
    logits = np.zeros(len(outcomes))
    for fold in range(FOLDS):
        rate = float(outcomes[folds != fold].mean())
        logits[folds == fold] = math.log(rate / (1.0 - rate))
    return logits


def strength(design: Design, outcomes: np.ndarray, prior: Prior) -> float:
    """By what to scale the prior's penalties: the strongest that is not clearly worse than the best.

    Rows must be in canonical order.
    """
    rows = _some(outcomes)
    design, outcomes = design.take(rows), outcomes[rows]
    folds = folds_of(outcomes)
    tried: list[np.ndarray] = []
    starts: list[np.ndarray] | None = None
    for value in STRENGTHS:
        logits, starts = left_out(design, outcomes, folds, prior.scaled(value), starts)
        tried.append(losses(outcomes, logits))
        if len(tried) > 2 and tried[-1].mean() > tried[-2].mean() > tried[-3].mean():
            break  # weaker still would only fit the accidents of these rows better
    best = int(np.argmin([one.mean() for one in tried]))
    # With few outcomes, luck chooses as easily as truth; then only a clear difference counts.
    errors = 1.0 + CAUTION / max(1.0, min(outcomes.sum(), (1.0 - outcomes).sum()))
    for place, one in enumerate(tried):
        apart = one - tried[best]
        if apart.mean() <= errors * apart.std() / math.sqrt(len(apart)):
            return STRENGTHS[place]
    return STRENGTHS[best]


def _some(outcomes: np.ndarray) -> np.ndarray:
    """Rows spread evenly over the canonical order, both outcomes in their proportion."""
    if len(outcomes) <= CHOSEN_ON:
        return np.arange(len(outcomes))
    return np.arange(CHOSEN_ON) * len(outcomes) // CHOSEN_ON
