"""Naming who else wants the deal: in the commercial lane."""

from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models import Competitor, Opportunity
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "status", "note"]


@action
def add_competitor(actor: User, opportunity: Opportunity, competitor: Competitor) -> Competitor:
    """Put an unsaved `competitor` on `opportunity`.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: it is named already.
    """
    require(actor, "deals.work_commercial", opportunity)
    _touch(opportunity)
    competitor.opportunity = opportunity
    _must_be_new(competitor)
    competitor.save(force_insert=True)
    return competitor


@action
def edit_competitor(actor: User, competitor: Competitor, version: int) -> Competitor:
    """Save the changed fields of `competitor`.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: another one has that name.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_commercial", competitor.opportunity)
    _touch(competitor.opportunity)
    _must_be_new(competitor)
    save_version(competitor, FIELDS, version)
    return competitor


@action
def remove_competitor(actor: User, competitor: Competitor) -> None:
    """Take one off that was never there; the history keeps it. Repeating it changes nothing."""
    require(actor, "deals.work_commercial", competitor.opportunity)
    _touch(competitor.opportunity)
    Competitor.objects.filter(pk=competitor.pk).delete()


def _touch(opportunity: Opportunity) -> None:
    """The deal saw work; holding its row also keeps two people from naming the same one at once."""
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())


def _must_be_new(competitor: Competitor) -> None:
    others = Competitor.objects.filter(opportunity=competitor.opportunity_id).exclude(pk=competitor.pk)
    if others.alias(lowered=Lower("name")).filter(lowered=Lower(Value(competitor.name))).exists():
        raise Conflict(f"{competitor.name} is named already.")
