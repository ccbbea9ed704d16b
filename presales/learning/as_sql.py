"""A trained version as SQL: one sum per record. What it gives is what `presales.learning.model.Model.logits` gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from presales.learning.fields import POINTS, Known
from presales.learning.table import Kind
from presales.sql import Sql


@dataclass(frozen=True)
class Total:
    """`logit` is the sum of everything but the points, which come in by `slope` and `shift`; `asked` the fields."""

    logit: Sql
    slope: float
    shift: float
    asked: tuple[Known, ...]


def total(data: Mapping, known_by: Callable[[str], Known | None]) -> Total:
    """What `Model.to_data` stored, over the tables that the fields' SQL names."""
    start, terms, parameters, asked = float(data["start"]), [], [], []
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
            term = _TERMS[known.kind](known, column)
            terms.append(term.text)
            parameters += term.parameters
            asked.append(known)
    return Total(Sql(" + ".join([f"{start!r}::float8", *terms]), tuple(parameters)), slope, shift, tuple(asked))


# Each term names its field once, since reading it is most of what a term costs.


def _number(known: Known, column: dict) -> Sql:
    edges, weights = (_array(column[name]) for name in ("edges", "weights"))
    if not column["edges"]:
        missing, any_other = column["weights"]
        return Sql(f"CASE WHEN {known.sql} IS NULL THEN {missing!r}::float8 ELSE {any_other!r}::float8 END")
    return Sql(f"({weights})[2 + coalesce(width_bucket({known.sql}, {edges}), -1)]")


def _array(values: list[float]) -> str:
    return "'{" + ",".join(map(repr, values)) + "}'::float8[]"


def _category(known: Known, column: dict) -> Sql:
    missing, other, *each = column["weights"]
    if known.condition:
        weight = dict(zip(column["levels"], each, strict=True))
        yes, no = weight.get("yes", other), weight.get("no", other)
        return Sql(f"CASE WHEN {known.condition} THEN {yes!r}::float8 ELSE {no!r}::float8 END")
    cases = "".join(f" WHEN %s THEN {weight!r}::float8" for weight in each)
    text = f"CASE coalesce({known.sql}, '') WHEN '' THEN {missing!r}::float8{cases} ELSE {other!r}::float8 END"
    return Sql(text, tuple(column["levels"]))


def _items(known: Known, column: dict) -> Sql:
    missing, *each = column["weights"]
    sums = [f"CASE WHEN %s = ANY({known.sql}) THEN {weight!r}::float8 ELSE 0 END" for weight in each]
    none = f"coalesce(cardinality({known.sql}), 0) = 0"
    text = f"CASE WHEN {none} THEN {missing!r}::float8 ELSE {' + '.join(sums) or '0'} END"
    return Sql(text, tuple(column["levels"]))


_TERMS = {Kind.NUMBER: _number, Kind.CATEGORY: _category, Kind.ITEMS: _items}
