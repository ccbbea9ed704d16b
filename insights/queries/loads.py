"""What SEs carry against what they can, as it was when the day asked for was over."""

from collections.abc import Collection
from decimal import Decimal

from django.db import connection
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery

from deals.loads import loads_of
from insights.filters import Filters
from people.models import User
from presales.prepared import Given, prepared

# The deals by the SE who held them, each at the weight that its stage had; a stage older than the installation's
# memory at the first one known. Counted by stage first, so that the weights are asked of a few lines; and of all SEs,
# since by their index PostgreSQL would look up most of the history row by row.
LOADS = """
SELECT held.se_id, sum(held.deals * stage.weight)
  FROM (SELECT se_id, stage_id, count(*) AS deals FROM deals_opportunityevent
         WHERE pgh_created_at <= %(now)s AND (pgh_until IS NULL OR pgh_until > %(now)s)
           AND outcome = 'open'
         GROUP BY se_id, stage_id) AS held
  JOIN (SELECT stage.id, coalesce((SELECT told.load_weight FROM deals_stageevent told
                                    WHERE told.pgh_obj_id = stage.id AND told.pgh_created_at <= %(now)s
                                    ORDER BY told.pgh_id DESC LIMIT 1), stage.load_weight) AS weight
          FROM deals_stage stage) stage ON stage.id = held.stage_id
 GROUP BY held.se_id
"""


def loads_at(filters: Filters, ses: Collection[int]) -> dict[int, Decimal]:
    """The weighted load by SE, whoever sees the deals; one query. Who carried nothing is missing."""
    if not filters.as_of:
        return loads_of(ses)
    asked = set(ses)
    with connection.cursor() as cursor:
        cursor.execute(LOADS, {"now": filters.now})
        return {se: load for se, load in cursor.fetchall() if se in asked}


@prepared
def _people() -> QuerySet:
    found = User.objects.filter(pk__in=Given("ids", BigIntegerField())).order_by("name", "pk")
    return found.only("name", "role", "seniority", "capacity")


def people_at(filters: Filters, ids: Collection[int]) -> list[User]:
    """The people by name, with the seniority and the capacity they had; one query."""
    if not filters.as_of:
        return _people().rows(ids=tuple(ids)) if ids else []
    people = User.objects.filter(pk__in=ids).order_by("name", "pk")
    told = User.pgh_event_model.objects.filter(pgh_obj=OuterRef("pk"), pgh_created_at__lte=filters.now)
    told = told.order_by("-pgh_id")
    found = people.annotate(
        told=Subquery(told.values("pgh_id")[:1]), capacity_then=Subquery(told.values("capacity")[:1]),
        seniority_then=Subquery(told.values("seniority")[:1]),
    )  # fmt: skip
    for one in found:
        if one.told is not None:
            one.capacity, one.seniority = one.capacity_then, one.seniority_then
    return list(found)
