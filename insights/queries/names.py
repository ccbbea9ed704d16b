"""What people, teams and stages are called. The filters know most of them, so nothing is asked again."""

from collections.abc import Iterable

from django.db.models import QuerySet

from deals.models import Stage
from insights.filters import Filters
from people.models import Team, User
from presales.prepared import prepared


def people_named(filters: Filters, keys: Iterable[int | None]) -> dict[int, str]:
    """The names of those people; of who changed their role or left the team as well."""
    return _named({one.pk: one.name for one in filters.people}, keys, User)


def teams_named(filters: Filters, keys: Iterable[int | None]) -> dict[int, str]:
    """The names of those teams: an own deal may belong to one that its owner has left."""
    return _named({team.pk: team.name for team in filters.teams}, keys, Team)


def _named(known: dict[int, str], keys: Iterable[int | None], model: type[User | Team]) -> dict[int, str]:
    others = set(keys) - known.keys() - {None}
    return known | dict(model.objects.filter(pk__in=others).values_list("pk", "name")) if others else known


@prepared
def _all_stages() -> QuerySet:
    stages = Stage.objects.order_by("pipeline__order", "order", "pk")
    return stages.values_list("pk", "name", "pipeline_id", "pipeline__name", named=True)


def stages_of(keys: set[int]) -> list[tuple]:
    """Those stages in order, each with `pk`, `name`, `pipeline_id` and `pipeline__name`."""
    return [stage for stage in _all_stages().rows() if stage.pk in keys]
