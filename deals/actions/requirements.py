"""Writing down what the customer wants and how well we fit. The technical lane alone, also after the deal is closed."""

from django.db.models import Max, Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models import Fit, Opportunity, Requirement
from deals.models.requirements import MOST
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["text", "importance", "fit", "gap", "asked_by", "note", "work", "work_days"]


@action
def add_requirement(actor: User, opportunity: Opportunity, requirement: Requirement) -> Requirement:
    """Put an unsaved `requirement` behind the others of `opportunity`.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: it stands there already, somebody of another deal asked for it, or the deal has as many as it may.
    """
    require(actor, "deals.work_technical", opportunity)
    hold_deal(opportunity)
    requirement.opportunity = opportunity
    _check(requirement)
    others = Requirement.objects.filter(opportunity=opportunity)
    if others.count() >= MOST:
        raise Conflict(f"A deal has up to {MOST} requirements. Put what is less important together.")
    requirement.order = (others.aggregate(last=Max("order"))["last"] or 0) + 1
    requirement.save(force_insert=True)
    return requirement


@action
def edit_requirement(actor: User, requirement: Requirement, version: int) -> Requirement:
    """Save the changed fields of `requirement`.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the deal has another of the same words, or somebody of another deal asked for it.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", requirement.opportunity)
    hold_deal(requirement.opportunity)
    _check(requirement)
    save_version(requirement, FIELDS, version)
    return requirement


@action
def judge_fit(actor: User, requirement: Requirement, fit: str, version: int) -> Requirement:
    """Say how well we meet the requirement; empty takes the judgement back.

    Raises:
        NotAllowed: outside the technical lane.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", requirement.opportunity)
    hold_deal(requirement.opportunity)
    requirement.fit = Fit(fit) if fit else ""
    _let_go(requirement)
    save_version(requirement, ["fit", "gap"], version)
    return requirement


@action
def move_requirement(actor: User, requirement: Requirement, *, up: bool) -> None:
    """Change places with the one before (`up`) or after it of the same importance; the first and last stay.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", requirement.opportunity)
    hold_deal(requirement.opportunity)
    beside = list(Requirement.objects.filter(opportunity=requirement.opportunity_id, importance=requirement.importance))
    places = [row.order for row in beside]
    here = next((number for number, row in enumerate(beside) if row.pk == requirement.pk), None)
    if here is None:
        raise Conflict("Somebody removed this requirement or changed its importance.")
    there = here - 1 if up else here + 1
    if not 0 <= there < len(beside):
        return
    beside[here], beside[there] = beside[there], beside[here]
    for place, row in zip(places, beside, strict=True):
        if row.order != place:
            Requirement.objects.filter(pk=row.pk).update(order=place)


@action
def remove_requirement(actor: User, requirement: Requirement, *, reason: str = "") -> None:
    """The customer does not want it any more; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", requirement.opportunity)
    hold_deal(requirement.opportunity)
    Requirement.objects.filter(pk=requirement.pk).delete()


def hold_deal(opportunity: Opportunity) -> None:
    """The deal saw work; holding its row also keeps two people from writing the same thing at once."""
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])


def _let_go(requirement: Requirement) -> None:
    """What is no gap waits on none."""
    if requirement.fit != Fit.GAP:
        requirement.gap = None


def _check(requirement: Requirement) -> None:
    _let_go(requirement)
    asked_by = requirement.asked_by
    if asked_by is not None and asked_by.opportunity_id != requirement.opportunity_id:
        raise Conflict(f"{asked_by} belongs to another deal.")
    same = Requirement.objects.filter(opportunity=requirement.opportunity_id).alias(lowered=Lower("text"))
    if same.filter(lowered=Lower(Value(requirement.text))).exclude(pk=requirement.pk).exists():
        raise Conflict("This requirement is on the list already.")
