"""What becomes of a POC: agreed, changed, agreed anew, started, decided, taken up again; or waived. Technical lane."""

import datetime
import hashlib
import json

from django.utils import timezone

from deals.actions.help_requests import waiting_request
from deals.actions.pocs import hold_deal, hold_poc, pass_charter
from deals.models import HelpKind, HelpRequest, Opportunity, Poc, PocState, PocWaiver, Stakeholder
from deals.models.pocs import DECIDED, UNFINISHED
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, GateRefused, Missing, NotAllowed

AGREEMENT = ["state", "agreed_on", "agreed_by", "agreed_name", "agreed_how", "agreements"]


@action
def agree_poc(
    actor: User, poc: Poc, stakeholder: Stakeholder, agreed_on: datetime.date, how: str = "", seen: str | None = None
) -> Poc:
    """The customer has agreed to scope, days and criteria; from now on they are locked.

    Args:
        seen: the `mark_of` the plan that was read; None asks for no such check.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: over or agreed already, no criterion, in the future, of another deal, or changed since `seen`.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if poc.is_finished:
        raise Conflict(f"The POC is over: {poc.get_state_display().lower()}.")
    if poc.agreed_on is not None:
        raise Conflict(f"{poc.agreed_name} agreed to it on {poc.agreed_on:%-d %b %Y}.")
    if seen is not None and seen != mark_of(poc):
        raise Conflict("Somebody changed the plan meanwhile. Read it again before you record an agreement to it.")
    if not poc.criteria.exists():
        raise Conflict("Write down at least one success criterion first: it is what they agree to.")
    _of_this_deal(poc.opportunity, stakeholder)
    _not_in_the_future(agreed_on, "An agreement")
    poc.agreed_on, poc.agreed_by, poc.agreed_name, poc.agreed_how = agreed_on, stakeholder, stakeholder.name, how
    poc.agreements += 1
    if poc.state == PocState.PROPOSED:
        poc.state = PocState.AGREED
    save_version(poc, AGREEMENT, poc.version)
    return poc


def mark_of(poc: Poc) -> str:
    """What tells one wording of everything that is agreed to from another."""
    criteria = list(poc.criteria.order_by("order", "pk").values_list("text", "measure", "target"))
    plan = [poc.title, poc.scope, poc.starts_on.isoformat(), poc.ends_on.isoformat(), criteria]
    return hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:32]


@action
def change_plan(actor: User, poc: Poc, *, reason: str) -> Poc:
    """Open what was agreed, so that it can be written anew; it wants a new agreement. A running POC goes on running.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: nothing is agreed, the POC is over, or no reason is given.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if poc.is_finished:
        raise Conflict(f"The POC is over: {poc.get_state_display().lower()}.")
    if poc.agreed_on is None:
        raise Conflict("Nothing is agreed. The plan can be changed as it is.")
    if not reason.strip():
        raise Conflict("Say why the plan changes.")
    poc.agreed_on, poc.agreed_by, poc.agreed_name, poc.agreed_how = None, None, "", ""
    poc.change_reason = reason.strip()[:500]
    if poc.state == PocState.AGREED:
        poc.state = PocState.PROPOSED
    save_version(poc, [*AGREEMENT, "change_reason"], poc.version)
    return poc


@action
def start_poc(
    actor: User, poc: Poc, started_on: datetime.date, *, unagreed: bool = False, reason: str = "", charter: str = ""
) -> Poc:
    """The POC begins. Before the agreement it begins only where a manager says so, with a reason.

    Args:
        unagreed: a manager lets it start before the agreement; wants `reason`.
        charter: why it starts although the deal is below the charter by now.

    Raises:
        NotAllowed: outside the technical lane, or started before the agreement by somebody who manages nothing.
        GateRefused: the criteria are not agreed, or the charter holds it back; nothing was changed.
        Conflict: begun already, over, in the future, or the deal is closed.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if poc.started_on is not None or poc.is_finished:
        raise Conflict(f"The POC is {poc.get_state_display().lower()} already.")
    if not poc.opportunity.is_open:
        raise Conflict("The deal is closed.")
    _not_in_the_future(started_on, "A start")
    if poc.agreed_on is None:
        may_override = actor.has_perm("deals.override_gate", poc.opportunity)
        if not unagreed:
            raise GateRefused(
                f"{poc} cannot start yet",
                [Missing("The customer has not agreed to its success criteria", poc.get_absolute_url())],
            )
        if not may_override:
            raise NotAllowed("Only a manager of the team lets a POC start before the agreement.")
        if not reason.strip():
            raise Conflict("Say why it starts before the agreement.")
        poc.unagreed_reason, poc.unagreed_by = reason.strip()[:500], actor
    elif started_on < poc.agreed_on:
        raise Conflict(f"It was agreed on {poc.agreed_on:%-d %b %Y}; it cannot have started before.")
    pass_charter(actor, poc.opportunity, charter)
    poc.state, poc.started_on = PocState.RUNNING, started_on
    save_version(poc, ["state", "started_on", "unagreed_reason", "unagreed_by"], poc.version)
    return poc


@action
def finish_poc(actor: User, poc: Poc, state: str, ended_on: datetime.date, note: str = "") -> Poc:
    """The POC is over: passed or failed by its criteria, or abandoned. Repeating it is a success.

    Raises:
        NotAllowed: outside the technical lane.
        GateRefused: passed or failed, and a criterion has no result or the plan no agreement; nothing was changed.
        Conflict: over already, not started, in the future, or without the words that it wants.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if poc.state == state:
        return poc
    if poc.is_finished:
        raise Conflict(f"The POC is over: {poc.get_state_display().lower()}.")
    _not_in_the_future(ended_on, "An end")
    if ended_on < (poc.started_on or ended_on):
        raise Conflict("It ends before it began.")
    judged = list(poc.criteria.values_list("met", flat=True))
    if state in DECIDED:
        missing = missing_to_decide(poc, judged)
        if missing:
            raise GateRefused(f"{poc} cannot be decided yet", missing)
    elif state != PocState.ABANDONED:
        raise Conflict("A POC ends as passed, failed or abandoned.")
    if not note.strip() and (state != PocState.PASSED or not all(judged)):
        raise Conflict(
            "Say what came of it, and why." if state != PocState.PASSED else "Say why it passed all the same."
        )
    poc.state, poc.ended_on, poc.outcome_note = state, ended_on, note.strip()[:2000]
    save_version(poc, ["state", "ended_on", "outcome_note"], poc.version)
    asked = waiting_request(poc.opportunity, HelpKind.POC)
    if asked is not None and asked.is_with_se:
        asked.state, asked.settled_at = HelpRequest.State.DONE, timezone.now()
        asked.save(update_fields=["state", "settled_at"])
    return poc


def missing_to_decide(poc: Poc, judged: list[bool | None]) -> list[Missing]:
    """What is missing before the POC is passed or failed, given what was said of its criteria."""
    found, page = [], poc.get_absolute_url()
    if poc.started_on is None:
        found.append(Missing("It has not started", page))
    if poc.agreed_on is None:
        found.append(Missing("The customer has not agreed to the criteria as they are now", page))
    if not judged:
        found.append(Missing("It has no success criterion", page))
    unjudged = judged.count(None)
    if unjudged:
        which = "1 criterion has" if unjudged == 1 else f"{unjudged} criteria have"
        found.append(Missing(f"{which} no result yet", page))
    return found


@action
def resume_poc(actor: User, poc: Poc, *, reason: str) -> Poc:
    """Take up again a POC that is over: the outcome was recorded too early, or they want to go on.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: not over, no reason, the deal is closed, has another POC, or was waived meanwhile.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if not poc.is_finished:
        raise Conflict("The POC is not over.")
    if not reason.strip():
        raise Conflict("Say why it goes on.")
    _room_for_one(poc.opportunity)
    state = PocState.AGREED if poc.agreed_on else PocState.PROPOSED
    poc.state, poc.ended_on, poc.outcome_note = PocState.RUNNING if poc.started_on else state, None, ""
    save_version(poc, ["state", "ended_on", "outcome_note"], poc.version)
    return poc


@action
def waive_poc(
    actor: User, opportunity: Opportunity, stakeholder: Stakeholder, waived_on: datetime.date, *, reason: str
) -> PocWaiver:
    """The customer wants no POC. Repeating it changes who, when and why.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the deal is closed or has a POC that is not over, in the future, without a reason, of another deal.
    """
    require(actor, "deals.work_technical", opportunity)
    deal = hold_deal(opportunity)
    if not deal.is_open:
        raise Conflict("The deal is closed.")
    if deal.pocs.filter(state__in=UNFINISHED).exists():
        raise Conflict("The deal has a POC that is not over. Abandon it first, with what the customer said.")
    _of_this_deal(deal, stakeholder)
    _not_in_the_future(waived_on, "A waiver")
    if not reason.strip():
        raise Conflict("Say why they want no POC.")
    facts = {"waived_by": stakeholder, "waived_name": stakeholder.name, "waived_on": waived_on}
    facts |= {"reason": reason.strip()[:1000], "recorded_by": actor, "recorded_at": timezone.now()}
    return PocWaiver.objects.update_or_create(opportunity=deal, defaults=facts)[0]


@action
def take_back_waiver(actor: User, opportunity: Opportunity, *, reason: str = "") -> None:
    """They want one after all; the history keeps the waiver. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", opportunity)
    PocWaiver.objects.filter(opportunity=hold_deal(opportunity)).delete()


def _room_for_one(deal: Opportunity) -> None:
    if not deal.is_open:
        raise Conflict("The deal is closed.")
    if deal.pocs.filter(state__in=UNFINISHED).exists():
        raise Conflict("The deal has another POC that is not over.")
    if hasattr(deal, "poc_waiver"):
        raise Conflict("The customer has waived the POC. Take the waiver back first.")


def _of_this_deal(deal: Opportunity, stakeholder: Stakeholder) -> None:
    if stakeholder.opportunity_id != deal.pk:
        raise Conflict(f"{stakeholder} belongs to another deal.")


def _not_in_the_future(day: datetime.date, what: str) -> None:
    if day > timezone.localdate():
        raise Conflict(f"{what} is recorded when it has happened.")
