"""Keyset paging: as fast on page 1,000 as on page 1, and no COUNT over large sets."""

import base64
import binascii
import datetime
import decimal
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import connection
from django.db.models import DateTimeField, DecimalField, F, Field, FloatField, IntegerField, Model, Q, QuerySet

from presales.text import clean

PAGE_SIZE = 50
COUNT_LIMIT = 1000


@dataclass(frozen=True)
class Sort:
    """One way to order a list: `field` may span relations (`score__total`); ties are broken by pk.

    To sort by an annotation, say in `like` which column its values are like.
    """

    field: str
    descending: bool = False
    label: str = ""
    like: str = ""

    @property
    def column(self) -> str:
        """The path to the column that says what the values are."""
        return self.like or self.field


@dataclass
class Page:
    """Some rows of a list, with the cursors of the pages before and after ("" where there is none)."""

    rows: list
    next: str = ""
    previous: str = ""

    def __iter__(self) -> Iterator:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def paginate(queryset: QuerySet, sort: Sort, cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """The page of `queryset` at `cursor`, ordered by `sort`, then pk; nulls come last.

    An unreadable cursor gives the first page.
    """
    position = _decode(cursor, _field(queryset.model, sort.column))
    backwards = position is not None and position[0] == "p"
    ordered = _ordered(queryset, sort, backwards)
    if position is not None:
        ordered = ordered.filter(_beyond(queryset.model, sort, position[1], position[2], backwards))
    rows = list(ordered[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    page = Page(rows)
    if rows and (more or backwards):
        page.next = _encode("n", _value(rows[-1], sort.field), rows[-1])
    if rows and (position is not None and (more or not backwards)):
        page.previous = _encode("p", _value(rows[0], sort.field), rows[0])
    return page


def capped_count(queryset: QuerySet, limit: int = COUNT_LIMIT) -> tuple[int, bool]:
    """`(number of rows, whether there are more)`, never counting beyond `limit`."""
    found = queryset.order_by()[: limit + 1].count()
    return min(found, limit), found > limit


def _ordered(queryset: QuerySet, sort: Sort, backwards: bool) -> QuerySet:
    descending = sort.descending != backwards
    field = F(sort.field)
    nulls = {}
    if _nullable(queryset.model, sort.column):
        # Nulls are last reading forwards, so first reading backwards.
        nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
    order = field.desc(**nulls) if descending else field.asc(**nulls)
    return queryset.order_by(order, "-pk" if descending else "pk")


def _beyond(model: type[Model], sort: Sort, value: object, pk: int, backwards: bool) -> Q:
    """Rows after (value, pk) in reading order."""
    descending = sort.descending != backwards
    op = "lt" if descending else "gt"
    field = sort.field
    tie = Q(**{f"pk__{op}": pk})
    if value is None:
        after = Q(**{f"{field}__isnull": True}) & tie
        return after | Q(**{f"{field}__isnull": False}) if backwards else after
    # The redundant first condition lets PostgreSQL start the index scan at the right place.
    after = Q(**{f"{field}__{op}e": value}) & (Q(**{f"{field}__{op}": value}) | tie)
    if _nullable(model, sort.column) and not backwards:
        after |= Q(**{f"{field}__isnull": True})
    return after


def _nullable(model: type[Model], path: str) -> bool:
    *relations, last = path.split("__")
    for name in relations:
        field = model._meta.get_field(name)
        if getattr(field, "null", True):
            return True
        model = field.related_model
    return model._meta.get_field(last).null if last != "pk" else False


def _value(row: Model | tuple, path: str) -> object:
    if isinstance(row, tuple):  # of values_list(named=True), whose names span relations as sorts do
        return getattr(row, path)
    value: object = row
    for name in path.split("__"):
        value = getattr(value, name, None)
    return value


def _encode(direction: str, value: object, row: Model | tuple) -> str:
    if isinstance(value, datetime.date | decimal.Decimal):
        value = value.isoformat() if isinstance(value, datetime.date) else str(value)
    return base64.urlsafe_b64encode(json.dumps([direction, value, row.pk]).encode()).decode().rstrip("=")


def _field(model: type[Model], path: str) -> Field:
    """The column that `path` ends at."""
    *relations, last = path.split("__")
    for name in relations:
        model = model._meta.get_field(name).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)


def _decode(cursor: str, field: Field) -> tuple[str, object, int] | None:
    """Direction, value and pk; None for what `_encode` cannot have made, as people may type anything."""
    if not cursor or len(cursor) > 1000:
        return None
    try:
        direction, value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if direction not in ("n", "p") or not isinstance(pk, int) or not isinstance(value, str | int | float | None):
            return None
        if isinstance(pk, bool) or not 0 < pk < 2**63:
            return None
        return direction, None if value is None else _stored(field, value), pk
    except (ValueError, binascii.Error, TypeError, OverflowError, ValidationError):
        return None


def _stored(field: Field, value: str | int | float) -> object:
    """`value` as one that the column can hold; raises where it cannot."""
    if isinstance(value, str):
        value = clean(value)
    value = field.to_python(value)
    if isinstance(field, DecimalField):
        DecimalValidator(field.max_digits, field.decimal_places)(value)
    elif isinstance(field, IntegerField):
        low, high = connection.ops.integer_field_range(field.get_internal_type())
        if not low <= value <= high:
            raise ValueError
    elif isinstance(field, FloatField) and not math.isfinite(value):
        raise ValueError
    elif isinstance(field, DateTimeField):
        value.astimezone(datetime.UTC)
    return value
