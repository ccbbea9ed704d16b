"""A learned version as part of the evidence-based probability: SQL for deals/probability.py.

`logit` is what the version says of a deal as it came in, in log-odds. `base` is what it says of all deals that it
learned from: the log-odds of their share of wins. `facts` are the values it went by, kept beside the figure so that a
deal's page can give its reasons without asking anything.
"""

import datetime
import functools
import math
from dataclasses import dataclass, field

from django.db import connection

from deals.models.winning import WinModel
from deals.winning.fields import FIRST_DAY, known_by
from presales.learning import as_sql
from presales.learning.fields import LONGEST, Known
from presales.learning.stored import ModelState

# A function of PostgreSQL takes at most 100 arguments.
AT_ONCE = 40


@dataclass(frozen=True)
class Evidence:
    """Joins and expressions over a deal `o`, with their parameters by name. Without a version there is nothing."""

    joins: str = ""
    logit: str = "NULL::float8"
    facts: str = "NULL::jsonb"
    base: float = 0.0
    parameters: dict[str, object] = field(default_factory=dict)


NONE = Evidence()


def version_in_use() -> int:
    """The version that evidence-based probabilities are computed by, 0 for none: one that has proved itself.

    Whoever computes by it in a transaction holds it until the end, so that no other is taken into use meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM deals_winsettings s LEFT JOIN deals_winmodel m ON m.id = s.model_id AND m.state = %s "
            "WHERE s.id = 1 FOR SHARE OF s",
            [ModelState.ACTIVE],
        )
        found = cursor.fetchone()
    return (found and found[0]) or 0


def version_at(moment: datetime.datetime) -> int:
    """The version that was in use just before `moment` and had proved itself, 0 for none. Of those that nobody used for
    long only the last are kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM (SELECT model_id FROM deals_winsettingsevent WHERE pgh_created_at < %s "
            "ORDER BY pgh_id DESC LIMIT 1) told JOIN deals_winmodel m ON m.id = told.model_id AND m.state = %s",
            [moment, ModelState.ACTIVE],
        )
        found = cursor.fetchone()
    return found[0] if found else 0


@functools.lru_cache(maxsize=4)
def evidence_of(version: int) -> Evidence:
    """The stored version as SQL. Versions never change, so each is compiled once per process."""
    row = WinModel.objects.filter(pk=version).values("data", "wins", "losses").first() if version else None
    return NONE if row is None else _compiled(row["data"], row["wins"], row["losses"])


def _compiled(data: dict, wins: int, losses: int) -> Evidence:
    total = as_sql.total(data, known_by)
    names = [f"learned_{place}" for place in range(len(total.logit.parameters))]
    text, *rest = total.logit.text.split("%s")
    for name, more in zip(names, rest, strict=True):
        text += f"%({name})s{more}"
    parameters = dict(zip(names, total.logit.parameters, strict=True))
    return Evidence(FIRST_DAY, text, _facts(total.asked), math.log(wins / losses), parameters)


def _facts(asked: tuple[Known, ...]) -> str:
    """One JSON object of all values by key; what is missing is not in it."""
    pairs = [f"'{one.key}', {f'left({one.shown}, {LONGEST})' if one.shown else one.sql}" for one in asked]
    parts = [pairs[start : start + AT_ONCE] for start in range(0, len(pairs), AT_ONCE)]
    objects = [f"jsonb_build_object({', '.join(part)})" for part in parts]
    return f"jsonb_strip_nulls({' || '.join(objects)})" if objects else "'{}'::jsonb"
