"""What the filters offer to somebody: teams, people and pipelines, in one question."""

from functools import lru_cache
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection

from deals.models import Pipeline
from insights.queries.past import named
from people.models import Role, Team, User
from people.viewers import Viewer, viewer_of
from presales.prepared import KEPT, Prepared

PARTS = [
    "SELECT 0 AS kind, 0 AS place, pk, name, parent_id::text AS more FROM ({}) AS team",
    "SELECT 1, 0, pk, name, role FROM ({}) AS person",
    'SELECT 2, "order", pk, name, NULL FROM ({}) AS pipeline',
]


class Choices(NamedTuple):
    """Each with what filters ask of it and no more: teams with their parent, people with their role, by name."""

    teams: list[Team]
    people: list[User]
    pipelines: list[Pipeline]


def choices(user: User, roles: tuple[str, ...]) -> Choices:
    """The teams and pipelines that `user` may choose, and the people with one of the roles."""
    # An admin chooses among all, whatever the teams; and what all teams are is told by the very answer.
    viewer = Viewer(user.pk, user.role, frozenset()) if user.role == Role.ADMIN else viewer_of(user)
    found = Choices([], [], [])
    with connection.cursor() as cursor:
        cursor.execute(*_question(viewer, roles))
        for kind, _, pk, name, more in cursor.fetchall():
            if kind == 0:
                found.teams.append(_known(Team, id=pk, name=name, parent_id=more and int(more)))
            elif kind == 1:
                found.people.append(_known(User, id=pk, name=name, role=more))
            else:
                found.pipelines.append(_known(Pipeline, id=pk, name=name))
    return found


def _known(model: type, **columns: object) -> Team | User | Pipeline:
    """A record of which only some columns were read."""
    return model.from_db(DEFAULT_DB_ALIAS, list(columns), list(columns.values()))


@lru_cache(KEPT)
def _question(viewer: Viewer, roles: tuple[str, ...]) -> tuple[str, dict[str, object]]:
    asked = [
        Team.objects.visible_to(viewer.user).order_by().values("pk", "name", "parent_id"),
        User.objects.visible_to(viewer.user).filter(role__in=roles).order_by().values("pk", "name", "role"),
        Pipeline.objects.order_by().values("pk", "name", "order"),
    ]
    texts, values = [], {}
    for place, (part, rows) in enumerate(zip(PARTS, asked, strict=True)):
        made = Prepared(rows)
        if made.sql:  # who is in no team has none to choose
            text, own = named(made.sql, made.parameters, f"part{place}")
            texts.append(part.format(text))
            values |= own
    return f"{' UNION ALL '.join(texts)} ORDER BY 1, 2, 4", values
