"""Adding to the buying committee, changing it, and taking somebody out. Both lanes may."""

from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models import Opportunity, Stakeholder
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "job_title", "email", "role", "influence", "stance", "known_by", "is_both", "note"]


@action
def add_stakeholder(actor: User, opportunity: Opportunity, stakeholder: Stakeholder) -> Stakeholder:
    """Put an unsaved `stakeholder` on the committee of `opportunity`.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the same person has this role already.
    """
    require(actor, "deals.work_stakeholders", opportunity)
    _touch(opportunity)
    stakeholder.opportunity = opportunity
    _must_be_alone(stakeholder)
    stakeholder.save(force_insert=True)
    return stakeholder


@action
def edit_stakeholder(actor: User, stakeholder: Stakeholder, version: int) -> Stakeholder:
    """Save the changed fields of `stakeholder`.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the same person has this role already.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_stakeholders", stakeholder.opportunity)
    _touch(stakeholder.opportunity)
    _must_be_alone(stakeholder)
    save_version(stakeholder, FIELDS, version)
    return stakeholder


@action
def remove_stakeholder(actor: User, stakeholder: Stakeholder, *, reason: str = "") -> None:
    """Take somebody off the committee; the history keeps who it was. Repeating it changes nothing."""
    require(actor, "deals.work_stakeholders", stakeholder.opportunity)
    _touch(stakeholder.opportunity)
    Stakeholder.objects.filter(pk=stakeholder.pk).delete()


def _touch(opportunity: Opportunity) -> None:
    """The deal saw work; holding its row also keeps two people from adding the same person at once."""
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])


def _must_be_alone(stakeholder: Stakeholder) -> None:
    others = Stakeholder.objects.filter(opportunity=stakeholder.opportunity_id, role=stakeholder.role)
    same = others.alias(lowered=Lower("name")).filter(lowered=Lower(Value(stakeholder.name)))
    if same.exclude(pk=stakeholder.pk).exists():
        raise Conflict(f"{stakeholder.name} is on the committee as {stakeholder.get_role_display().lower()} already.")
