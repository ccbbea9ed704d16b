"""A learned version as SQL: everything but the points as one sum per lead, and the probability of that and the points.

The sum (`logit`) is kept beside the score, so that a night in which only engagement decays reads no field again.
"""

import functools
from dataclasses import dataclass

from leads.conversion.fields import POINTS, known_by
from leads.models.conversion import ConversionModel
from presales.sql import Sql

# Beyond this a probability is 0 or 1 in double precision for all that matters, and exp() would overflow.
FURTHEST = 30


@dataclass(frozen=True)
class Chance:
    """`values` joins what is asked of each lead, `logit` sums it up, and points come in by `slope` and `shift`."""

    values: Sql
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


NONE = Chance(Sql(""), Sql("NULL::float8"))


@functools.lru_cache(maxsize=4)
def _stored(version: int) -> Chance | None:
    row = ConversionModel.objects.filter(pk=version).values("data").first()
    return None if row is None else compiled(row["data"])


def chance_of(version: int) -> Chance:
    """The stored version as SQL. Versions never change, so each is compiled once per process."""
    return (_stored(version) or NONE) if version else NONE


def compiled(data: dict) -> Chance:
    """What `leads.learning.model.Model.to_data` stored, as SQL."""
    columns = [column for column in data["columns"] if column["key"] != POINTS and known_by(column["key"])]
    values = ", ".join(f"{known_by(column['key']).sql} AS v{place}" for place, column in enumerate(columns))
    start, terms, parameters = float(data["start"]), [], []
    slope = shift = 0.0
    for column in data["columns"]:
        start -= column["mean"]
        if column["key"] == POINTS:
            slope = column["weights"][0] / column["scale"]
            shift = -column["weights"][0] * column["center"] / column["scale"]
        elif known_by(column["key"]) is None:
            start += column["weights"][0]
    for place, column in enumerate(columns):
        term = _TERMS[column["kind"]](f"v.v{place}", column)
        terms.append(term.text)
        parameters += term.parameters
    # OFFSET 0 has each value computed once, however often its term compares it.
    joined = Sql(f" CROSS JOIN LATERAL (SELECT {values} OFFSET 0) v") if columns else Sql("")
    return Chance(joined, Sql(" + ".join([f"{start!r}::float8", *terms]), tuple(parameters)), slope, shift, exists=True)


def _number(value: str, column: dict) -> Sql:
    edges, weights = column["edges"], column["weights"]

    def between(low: int, high: int) -> str:
        """The weights of bins `low` to `high`, halved until one is left."""
        if low == high:
            return f"{weights[low]!r}::float8"
        middle = (low + high) // 2
        lower, upper = between(low, middle), between(middle + 1, high)
        return f"CASE WHEN {value} < {edges[middle - 1]!r}::float8 THEN {lower} ELSE {upper} END"

    return Sql(f"CASE WHEN {value} IS NULL THEN {weights[0]!r}::float8 ELSE {between(1, len(edges) + 1)} END")


def _category(value: str, column: dict) -> Sql:
    missing, other, *each = column["weights"]
    cases = "".join(f" WHEN %s THEN {weight!r}::float8" for weight in each)
    text = f"CASE coalesce({value}, '') WHEN '' THEN {missing!r}::float8{cases} ELSE {other!r}::float8 END"
    return Sql(text, tuple(column["levels"]))


def _items(value: str, column: dict) -> Sql:
    missing, *each = column["weights"]
    sums = [f"CASE WHEN %s = ANY({value}) THEN {weight!r}::float8 ELSE 0 END" for weight in each]
    text = (
        f"CASE WHEN coalesce(cardinality({value}), 0) = 0 THEN {missing!r}::float8 ELSE {' + '.join(sums) or '0'} END"
    )
    return Sql(text, tuple(column["levels"]))


_TERMS = {"number": _number, "category": _category, "items": _items}
