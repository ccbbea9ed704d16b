"""How the version in use does on records of today: whether they are like those it learned from, and how it turned out.

Drift of a column is the population stability index over its cells: Σ (now − then) · ln(now / then). Below 0.1 nothing
changed, from 0.25 on the records are others than those it learned from.
"""

import math

import numpy as np

from presales.learning import calibration
from presales.learning.endings import Endings
from presales.learning.logistic import losses, sigmoid
from presales.learning.model import Model, column_of
from presales.learning.table import Column, Kind, Table

# How many open records are looked at, and how many it takes to say anything.
SAMPLE = 5_000
ENOUGH = 50
SLIGHT, LARGE = 0.1, 0.25


def shares(model: Model, table: Table) -> dict[str, list[float]]:
    """By column, the share of rows in each cell; columns that have none, or several, are left out."""
    found = {}
    for key, encoder in model.encoders.items():
        if encoder.kind in (Kind.NUMBER, Kind.CATEGORY) and table[key].size:
            counts = np.bincount(encoder.cells(table[key]), minlength=len(encoder.weights))
            found[key] = (counts / table[key].size).round(6).tolist()
    return found


def drift(then: dict[str, list[float]], now: dict[str, list[float]]) -> dict[str, float]:
    """The population stability index of each column that both know, the most changed first."""
    found = {
        key: sum(
            (b - a) * math.log(b / a)
            for a, b in ((max(x, 1e-4), max(y, 1e-4)) for x, y in zip(before, now[key], strict=True))
        )
        for key, before in then.items()
        if key in now
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def table_of(model: Model, keys: list[str], rows: list[tuple]) -> dict[str, Column]:
    """`rows` of the values of `keys` as a table that `model` can look at; what else it asks is missing everywhere."""
    columns = list(zip(*rows, strict=True)) or [() for _ in keys]
    table = {key: column_of(model.encoders[key].kind, list(one)) for key, one in zip(keys, columns, strict=True)}
    missing = {
        key: column_of(encoder.kind, [None] * len(rows)) for key, encoder in model.encoders.items() if key not in table
    }
    return table | missing


def compared(model: Model, then: dict[str, list[float]], table: Table, size: int) -> dict[str, float] | None:
    """The drift of `size` open records; None while they are too few."""
    return drift(then, shares(model, table)) if size >= ENOUGH else None


def turned_out(model: Model, rows: Endings, newer: np.ndarray) -> dict[str, float] | None:
    """How the endings numbered `newer` compare with what `model` said of them; None while they are too few."""
    won = rows.won[newer]
    if len(newer) < ENOUGH or not 0 < won.sum() < len(won) or not set(model.encoders) <= set(rows.table):
        return None
    logits = model.logits({key: rows.table[key].take(newer) for key in model.encoders})
    return {
        "outcomes": len(newer),
        "won": float(won.mean()),
        "predicted": float(sigmoid(logits).mean()),
        "auc": calibration.auc(won, logits),
        "log_loss": float(losses(won, logits).mean()),
    }
