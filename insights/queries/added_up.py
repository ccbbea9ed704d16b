"""Sums over deals, in one pass: the rows are Django's, with their gates and filters, the adding up is SQL."""

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def added_up(rows: QuerySet, select: str) -> list[tuple]:
    """What `select` gives, in which `{deals}` stands for `rows`; nothing where there can be no row at all."""
    try:
        deals, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        # The text is the programmer's own and the rows Django's, with their parameters apart.
        cursor.execute(select.replace("{deals}", deals), parameters)
        return cursor.fetchall()
