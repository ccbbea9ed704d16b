"""What becomes of a demo or POC that an AE asked for: held back, accepted anyway, done, withdrawn."""

from django.utils import timezone

from deals.charter import as_data, below_charter
from deals.models import CharterException, HelpKind, HelpRequest, Opportunity, QueueEntry
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, Missing

State = HelpRequest.State


def hold_back(actor: User, opportunity: Opportunity, kind: str, note: str, missing: list[Missing]) -> HelpRequest:
    """Keep a request that the charter does not let through, on a locked deal."""
    return _keep(actor, opportunity, kind, note, State.HELD, as_data(missing))


def pass_on(actor: User, opportunity: Opportunity, kind: str, note: str) -> HelpRequest:
    """Give a request that meets the charter to the SE of a locked deal."""
    return _keep(actor, opportunity, kind, note, State.WITH_SE, [])


def waiting_request(opportunity: Opportunity, kind: str) -> HelpRequest | None:
    """The one of this kind that is held back or with the SE."""
    return HelpRequest.objects.unsettled().filter(opportunity=opportunity, kind=kind).first()


def _keep(actor: User, opportunity: Opportunity, kind: str, note: str, state: str, missing: list) -> HelpRequest:
    existing = waiting_request(opportunity, kind)
    if existing is None:
        return HelpRequest.objects.create(
            opportunity=opportunity, kind=kind, note=note, requested_by=actor, state=state, missing=missing
        )
    existing.note, existing.state, existing.missing = note, state, missing
    existing.save(update_fields=["note", "state", "missing"])
    return existing


def enter_queue(actor: User | None, opportunity: Opportunity, kind: str, note: str) -> QueueEntry:
    """Let the team's SEs see the request of a locked deal; what was held back of this kind is settled."""
    entry, _ = QueueEntry.objects.update_or_create(
        opportunity=opportunity, kind=kind, closed_at=None, defaults={"note": note, "requested_by": actor}
    )
    held = HelpRequest.objects.unsettled().filter(opportunity=opportunity, kind=kind)
    for request in held:
        _settle(request, State.QUEUED)
    return entry


@action
def accept_anyway(actor: User, request: HelpRequest, *, reason: str) -> HelpRequest:
    """The SE takes a request that the charter holds back; kept as an exception, unless nothing is missing by now.

    On a deal without an SE the request goes to the claim queue. Repeating it is a success.

    Raises:
        NotAllowed: neither the SE of the deal nor a manager, nor, while it has no SE, an SE of the team.
        Conflict: not held back any more, or no reason is given.
    """
    require(actor, "deals.accept_anyway", request.opportunity)
    opportunity, request = _locked(request)
    if request.state != State.HELD:
        if CharterException.objects.filter(request=request, by=actor).exists():
            return request
        raise Conflict(f"This request is not held back any more: {request.get_state_display().lower()}.")
    if not reason.strip():
        raise Conflict("An exception wants a written reason.")
    missing = below_charter(opportunity)
    if missing:
        CharterException.objects.create(
            request=request, opportunity=opportunity, kind=request.kind, missing=as_data(missing), by=actor,
            reason=reason.strip()[:500],
        )  # fmt: skip
    if opportunity.se_id:
        request.state = State.WITH_SE
        request.save(update_fields=["state"])
    else:
        enter_queue(request.requested_by, opportunity, request.kind, request.note)
        request.refresh_from_db()
    _touch(opportunity)
    return request


@action
def finish_request(actor: User, request: HelpRequest) -> HelpRequest:
    """The SE has done what was asked. Repeating it is a success.

    Raises:
        Conflict: the request is not with the SE.
    """
    require(actor, "deals.work_technical", request.opportunity)
    opportunity, request = _locked(request)
    if request.state == State.DONE:
        return request
    if request.state != State.WITH_SE:
        raise Conflict(f"This request is not with the SE: {request.get_state_display().lower()}.")
    _touch(opportunity)
    return _settle(request, State.DONE)


@action
def withdraw_help_request(actor: User, request: HelpRequest) -> HelpRequest:
    """The AE takes a request back, held or not. Repeating it is a success.

    Raises:
        Conflict: it is done, or waits in the claim queue.
    """
    require(actor, "deals.request_help", request.opportunity)
    _, request = _locked(request)
    if request.state == State.WITHDRAWN:
        return request
    if request.state not in (State.HELD, State.WITH_SE):
        raise Conflict(f"This request cannot be withdrawn any more: {request.get_state_display().lower()}.")
    return _settle(request, State.WITHDRAWN)


def _locked(request: HelpRequest) -> tuple[Opportunity, HelpRequest]:
    deals = Opportunity.objects.select_for_update(of=("self",)).select_related("stage", "dossier__framework")
    opportunity = deals.get(pk=request.opportunity_id)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    return opportunity, HelpRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)


def _touch(opportunity: Opportunity) -> None:
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])


def _settle(request: HelpRequest, state: str) -> HelpRequest:
    request.state, request.settled_at = state, timezone.now()
    request.save(update_fields=["state", "settled_at"])
    return request


def named(kind: str) -> str:
    """A kind as it stands in a sentence: `demo`, `POC`."""
    label = HelpKind(kind).label
    return label if label.isupper() else label.lower()
