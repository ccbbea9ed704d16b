"""How much SEs carry: the sum of the stages' weights over the open deals each holds.

This is the one place that says so. The claim queue, the match, the manager's assignment, the load board and the pages
of people and teams all take the figure from here, and compare it with `User.effective_capacity`.
"""

from collections.abc import Collection
from decimal import Decimal

from django.db.models import DecimalField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from deals.models import Opportunity, Outcome, Stage
from people.models import User
from people.workload import Load


def weight_of(stage: Stage) -> Decimal:
    """What one deal in `stage` weighs on its SE."""
    return stage.load_weight


def _weighed(**held: object) -> QuerySet:
    """Weight by SE, of the open deals that `held` names."""
    deals = Opportunity.objects.filter(outcome=Outcome.OPEN, **held).order_by()
    return deals.values("se").annotate(weight=Sum("stage__load_weight"))


def loads_of(ses: Collection[int]) -> dict[int, Decimal]:
    """The weighted load by SE, in one query for all of them; who carries nothing is missing."""
    return {row["se"]: row["weight"] for row in _weighed(se__in=ses)}


def load_of(se: User) -> Decimal:
    """The weighted load of one SE, to one decimal."""
    return loads_of([se.pk]).get(se.pk, Decimal(0))


def with_load(users: QuerySet) -> QuerySet:
    """Adds `load` to users, and when they are away: one query for all of them."""
    held = _weighed(se=OuterRef("pk")).values("weight")
    loaded = users.annotate(load=Coalesce(Subquery(held), Value(Decimal(0)), output_field=DecimalField()))
    return loaded.with_absences()


def room_of(se: User) -> Load:
    """What the SE carries now, of how much."""
    return Load(load_of(se), se.effective_capacity)
