"""Sums over deals, in one pass: the rows are Django's, with their gates and filters, the adding up is SQL."""

from collections.abc import Callable
from functools import lru_cache

from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db import connection
from django.db.models import QuerySet

from insights.filters import Filters, Shape, Standing
from insights.queries.past import named
from presales.prepared import KEPT, Given, Prepared

Build = Callable[..., QuerySet]
"""Makes rows of filters (and of what else it is told): a function of a module, that depends on nothing else."""


def added_up(rows: QuerySet, select: str, **parameters: object) -> list[tuple]:
    """What `select` gives, in which `{deals}` stands for `rows`; nothing where there can be no row at all.

    `select` names its own `parameters` like `%(moment)s`.
    """
    try:
        deals, values = named(*rows.query.sql_with_params(), "row")
    except EmptyResultSet:
        return []
    return run(select.replace("{deals}", deals), values | parameters)


def summed(filters: Filters, select: str, build: Build, *told: object, **parameters: object) -> list[tuple]:
    """The same of the rows that `build` makes of the filters, and of what else it is `told`.

    Of today the SQL of the rows is kept for filters of the same shape: building it takes longer than the database
    needs for the deals of a team. `parameters` also go into places that `build` leaves to be `Given`.
    """
    deals, values = rows_of(filters, "row", build, *told, **parameters)
    return run(select.replace("{deals}", deals), values | parameters) if deals else []


def fetched(filters: Filters, build: Build, *told: object, **given: object) -> list:
    """The rows that `build` makes of the filters, as the queryset would give them; of today its SQL is kept as well."""
    if filters.as_of:
        return list(build(filters, *told))
    return _prepared(filters.shape, build, told).rows(**filters.given, **given)


def rows_of(
    filters: Filters, prefix: str, build: Build, *told: object, **given: object
) -> tuple[str, dict[str, object]]:
    """The SQL of the rows that `build` makes, with its values by name, each name with `prefix`; "" for no row."""
    if filters.as_of:
        try:
            return named(*build(filters, *told).query.sql_with_params(), prefix)
        except EmptyResultSet:
            return "", {}
    text, values = _kept(filters.shape, prefix, build, told)
    given |= filters.given
    return text, {name: value.of(given) if isinstance(value, Given) else value for name, value in values.items()}


def run(statement: str, parameters: dict[str, object]) -> list[tuple]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        # The text is the programmer's own and the rows Django's, with their parameters apart.
        cursor.execute(statement, parameters)
        return cursor.fetchall()


@lru_cache(KEPT)
def _prepared(shape: Shape, build: Build, told: tuple) -> Prepared:
    return Prepared(build(Standing(shape), *told))


@lru_cache(KEPT)
def _kept(shape: Shape, prefix: str, build: Build, told: tuple) -> tuple[str, dict[str, object]]:
    made = _prepared(shape, build, told)
    return named(made.sql, made.parameters, prefix) if made.sql else ("", {})


def _forget(**_: object) -> None:
    _prepared.cache_clear()
    _kept.cache_clear()


setting_changed.connect(_forget)
