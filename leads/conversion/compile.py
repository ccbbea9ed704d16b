"""A learned version as SQL: everything but the points as one sum per lead, and the probability of that and the points.

The sum (`logit`) is kept beside the score, so that a night in which only engagement decays reads no field again.
"""

import functools
from dataclasses import dataclass

from leads.conversion.fields import POINTS, Known, known_by
from leads.learning.table import Kind
from leads.models.conversion import ConversionModel
from presales.sql import Sql

# Beyond this a probability is 0 or 1 in double precision for all that matters, and exp() would overflow.
FURTHEST = 30


@dataclass(frozen=True)
class Chance:
    """`logit` is the sum of everything but the points, which come in by `slope` and `shift`."""

    logit: Sql
    slope: float = 0.0
    shift: float = 0.0
    exists: bool = False

    def probability(self, logit: str, total: str) -> str:
        """SQL of the probability of a stored logit and a total score."""
        if not self.exists:
            return "NULL::float8"
        whole = f"{logit} + ({self.slope!r}::float8 * {total} + {self.shift!r}::float8)"
        return f"1 / (1 + exp(-greatest(-{FURTHEST}::float8, least({FURTHEST}::float8, {whole}))))"


NONE = Chance(Sql("NULL::float8"))


@functools.lru_cache(maxsize=4)
def _stored(version: int) -> Chance | None:
    row = ConversionModel.objects.filter(pk=version).values("data").first()
    return None if row is None else compiled(row["data"])


def chance_of(version: int) -> Chance:
    """The stored version as SQL. Versions never change, so each is compiled once per process."""
    return (_stored(version) or NONE) if version else NONE


def compiled(data: dict) -> Chance:
    """What `leads.learning.model.Model.to_data` stored, as SQL over `l`, `c` and `s`."""
    start, terms, parameters = float(data["start"]), [], []
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
    return Chance(Sql(" + ".join([f"{start!r}::float8", *terms]), tuple(parameters)), slope, shift, exists=True)


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
