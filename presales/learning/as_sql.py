"""A trained version as SQL: one sum per record. What it gives is what `presales.learning.model.Model.logits` gives.

Where the values are known already, the same sum is made without the database: `Term.asked` is the value that a term
looks at, `Term.worths` what it gives for some. Both ways add the same figures in the same order, so that they agree to
the last bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from presales.learning.fields import POINTS, Known
from presales.learning.table import Kind
from presales.sql import Sql


@dataclass(frozen=True)
class Term:
    """What one field adds: as SQL, and for each of the values that the SQL `asked` reads.

    By its kind those are numbers, in one array with NaN for none; truths; or as the database driver reads them, but for
    lists, which are tuples.
    """

    sql: Sql
    asked: str
    worths: Callable[[Sequence | np.ndarray], np.ndarray]
    kind: Literal["truth", "number", "other"] = "other"


@dataclass(frozen=True)
class Total:
    """`logit` is the sum of everything but the points, which come in by `slope` and `shift`; `asked` the fields.

    `start` and `terms` are what `logit` adds, in its order.
    """

    logit: Sql
    slope: float
    shift: float
    asked: tuple[Known, ...]
    start: float
    terms: tuple[Term, ...]


def total(data: Mapping, known_by: Callable[[str], Known | None]) -> Total:
    """What `Model.to_data` stored, over the tables that the fields' SQL names."""
    start, terms, asked = float(data["start"]), [], []
    slope = shift = 0.0
    for column in data["columns"]:
        start -= column["mean"]
        known = known_by(column["key"])
        if column["key"] == POINTS:
            slope = column["weights"][0] / column["scale"]
            shift = -column["weights"][0] * column["center"] / column["scale"]
        elif known is None:
            start += column["weights"][0]
        else:
            terms.append(_TERMS[known.kind](known, column))
            asked.append(known)
    text = " + ".join([f"{start!r}::float8", *(term.sql.text for term in terms)])
    parameters = tuple(parameter for term in terms for parameter in term.sql.parameters)
    return Total(Sql(text, parameters), slope, shift, tuple(asked), start, tuple(terms))


# In SQL each term names its field once, since reading it is most of what a term costs.


def _number(known: Known, column: dict) -> Term:
    edges, weights = column["edges"], column["weights"]
    missing = weights[0]
    if not edges:
        text = f"CASE WHEN {known.sql} IS NULL THEN {missing!r}::float8 ELSE {weights[1]!r}::float8 END"
    else:
        text = f"({_array(weights)})[2 + coalesce(width_bucket({known.sql}, {_array(edges)}), -1)]"
    each = np.array(weights)

    def worths(values: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(values), missing, each[1 + np.searchsorted(edges, values, side="right")])

    return Term(Sql(text), known.sql, worths, "number")


def _array(values: Sequence[float]) -> str:
    return "'{" + ",".join(map(repr, values)) + "}'::float8[]"


def _category(known: Known, column: dict) -> Term:
    missing, other, *each = column["weights"]
    weight = dict(zip(column["levels"], each, strict=True))
    if known.condition:
        yes, no = weight.get("yes", other), weight.get("no", other)
        text = f"CASE WHEN {known.condition} THEN {yes!r}::float8 ELSE {no!r}::float8 END"
        return Term(Sql(text), known.condition, _each(lambda holds: yes if holds else no), "truth")
    cases = "".join(f" WHEN %s THEN {weight!r}::float8" for weight in each)
    text = f"CASE coalesce({known.sql}, '') WHEN '' THEN {missing!r}::float8{cases} ELSE {other!r}::float8 END"
    worths = _each(lambda value: weight.get(value, other) if value else missing)
    return Term(Sql(text, tuple(column["levels"])), known.sql, worths)


def _items(known: Known, column: dict) -> Term:
    missing, *each = column["weights"]
    sums = [f"CASE WHEN %s = ANY({known.sql}) THEN {weight!r}::float8 ELSE 0 END" for weight in each]
    none = f"coalesce(cardinality({known.sql}), 0) = 0"
    text = f"CASE WHEN {none} THEN {missing!r}::float8 ELSE {' + '.join(sums) or '0'} END"
    weights = dict(zip(column["levels"], each, strict=True))

    def worth(items: tuple[str, ...] | None) -> float:
        if not items:
            return missing
        added = 0.0  # one by one in the model's order, as SQL does
        for level, weight in weights.items():
            added += weight if level in items else 0.0
        return added

    return Term(Sql(text, tuple(column["levels"])), known.sql, _each(worth))


def _each(worth: Callable[[object], float]) -> Callable[[Sequence], np.ndarray]:
    return lambda values: np.array([worth(value) for value in values], float)


_TERMS = {Kind.NUMBER: _number, Kind.CATEGORY: _category, Kind.ITEMS: _items}
