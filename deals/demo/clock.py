"""Letting the actions happen in the past, so that stage times and histories are those of a real year.

Only the command that loads the demo data uses this. The database's history is append-only; its rows are dated
back once, at the end, before anybody has signed in.
"""

import contextlib
import datetime
import random
from collections.abc import Iterator

import pgtrigger
from django.apps import apps
from django.db import connection
from django.utils import timezone

from presales.actions import history_context
from presales.validity import write_ends


@contextlib.contextmanager
def at(moment: datetime.datetime, **context: object) -> Iterator[None]:
    """What is done inside happens at `moment`: Django's clock says so, and the history rows remember it."""
    real = timezone.datetime

    class Then(real):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return moment.astimezone(tz)

    timezone.datetime = Then
    try:
        with history_context(at=moment.isoformat(), channel="web", **context):
            yield
    finally:
        timezone.datetime = real


def date_history() -> None:
    """Give every history row the moment it was made to happen at, instead of the moment of loading."""
    quote = connection.ops.quote_name
    with pgtrigger.ignore(), connection.cursor() as cursor:
        for model in apps.get_models():
            if not {"pgh_id", "pgh_context", "pgh_created_at"} <= {field.name for field in model._meta.fields}:
                continue
            if not model._meta.managed or model._meta.proxy:
                continue
            cursor.execute(
                f"UPDATE {quote(model._meta.db_table)} "  # noqa: S608  the name of our own table
                "SET pgh_created_at = (pgh_context->>'at')::timestamptz, pgh_context = pgh_context - 'at' "
                "WHERE pgh_context->>'at' IS NOT NULL"
            )
            if "pgh_until" in {field.name for field in model._meta.fields}:
                write_ends(model._meta.db_table)
        cursor.execute("UPDATE leads_engagementevent SET pgh_created_at = occurred_at")


def days_ago(days: float) -> datetime.datetime:
    """That many days before now."""
    return timezone.now() - datetime.timedelta(days=days)


def spread(
    dice: random.Random, start: datetime.datetime, end: datetime.datetime, count: int
) -> list[datetime.datetime]:
    """`count` moments in order between `start` and `end`, in office hours where they are more than two days old."""
    width = (end - start) / max(count, 1)
    moments = [start + width * (index + dice.uniform(0.3, 0.95)) for index in range(count)]
    return sorted(_in_office(dice, moment) for moment in moments)


def _in_office(dice: random.Random, moment: datetime.datetime) -> datetime.datetime:
    hour, minute = dice.randint(8, 17), dice.randint(0, 59)  # drawn for every moment, so that no day changes the story
    if moment > days_ago(2):
        return moment
    if moment.weekday() > 4:
        moment -= datetime.timedelta(days=moment.weekday() - 4)
    return moment.replace(hour=hour, minute=minute)
