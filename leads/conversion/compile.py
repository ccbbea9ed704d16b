"""A learned version as SQL: everything but the points as one sum per lead, and the probability of that and the points.

The sum (`logit`) is kept beside the score, so that a night in which only engagement decays reads no field again.
"""

import functools
from dataclasses import dataclass

from leads.conversion.fields import known_by
from leads.models.conversion import ConversionModel
from presales.learning import as_sql
from presales.sql import Sql

# Beyond this a probability is 0 or 1 in double precision for all that matters, and exp() would overflow.
FURTHEST = 30


@dataclass(frozen=True)
class Chance:
    """`logit` is the sum of everything but the points, which come in by `slope` and `shift`; `start` and `terms` are
    what it adds, in its order."""

    logit: Sql
    slope: float = 0.0
    shift: float = 0.0
    exists: bool = False
    start: float = 0.0
    terms: tuple[as_sql.Term, ...] = ()

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
    """What `presales.learning.model.Model.to_data` stored, as SQL over `l`, `c` and `s`."""
    total = as_sql.total(data, known_by)
    return Chance(total.logit, total.slope, total.shift, exists=True, start=total.start, terms=total.terms)
