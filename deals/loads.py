"""How much SEs carry: the sum of the stages' weights over the open deals each holds.

This is the one place that says so. The claim queue, the match, the manager's assignment, the load board and the pages
of people and teams all take the figure from here, and compare it with `User.effective_capacity`.
"""

from collections.abc import Collection
from decimal import Decimal

from django.db.models import DecimalField, F, QuerySet, Sum

from deals.models import Opportunity, Outcome, Stage
from people.models import User
from people.workload import Load
from presales.sql import Template

# What one SE carries, for lists of SEs; `loads_of` says the same of several.
LOAD = """(SELECT coalesce(sum(stage.load_weight), 0) FROM deals_opportunity held
           JOIN deals_stage stage ON stage.id = held.stage_id WHERE held.se_id = {0} AND held.outcome = 'open')"""


def weight_of(stage: Stage) -> Decimal:
    """What one deal in `stage` weighs on its SE."""
    return stage.load_weight


def loads_of(ses: Collection[int]) -> dict[int, Decimal]:
    """The weighted load by SE, in one query for all of them; who carries nothing is missing."""
    held = Opportunity.objects.filter(outcome=Outcome.OPEN, se__in=ses).order_by()
    return dict(held.values_list("se").annotate(Sum("stage__load_weight")))


def load_of(se: User) -> Decimal:
    """The weighted load of one SE, to one decimal."""
    return loads_of([se.pk]).get(se.pk, Decimal(0))


def with_load(users: QuerySet) -> QuerySet:
    """Adds `load` to users, and when they are away: one query for all of them."""
    return users.annotate(load=Template(LOAD, F("pk"), output_field=DecimalField())).with_absences()


def own_load(se: User) -> Decimal:
    """What the SE carries now; the own absences, which the match asks for too, are read along. One query."""
    carried, se.absence_spans = with_load(User.objects.filter(pk=se.pk)).values_list("load", "absence_spans").get()
    return carried


def room_of(se: User) -> Load:
    """What the SE carries now, of how much."""
    return Load(load_of(se), se.effective_capacity)
