"""How much SEs carry: the sum of the stages' weights over the open deals each holds.

This is the one place that says so. The claim queue, the match, the manager's assignment, the load board and the pages
of people and teams all take the figure from here, and compare it with `User.effective_capacity`.
"""

from collections.abc import Collection
from decimal import Decimal

from django.db import DEFAULT_DB_ALIAS
from django.db.models import BigIntegerField, DecimalField, F, QuerySet, Sum

from deals.models import Opportunity, Outcome, Stage
from people.models import Role, User
from people.viewers import Viewer, viewer_of
from people.workload import Load
from presales.prepared import Given, prepared
from presales.sql import Template

SHOWN = {"id", "name", "email", "role", "seniority", "capacity", "time_zone"}
PERSON = [field.attname for field in User._meta.concrete_fields if field.attname in SHOWN]  # in the order of from_db
# What one SE carries, for lists of SEs; `loads_of` says the same of several.
LOAD = """(SELECT coalesce(sum(stage.load_weight), 0) FROM deals_opportunity held
           JOIN deals_stage stage ON stage.id = held.stage_id WHERE held.se_id = {0} AND held.outcome = 'open')"""


def weight_of(stage: Stage) -> Decimal:
    """What one deal in `stage` weighs on its SE."""
    return stage.load_weight


def loads_of(ses: Collection[int]) -> dict[int, Decimal]:
    """The weighted load by SE, in one query for all of them; who carries nothing is missing."""
    return dict(_loads().rows(ses=tuple(ses))) if ses else {}


@prepared
def _loads() -> QuerySet:
    held = Opportunity.objects.filter(outcome=Outcome.OPEN, se__in=Given("ses", BigIntegerField())).order_by()
    return held.values_list("se").annotate(Sum("stage__load_weight"))


def load_of(se: User) -> Decimal:
    """The weighted load of one SE, to one decimal."""
    return loads_of([se.pk]).get(se.pk, Decimal(0))


def with_load(users: QuerySet) -> QuerySet:
    """Adds `load` to users, and when they are away: one query for all of them."""
    return users.annotate(load=Template(LOAD, F("pk"), output_field=DecimalField())).with_absences()


def own_load(se: User) -> Decimal:
    """What the SE carries now; the own absences, which the match asks for too, are read along. One query."""
    [(carried, se.absence_spans)] = _own().rows(user=se.pk)
    return carried


def ses_seen_by(user: User, most: int = 50) -> list[User]:
    """The first `most` SEs whom `user` sees, each with `load` and absences, in one query; nobody for marketing."""
    if user.role == Role.MARKETING:
        return []
    ses = []
    for *person, load, spans in _seen(viewer_of(user), most).rows():
        ses.append(User.from_db(DEFAULT_DB_ALIAS, PERSON, person))
        ses[-1].load, ses[-1].absence_spans = load, spans
    return ses


@prepared
def _seen(viewer: Viewer, most: int) -> QuerySet:
    found = with_load(User.objects.visible_to(viewer.user).in_role(Role.SE))
    return found.order_by("name", "pk").values_list(*PERSON, "load", "absence_spans")[:most]


@prepared
def _own() -> QuerySet:
    own = User.objects.filter(pk=Given("user", BigIntegerField()))
    return with_load(own).values_list("load", "absence_spans")


def room_of(se: User) -> Load:
    """What the SE carries now, of how much."""
    return Load(load_of(se), se.effective_capacity)
