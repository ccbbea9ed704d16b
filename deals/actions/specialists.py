"""Specialists beside the SE: asking for one, taking it, passing, finishing, withdrawing.

Lock order: the opportunity, then its requests. Exactly one specialist can take a request: one conditional UPDATE, and
a unique constraint that gives a deal one request for a skill at a time.
"""

from django.utils import timezone

from deals.models import Opportunity, SpecialistDecline, SpecialistRequest
from deals.probability import mark_stale
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict
from presales.text import squeeze

State = SpecialistRequest.State


@action
def ask_specialist(actor: User, opportunity: Opportunity, request: SpecialistRequest) -> SpecialistRequest:
    """Ask for a specialist as `request`, which is not saved yet, says; the pair of an open deal and its managers.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the deal is closed, who is named cannot help, or somebody is asked for this skill already.
    """
    require(actor, "deals.ask_specialist", opportunity)
    opportunity = _open(opportunity.pk)
    named = request.named
    if named is not None and not (named.is_active and named.role == Role.SE and named.pk != opportunity.se_id):
        raise Conflict(f"{named} cannot be asked: specialists are active SEs beside the SE of the deal.")
    request.skill = squeeze(request.skill)
    asked = SpecialistRequest.objects.select_related("specialist").filter(
        opportunity=opportunity, state__in=[State.WAITING, State.ENGAGED], skill__iexact=request.skill
    )
    if (other := asked.first()) is not None:
        stands = f"{other.specialist} is on it" if other.specialist else "it waits for an answer"
        raise Conflict(f"A specialist for {other.skill} is asked for already: {stands}.")
    request.opportunity, request.requested_by, request.requested_at = opportunity, actor, timezone.now()
    request.save()
    _touch(opportunity)
    return request


@action
def accept_specialist(actor: User, request: SpecialistRequest) -> SpecialistRequest:
    """The actor takes the request and sees the deal until it is settled. Repeating one's own is a success.

    Raises:
        NotAllowed: not one of those it is offered to.
        Conflict: taken by somebody else, withdrawn, finished, or the deal is closed.
    """
    opportunity = _locked(request)
    now = SpecialistRequest.objects.select_related("opportunity").get(pk=request.pk)
    require(actor, "deals.answer_specialist", now)
    if now.is_engaged and now.specialist_id == actor.pk:
        return now
    won = opportunity.is_open and SpecialistRequest.objects.waiting().filter(pk=request.pk).update(
        state=State.ENGAGED, specialist=actor, accepted_at=timezone.now()
    )
    if not won:
        raise gone(request)
    _touch(opportunity)
    return SpecialistRequest.objects.select_related("opportunity").get(pk=request.pk)


def gone(request: SpecialistRequest) -> Conflict:
    """What to tell somebody who was too late for a request."""
    now = SpecialistRequest.objects.select_related("specialist", "opportunity").get(pk=request.pk)
    if now.is_engaged:
        return Conflict(f"Taken by {now.specialist}.")
    if now.is_waiting:
        return Conflict("The deal was closed in the meantime.")
    return Conflict(f"This request does not wait any more: {now.get_state_display().lower()}.")


@action
def decline_specialist(actor: User, request: SpecialistRequest, *, reason: str, note: str = "") -> SpecialistDecline:
    """Pass. Where the actor was named, everyone who brings the skill is asked instead. Repeating changes the reason.

    Raises:
        NotAllowed: not one of those it is offered to.
        Conflict: it does not wait any more.
    """
    _locked(request)
    now = SpecialistRequest.objects.select_related("opportunity").get(pk=request.pk)
    require(actor, "deals.answer_specialist", now)
    if not now.is_waiting:
        raise gone(request)
    made, _ = SpecialistDecline.objects.update_or_create(
        request=now, specialist=actor, defaults={"reason": reason, "note": note}
    )
    if now.named_id == actor.pk:
        now.named = None
        now.save(update_fields=["named"])
    return made


@action
def finish_specialist(actor: User, request: SpecialistRequest, *, came_of_it: str) -> SpecialistRequest:
    """The specialist has helped and writes what came of it; the deal is out of sight for them again.

    Raises:
        NotAllowed: not the specialist.
        Conflict: withdrawn or finished already, or nothing is written.
    """
    opportunity = _locked(request)
    now = SpecialistRequest.objects.select_related("opportunity").get(pk=request.pk)
    require(actor, "deals.finish_specialist", now)
    if not now.is_engaged:
        raise Conflict(f"You are not on this request any more: {now.get_state_display().lower()}.")
    if not came_of_it.strip():
        raise Conflict("Write what came of it.")
    now.came_of_it = came_of_it.strip()[:2000]
    if opportunity.is_open:
        _touch(opportunity)
    return _settle(now, State.FINISHED)


@action
def withdraw_specialist(actor: User, request: SpecialistRequest) -> SpecialistRequest:
    """The pair takes the request back; whoever was on it does not see the deal any more. Repeating is a success.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: finished, or the deal was closed while it waited.
    """
    _locked(request)
    now = SpecialistRequest.objects.select_related("opportunity").get(pk=request.pk)
    require(actor, "deals.withdraw_specialist", now)
    if now.state == State.WITHDRAWN:
        return now
    if now.settled_at is not None:
        raise Conflict(f"This request cannot be withdrawn any more: {now.get_state_display().lower()}.")
    return _settle(now, State.WITHDRAWN)


def end_of_requests(opportunity: Opportunity) -> None:
    """A deal that closes asks nobody any more; who is on it still sees it until they have written what came of it."""
    waiting = SpecialistRequest.objects.waiting().filter(opportunity=opportunity)
    waiting.update(state=State.CLOSED, settled_at=timezone.now())


def _locked(request: SpecialistRequest) -> Opportunity:
    return Opportunity.objects.select_for_update(of=("self",)).get(pk=request.opportunity_id)


def _open(pk: int) -> Opportunity:
    opportunity = Opportunity.objects.select_for_update(of=("self",)).get(pk=pk)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    return opportunity


def _touch(opportunity: Opportunity) -> None:
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])


def _settle(request: SpecialistRequest, state: str) -> SpecialistRequest:
    request.state, request.settled_at = state, timezone.now()
    request.save(update_fields=["state", "settled_at", "came_of_it"])
    return request
