"""Taking back what an import brought, some records at a time: others go on working meanwhile, and what a killed
worker left is taken back by the next."""

from collections.abc import Callable

from django.db import connection, transaction

CHUNK = 2000

Progress = Callable[[int], None]
"""Told, in each chunk's transaction, how many records of the batch have just gone."""


def in_chunks(find: str, batch_id: int, remove: Callable[[list[tuple]], None], progress: Progress | None = None) -> int:
    """Remove what `find` selects, a chunk per transaction; how many.

    Args:
        find: selects rows, their id first, with the placeholders `%(batch)s`, `%(after)s` and `%(limit)s`, by id.
        batch_id: of the import.
        remove: deletes the rows found.
        progress: told how many have gone.
    """
    after = removed = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(find, {"batch": batch_id, "after": after, "limit": CHUNK})
            found = cursor.fetchall()
            if found:
                remove(found)
                if progress is not None:
                    progress(len(found))
        if not found:
            return removed
        removed += len(found)
        after = found[-1][0]


def delete(table: str, column: str, ids: list[int]) -> int:
    """Delete the rows of `table` whose `column` is one of `ids`; how many."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY(%s)", [ids])
        return cursor.rowcount
