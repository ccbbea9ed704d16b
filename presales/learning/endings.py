"""Records whose ending is known, each with its facts as they were before: what a training learns from."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from django.db import connection

from presales.learning.fields import POINTS, Known
from presales.learning.model import column_of
from presales.learning.table import Column, Kind
from presales.sql import Sql

# The newest ones; more would not make a difference that anybody could see.
MOST = 100_000
CHUNK = 5_000
SECONDS = 300


@dataclass(frozen=True)
class Endings:
    """The table to learn from, with 1 (won) or 0 (lost), the moment, and the record of each row.

    `after` are figures that the ending itself decides, such as how long it took: a column that goes with one of them
    was written down afterwards.
    """

    table: dict[str, Column]
    won: np.ndarray
    at: list[datetime.datetime]
    ids: list[int]
    after: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def raise_time_limit() -> None:
    """Let this transaction's statements take longer than a page may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS}s"])


def read(query: Sql, fields: list[Known], *, with_points: bool) -> Endings:
    """The rows of `query`: id, won, moment, days it took, the points where there are any, then each of `fields` but the
    points. Call it in a transaction."""
    raise_time_limit()
    asked = [one for one in fields if one.key != POINTS]
    kinds = ({POINTS: Kind.POINTS} if with_points else {}) | {one.key: one.kind for one in asked}
    columns: list[list] = [[] for _ in range(4 + len(kinds))]
    with connection.cursor() as cursor:
        cursor.execute(query.text, list(query.parameters))
        while rows := cursor.fetchmany(CHUNK):  # as columns from the start, so that nothing is held twice
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
    ids, won, at, days, *each = columns
    table = {key: column_of(kind, column) for (key, kind), column in zip(kinds.items(), each, strict=True)}
    return Endings(table, np.array(won, float), at, ids, {"days": np.array(days, float)})
