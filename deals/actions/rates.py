"""Keeping the exchange rates."""

import contextlib
from collections.abc import Iterator

from django.db import IntegrityError, transaction

from deals.models import ExchangeRate
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["currency", "rate", "valid_from"]


@action
def add_rate(actor: User, rate: ExchangeRate) -> ExchangeRate:
    """Record what a currency is worth from a day on.

    Raises:
        Conflict: there is one from that day on already.
    """
    require(actor, "deals.change_rates")
    with _once_a_day():
        rate.save(force_insert=True)
    return rate


@action
def correct_rate(actor: User, rate: ExchangeRate, version: int) -> ExchangeRate:
    """Save a rate that was recorded wrongly; the history keeps what it said before.

    Raises:
        Conflict: there is one of that currency from that day on already.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.change_rates")
    with _once_a_day():
        save_version(rate, FIELDS, version)
    return rate


@contextlib.contextmanager
def _once_a_day() -> Iterator[None]:
    """The form has asked; this is for the one who was slower."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict("There is a rate of this currency from that day on. Correct that one.") from error
