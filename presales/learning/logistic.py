"""Logistic regression with an L2 penalty around given means, by Newton's method with step halving."""

from dataclasses import dataclass, replace

import numpy as np

from presales.learning.design import Design

STEPS = 60
SHORTEST = 1e-9
FIRMLY = 1e9


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, float)))


def losses(outcomes: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The log loss of every row, exactly, however large the logit."""
    return np.logaddexp(0.0, logits) - outcomes * logits


@dataclass(frozen=True)
class Prior:
    """What is believed of each weight before any outcome: `means`, how firmly (`penalties`), and the `least` it may be.

    A penalty of 1 is one that cross-validation may scale; others stay as they are.
    """

    penalties: np.ndarray
    means: np.ndarray
    least: np.ndarray

    def scaled(self, strength: float) -> "Prior":
        """With penalties of 1 made `strength`."""
        return replace(self, penalties=np.where(self.penalties == 1.0, strength, self.penalties))

    def held(self, weights: np.ndarray) -> "Prior | None":
        """With those of `weights` held that fell below the least they may be; None where none did."""
        low = weights < self.least - 1e-6
        if not low.any():
            return None
        return replace(
            self, penalties=np.where(low, FIRMLY, self.penalties), means=np.where(low, self.least, self.means)
        )


def fit(
    design: Design, outcomes: np.ndarray, prior: Prior, start: np.ndarray | None = None, enough: float = 1e-12
) -> np.ndarray:
    """The weights that make `Σ log loss + ½ Σ penalty · (weight − mean)²` smallest, none below the least it may be.

    Every penalty must be positive but the intercept's, so there is one answer whatever the columns, also where two
    say the same. A step that gains less than `enough` per row is the last.
    """
    weights = _fit(design, outcomes, prior, start, enough)
    held = prior.held(weights)
    return weights if held is None else _fit(design, outcomes, held, None, enough)


def _fit(design: Design, outcomes: np.ndarray, prior: Prior, start: np.ndarray | None, enough: float) -> np.ndarray:
    weights = prior.means.copy() if start is None else start.copy()
    logits = design.logits(weights)
    objective = _objective(logits, outcomes, prior, weights)
    for _ in range(STEPS):
        chances = sigmoid(logits)
        gradient = design.sums(chances - outcomes) + prior.penalties * (weights - prior.means)
        curvature = design.squares(chances * (1.0 - chances))
        curvature[np.diag_indices_from(curvature)] += prior.penalties + 1e-9
        step = np.linalg.solve(curvature, gradient)
        length = 1.0
        while length > SHORTEST:
            tried = weights - length * step
            new_logits = design.logits(tried)
            value = _objective(new_logits, outcomes, prior, tried)
            if value <= objective:
                break
            length /= 2.0
        else:
            break
        gained = objective - value
        weights, logits, objective = tried, new_logits, value
        if gained <= enough * len(outcomes):
            break
    return weights


def _objective(logits: np.ndarray, outcomes: np.ndarray, prior: Prior, weights: np.ndarray) -> float:
    away = weights - prior.means
    return float(losses(outcomes, logits).sum() + 0.5 * (prior.penalties * away * away).sum())
