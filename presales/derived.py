"""Rows the worker writes: scores and statuses that are pure functions of the data, the rules and the clock.

A derived row lives beside its record. Whoever changes an input adds one to `input_rev` in the same
transaction (`mark_stale`); the worker computes and writes back `computed_rev` = the revision it read.
Stale therefore is data, not a message, and a sweep finds what a lost message left.
"""

import datetime
import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Case, F, Q, Value, When

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3


class DerivedQuerySet(models.QuerySet):
    """Derived rows by freshness."""

    def stale(self, now: datetime.datetime) -> "DerivedQuerySet":
        """Rows whose input changed, or whose next deadline has passed by `now`, except those set aside."""
        return self.filter(~Q(input_rev=F("computed_rev")) | Q(next_due_at__lte=now), set_aside_at=None)

    def set_aside(self) -> "DerivedQuerySet":
        """Rows that failed three times and wait for an admin."""
        return self.exclude(set_aside_at=None)

    def mark_stale(self) -> int:
        """Note that an input changed; call it in the transaction that changes it. Clears set-aside marks."""
        return self.update(input_rev=F("input_rev") + 1, attempts=0, set_aside_at=None)


class Derived(models.Model):
    """What every derived row carries."""

    input_rev = models.PositiveBigIntegerField(default=1)
    computed_rev = models.PositiveBigIntegerField(default=0)
    next_due_at = models.DateTimeField(null=True)
    computed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    set_aside_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


def sweep(
    model: type[Derived],
    derive: Callable[[list[int], datetime.datetime], object],
    now: datetime.datetime,
    batch: int = 2000,
) -> int:
    """Derive every stale row of `model` in key order, a batch per transaction; how many rows were taken.

    Rows that another worker holds are skipped. Where a batch fails, its rows are tried one by one; a row that
    failed three times is set aside for an admin and the rest goes on.
    """
    taken, after = 0, 0
    while True:
        with transaction.atomic():
            stale = model.objects.stale(now).filter(pk__gt=after).order_by("pk").values_list("pk")
            ids = _first(stale.select_for_update(skip_locked=True)[:batch])
            if ids:
                try:
                    with transaction.atomic():
                        derive(ids, now)
                except (DatabaseError, ArithmeticError, ValueError) as error:
                    logger.warning("%s: a batch of %d failed: %s", model.__name__, len(ids), type(error).__name__)
                    _one_by_one(model, derive, ids, now)
        if not ids:
            return taken
        taken += len(ids)
        after = ids[-1]


def batches(model: type[Derived], batch: int) -> Iterator[list[int]]:
    """The keys of all rows of `model` in order, a batch at a time."""
    ids = _first(model.objects.order_by("pk").values_list("pk"))
    for start in range(0, len(ids), batch):
        yield ids[start : start + batch]


def repair(
    model: type[Derived],
    wrong: Callable[[list[int]], list[int]],
    derive: Callable[[list[int]], int],
    batch: int,
) -> int:
    """Derive anew the rows of `model` that turn out to be `wrong`, and lock no others; how many were written."""
    found = (wrong(ids) for ids in batches(model, batch))
    return sum(derive(ids) for ids in found if ids)


def _first(rows: models.QuerySet) -> list[int]:
    """The first column, fetched at once: the ORM makes each of thousands by itself."""
    with connection.cursor() as cursor:
        cursor.execute(*rows.query.sql_with_params())
        return [pk for (pk,) in cursor.fetchall()]


def _one_by_one(model: type[Derived], derive: Callable, ids: list[int], now: datetime.datetime) -> None:
    for pk in ids:
        try:
            with transaction.atomic():
                derive([pk], now)
        except (DatabaseError, ArithmeticError, ValueError) as error:
            logger.warning("%s %s failed: %s", model.__name__, pk, type(error).__name__)
            model.objects.filter(pk=pk).update(
                attempts=F("attempts") + 1,
                last_error=f"{type(error).__name__}: {error}"[:500],
                set_aside_at=Case(When(attempts__gte=MAX_ATTEMPTS - 1, then=Value(now)), default=None),
            )
