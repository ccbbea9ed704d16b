"""Sums over deals, in one pass: the rows are Django's, with their gates and filters, the adding up is SQL."""

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from insights.queries.past import named


def added_up(rows: QuerySet, select: str, **parameters: object) -> list[tuple]:
    """What `select` gives, in which `{deals}` stands for `rows`; nothing where there can be no row at all.

    `select` names its own `parameters` like `%(moment)s`.
    """
    try:
        deals, values = named(*rows.query.sql_with_params(), "row")
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        # The text is the programmer's own and the rows Django's, with their parameters apart.
        cursor.execute(select.replace("{deals}", deals), values | parameters)
        return cursor.fetchall()
