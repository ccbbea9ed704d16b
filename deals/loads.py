"""How much an SE carries: the sum of the stages' weights over the open deals the SE holds."""

from decimal import Decimal

from django.db.models import DecimalField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from deals.models import Opportunity, Outcome, Stage
from people.models import User


def weight_of(stage: Stage) -> Decimal:
    """What one deal in `stage` weighs on its SE."""
    return stage.load_weight


def load_of(se: User) -> Decimal:
    """The weighted load of one SE, to one decimal."""
    held = Opportunity.objects.filter(se=se, outcome=Outcome.OPEN)
    return held.aggregate(load=Sum("stage__load_weight"))["load"] or Decimal(0)


def with_load(users: QuerySet) -> QuerySet:
    """Adds `load` to users: one query for all of them."""
    held = (
        Opportunity.objects.filter(se=OuterRef("pk"), outcome=Outcome.OPEN)
        .order_by()
        .values("se")
        .annotate(total=Sum("stage__load_weight"))
        .values("total")
    )
    return users.annotate(load=Coalesce(Subquery(held), Value(Decimal(0)), output_field=DecimalField()))
