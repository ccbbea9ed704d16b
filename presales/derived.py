"""Rows the worker writes: scores and statuses that are pure functions of the data, the rules and the clock.

A derived row lives beside its record. Whoever changes an input adds one to `input_rev` in the same
transaction (`mark_stale`); the worker computes and writes back `computed_rev` = the revision it read.
Stale therefore is data, not a message, and a sweep finds what a lost message left.
"""

import datetime

from django.db import models
from django.db.models import F, Q

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
