"""Queries that are built once and asked many times.

Django builds the SQL of a query anew each time it is asked, which for a home page takes several times as long as the
database needs to answer. A prepared query keeps what Django built: it is written as any other, starts from
`visible_to` like any other, and says by `Given` which values come later.
"""

import datetime
from collections.abc import Callable
from contextvars import ContextVar
from copy import copy
from functools import lru_cache, wraps
from types import SimpleNamespace

from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import DateField, DateTimeField, Field, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

KEPT = 1024
"""How many variants of one query a process keeps: one for each set of arguments that it was built with."""
_preparing: ContextVar[bool] = ContextVar("preparing", default=False)


class Given(Value):
    """A value that a prepared query is given each time it is asked; with `find`, one that it finds out by itself."""

    def __init__(self, name: str, output_field: Field, find: Callable[[], object] | None = None) -> None:
        super().__init__(name, output_field)
        self.find = find

    def as_sql(self, compiler: SQLCompiler, connection: object) -> tuple[str, list]:
        """A place for the value while a query is prepared; elsewhere the value itself, if it can be found."""
        return "%s", [self if _preparing.get() else self.of({})]

    def of(self, given: dict[str, object]) -> object:
        """What stands in its place this time.

        Raises:
            KeyError: nobody said what to put there.
        """
        return self.find() if self.find else given[self.value]


def day(after: datetime.timedelta) -> Given:
    """The user's day that much after the one on which the query is asked; before it, if that is negative."""
    return Given("today", DateField(), lambda: timezone.localdate() + after)


def moment(after: datetime.timedelta) -> Given:
    """The moment that much after the one at which the query is asked; before it, if that is negative."""
    return Given("now", DateTimeField(), lambda: timezone.now() + after)


NOW = Given("now", DateTimeField(), lambda: timezone.now())
"""The moment at which a query is asked."""
TODAY = Given("today", DateField(), lambda: timezone.localdate())
"""The user's day on which a query is asked."""


class Prepared:
    """One query with its SQL ready."""

    def __init__(self, queryset: QuerySet) -> None:
        self.queryset = queryset
        self.compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        token = _preparing.set(True)
        try:
            self.sql, self.parameters = self.compiler.as_sql()
        except EmptyResultSet:
            self.sql, self.parameters = "", ()
        finally:
            _preparing.reset(token)
        if any(isinstance(value, datetime.date) for value in self.parameters):
            raise ValueError("a prepared query would go on asking about this moment: use NOW and TODAY")

    def rows(self, **given: object) -> list:
        """What the query finds with these values in its places: what the queryset would give, rows or records."""
        asked = SimpleNamespace(
            db=DEFAULT_DB_ALIAS, query=SimpleNamespace(get_compiler=lambda using: self._compiler(given)),
            _fields=self.queryset._fields, _known_related_objects={},
        )  # fmt: skip
        return list(self.queryset._iterable_class(asked))

    def first(self, **given: object) -> object:
        """The first of the rows, or None."""
        return next(iter(self.rows(**given)), None)

    def count(self, **given: object) -> int:
        """How many rows it finds."""
        if not self.sql:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({self.sql}) AS found", self._values(given))  # noqa: S608
            return cursor.fetchone()[0]

    def _values(self, given: dict[str, object]) -> list:
        return [value.of(given) if isinstance(value, Given) else value for value in self.parameters]

    def _compiler(self, given: dict[str, object]) -> SQLCompiler:
        """Django's compiler as it is after its work, for this thread's connection: it reads the result as ever."""
        compiler = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]
        compiler.as_sql = lambda *_, **__: (self.sql, self._values(given))
        return compiler


def prepared(build: Callable[..., QuerySet]) -> Callable[..., Prepared]:
    """Makes a function that builds a query keep it: it is built anew only for other arguments.

    Whatever the query depends on is an argument, or `Given`, or a setting.
    """
    keep = lru_cache(KEPT)(wraps(build)(lambda *arguments: Prepared(build(*arguments))))
    setting_changed.connect(lambda **_: keep.cache_clear(), weak=False)
    return keep
