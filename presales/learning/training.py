"""From a table and its outcomes to a model, what it was found to be worth, and whether it may show a percentage."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from presales.learning import calibration
from presales.learning.bins import Encoder, fitted
from presales.learning.crossval import FOLDS, by_base_rate, folds_of, left_out, strength
from presales.learning.design import Design
from presales.learning.leaks import Cause, Finding, findings
from presales.learning.logistic import Prior, fit, losses, sigmoid
from presales.learning.model import Model
from presales.learning.table import Kind, Table, canonical

# Fewer of either and there is no model at all.
LEAST_OUTCOMES = 20

# What a model must prove on rows that were left out before it may show a percentage. Shuffled outcomes reach none
# of the first three, apart from one try in ten thousand, and never all.
PROOF = 3.5  # by how many standard errors it beats the base rate
SKILL = 0.01  # by which share it makes the log loss of the base rate smaller, at least
RANKING = 0.53  # the lower end of its AUC (99 %)
GAP = 0.05  # the calibration error it may have, beyond what chance alone gives

# The points are believed a little before any outcome is known: half a logit per standard deviation (of at least ten
# points), as firmly as if forty outcomes had said so. They may turn out to say next to nothing, but never count
# against anybody.
POINTS_MEAN, POINTS_PENALTY, POINTS_LEAST = 0.5, 10.0, 0.05


class State(Enum):
    """What may be shown of a model."""

    RULES_ONLY = "rules_only"
    LEARNING = "learning"
    ACTIVE = "active"


@dataclass(frozen=True)
class Report:
    """What a model was found to be worth, on rows left out of each fit.

    `shortfalls` say what keeps it from being active: proof, skill, ranking, calibration.
    """

    wins: int
    losses: int
    state: State = State.RULES_ONLY
    auc: float = math.nan
    auc_low: float = math.nan
    points_auc: float = math.nan
    calibration_error: float = math.nan
    lift: float = math.nan
    log_loss: float = math.nan
    base_log_loss: float = math.nan
    proof: float = 0.0
    strength: float = 0.0
    groups: tuple[calibration.Group, ...] = ()
    lifts: tuple[tuple[float, float], ...] = ()
    shortfalls: tuple[str, ...] = ()

    @property
    def skill(self) -> float:
        """The share by which the log loss of the base rate gets smaller."""
        return 1.0 - self.log_loss / self.base_log_loss if self.base_log_loss else 0.0


@dataclass
class Trained:
    """The outcome of a training. `left_out` is each row's calibrated logit by fits without it, in the table's order."""

    report: Report
    model: Model | None = None
    findings: dict[str, Finding] = field(default_factory=dict)
    left_out: np.ndarray | None = None


def train(
    table: Table,
    outcomes: np.ndarray,
    trusted: Collection[str] = (),
    after: Mapping[str, np.ndarray] | None = None,
) -> Trained:
    """Learn `outcomes` (1 won, 0 lost) from the columns of `table`.

    Columns that know the outcome already are found and kept out, but for those in `trusted`. `after` are figures
    that the ending itself decides, such as how long it took: they are never learned from, and unmask columns that are.
    """
    outcomes = np.asarray(outcomes, float)
    wins = int(outcomes.sum())
    report = Report(wins, len(outcomes) - wins)
    if min(report.wins, report.losses) < LEAST_OUTCOMES:
        return Trained(report)
    order, _ = canonical(table, outcomes)
    sorted_outcomes = outcomes[order]
    found = findings(
        {key: column.take(order) for key, column in table.items()},
        sorted_outcomes,
        folds_of(sorted_outcomes),
        {name: figure[order] for name, figure in (after or {}).items()},
    )
    kept_out = {
        key: one for key, one in found.items() if not (key in trusted and (one.is_leak or one.cause is Cause.NUMBERING))
    }
    used = {key: column for key, column in table.items() if key not in kept_out}
    # Anew without the columns kept out, so that a running number has no part in how the rest is dealt out.
    order, keys = canonical(used, outcomes)
    trained = _trained({key: used[key].take(order) for key in keys}, outcomes[order], report)
    trained.findings = found
    back = np.empty(len(order), int)
    back[order] = np.arange(len(order))
    trained.left_out = trained.left_out[back]
    return trained


def _trained(table: Table, outcomes: np.ndarray, counted: Report) -> Trained:
    encoders = {key: fitted(column) for key, column in table.items()}
    design, prior = _regression(table, encoders, len(outcomes))
    chosen = strength(design, outcomes, prior)
    prior = prior.scaled(chosen)
    weights = fit(design, outcomes, prior)
    folds = folds_of(outcomes)
    raw, _ = left_out(design, outcomes, folds, prior, [weights] * FOLDS)
    line = calibration.line(outcomes, raw)
    logits = _calibrated_apart(raw, outcomes, folds)
    model = _model(table, encoders, design, weights, line)
    points = next((column.numbers for column in table.values() if column.kind is Kind.POINTS), None)
    report = _report(counted, outcomes, logits, by_base_rate(outcomes, folds), chosen, points)
    return Trained(report, model, left_out=logits)


def _regression(table: Table, encoders: dict[str, Encoder], size: int) -> tuple[Design, Prior]:
    """The design, dense columns first, each in the table's order, and what is believed of its weights beforehand."""
    dense, blocks = [np.ones((size, 1))], []
    penalties, means, least = [0.0], [0.0], [-np.inf]
    for key, encoder in encoders.items():
        block = encoder.block(table[key])
        if block is not None:
            blocks.append(block)
            continue
        dense.append(encoder.dense(table[key]))
        width, points = dense[-1].shape[1], encoder.kind is Kind.POINTS
        penalties += [POINTS_PENALTY if points else 1.0] * width
        means += [POINTS_MEAN if points else 0.0] * width
        least += [POINTS_LEAST if points else -np.inf] * width
    design = Design(np.hstack(dense), tuple(blocks))
    more = design.width - len(means)
    prior = Prior(
        np.array(penalties + [1.0] * more), np.array(means + [0.0] * more), np.array(least + [-np.inf] * more)
    )
    return design, prior


def _calibrated_apart(logits: np.ndarray, outcomes: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Each fold's logits on a line found without it, so that calibration is judged honestly too."""
    made = np.zeros(len(logits))
    for fold in range(FOLDS):
        here = folds == fold
        made[here] = calibration.line(outcomes[~here], logits[~here])(logits[here])
    return made


def _model(
    table: Table, encoders: dict[str, Encoder], design: Design, weights: np.ndarray, line: calibration.Line
) -> Model:
    start, place = line.intercept + line.slope * float(weights[0]), 1
    of_blocks = iter(zip(design.blocks, design.places, strict=True))
    for key, encoder in encoders.items():
        if encoder.kind in (Kind.POINTS, Kind.ITEMS):
            found = weights[place : place + max(1, len(encoder.levels) + (encoder.kind is Kind.ITEMS))]
            place += len(found)
        else:
            block, there = next(of_blocks)
            found = block.to_cells(weights[there])
        encoder.weights = (line.slope * found).tolist()
        encoder.mean = float(encoder.values(table[key]).mean())
        start += encoder.mean
    return Model(start, encoders)


def _report(
    counted: Report,
    outcomes: np.ndarray,
    logits: np.ndarray,
    base: np.ndarray,
    chosen: float,
    points: np.ndarray | None,
) -> Report:
    chances = sigmoid(logits)
    of_base, of_model = losses(outcomes, base), losses(outcomes, logits)
    gained = of_base - of_model
    spread = float(gained.std()) / math.sqrt(len(gained))
    ranking = calibration.auc(outcomes, logits)
    low = ranking - 2.576 * calibration.auc_error(ranking, counted.wins, counted.losses)
    gap = calibration.error(outcomes, chances)
    proof = float(gained.mean()) / spread if spread else 0.0
    skill = float(gained.mean() / of_base.mean())
    tests = {
        "proof": proof >= PROOF,
        "skill": skill >= SKILL,
        "ranking": low >= RANKING,
        "calibration": gap <= GAP + calibration.chance_error(outcomes, chances),
    }
    shortfalls = tuple(name for name, passed in tests.items() if not passed)
    return Report(
        wins=counted.wins,
        losses=counted.losses,
        state=State.LEARNING if shortfalls else State.ACTIVE,
        auc=ranking,
        auc_low=low,
        points_auc=math.nan if points is None else calibration.auc(outcomes, np.nan_to_num(points)),
        calibration_error=gap,
        lift=calibration.lift(outcomes, logits),
        log_loss=float(of_model.mean()),
        base_log_loss=float(of_base.mean()),
        proof=proof,
        strength=chosen,
        groups=tuple(calibration.groups(outcomes, chances)),
        lifts=tuple((share / 10, calibration.lift(outcomes, logits, share / 10)) for share in range(1, 11)),
        shortfalls=shortfalls,
    )
