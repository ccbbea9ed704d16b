"""From when until when a row of the history told how things stood: what a look at a past day asks of the database."""

import datetime
from collections.abc import Sequence

import pghistory
import pgtrigger
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.utils import timezone

ENDS_FORMER = """
    IF NEW.pgh_label = 'delete' THEN
        UPDATE {meta.db_table} SET pgh_until = pgh_created_at WHERE pgh_obj_id = NEW.pgh_obj_id;
    ELSE
        UPDATE {meta.db_table} SET pgh_until = NEW.pgh_created_at
         WHERE pgh_obj_id = NEW.pgh_obj_id AND pgh_id < NEW.pgh_id
           AND (pgh_until IS NULL OR pgh_until > NEW.pgh_created_at);
    END IF;
    RETURN NULL;
"""
# What ENDS_FORMER would have written, for rows that came without it.
ENDS = """
    UPDATE {table} AS event SET pgh_until = told.ends
      FROM (SELECT pgh_id,
                   CASE WHEN bool_or(pgh_label = 'delete') OVER (PARTITION BY pgh_obj_id) THEN pgh_created_at
                        ELSE min(pgh_created_at) OVER (PARTITION BY pgh_obj_id ORDER BY pgh_id
                                 ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) END AS ends
              FROM {table} WHERE pgh_obj_id >= %s AND pgh_obj_id < %s) AS told
     WHERE event.pgh_id = told.pgh_id AND event.pgh_until IS DISTINCT FROM told.ends
"""
OBJECTS_AT_ONCE = 20_000
# A moment, or noon of the day where it is a day's beginning, and none to come.
NOON = """least(now(), CASE WHEN {0} = date_trunc('day', {0}, 'UTC') THEN {0} + interval '12 hours' ELSE {0} END)"""


def execute_without(trigger: str, statement: str, parameters: dict) -> int:
    """Run a statement that does not fire `trigger`, since its caller writes the history; how many rows it touched."""
    with connection.cursor() as cursor:
        # pgtrigger puts a parameter by position before the statement, which named ones do not go with.
        query = cursor.cursor.mogrify(statement, parameters).decode().replace("%", "%%")
        with pgtrigger.ignore(trigger):
            cursor.execute(query, [])
            return cursor.rowcount


def track(exclude: list[str], indexes: Sequence[models.Index] = (), story: Sequence[str] = ()) -> object:
    """`pghistory.track`, whose rows also know until when they held, in `pgh_until`: empty for the one that holds.

    `story` names what figures follow through the history of many records: it stands in the index by record, so that
    the index alone tells it, in order. `pgh_until` never stands in an index, which would make its writing dear.

    A row holds from `pgh_created_at` until the next one of its record; of two that began together, the later one. The
    database writes that itself, and nothing else of a row can ever be changed. What was removed, as by taking an
    import back, never was: none of its rows hold on any day.
    """
    if story:
        # By record there is one index, this one, and not another of the key alone.
        told = models.Index(fields=["pgh_obj", "pgh_id"], include=["pgh_created_at", *story], name="%(class)s_story")
        indexes = [*indexes, told]
    return pghistory.track(
        exclude=exclude,
        obj_field=pghistory.ObjForeignKey(related_name="events", db_index=not story),
        append_only=False,
        attrs={"pgh_until": models.DateTimeField(null=True, editable=False)},
        meta={
            "indexes": list(indexes),
            "triggers": [
                pgtrigger.Protect(name="append_only", operation=pgtrigger.Delete),
                pgtrigger.ReadOnly(name="read_only", exclude=["pgh_until"]),
                pgtrigger.Trigger(
                    name="ends_former",
                    when=pgtrigger.After,
                    operation=pgtrigger.Insert,
                    condition=pgtrigger.Q(new__pgh_label__df="insert"),
                    func=pgtrigger.Func(ENDS_FORMER),
                ),
            ],
        },
    )


def end_of(day: datetime.date) -> datetime.datetime:
    """The moment at which `day` is over where the user is."""
    following = day + datetime.timedelta(days=1)
    return datetime.datetime.combine(following, datetime.time(), timezone.get_current_timezone())


def held_at(moment: datetime.datetime) -> Q:
    """Which rows of a history tell how things stood just before `moment`: one for each record there was."""
    return Q(pgh_created_at__lt=moment) & (Q(pgh_until=None) | Q(pgh_until__gte=moment))


def as_of(records: QuerySet, day: datetime.date) -> QuerySet:
    """`records` as they stood when `day` was over: rows of their history, whose `id` is the record's."""
    return states_of(records).filter(held_at(end_of(day)))


def states_of(records: QuerySet) -> QuerySet:
    """The whole history of `records`."""
    states = records.model.pgh_event_model.objects.all()
    # Of all records nothing is to be looked up: what was removed holds on no day.
    return states.filter(pgh_obj__in=records.order_by().values("pk")) if records.query.where else states


def write_ends(table: str) -> None:
    """Work out `pgh_until` of every row of an event table anew, some thousand records at a time."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(pgh_obj_id), max(pgh_obj_id) FROM {table}")  # noqa: S608  a table of ours
        first, last = cursor.fetchone()
        for start in range(first or 0, (last or -1) + 1, OBJECTS_AT_ONCE):
            cursor.execute(ENDS.format(table=table), [start, start + OBJECTS_AT_ONCE])
