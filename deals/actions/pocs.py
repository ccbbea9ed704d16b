"""Proposing a POC and writing what is tried: its scope and days, its criteria and its steps. The technical lane alone.

Every act holds the row of the deal first. What the customer has agreed to is changed by a new agreement alone
(`change_plan` in `deals/actions/poc_states.py`); the database refuses it too.
"""

from collections.abc import Iterable

from django.db.models import Max
from django.utils import timezone

from deals.actions.help_requests import waiting_request
from deals.charter import as_data, below_charter
from deals.models import (
    CharterException,
    CriterionRequirement,
    HelpKind,
    HelpRequest,
    Opportunity,
    Poc,
    PocCriterion,
    PocState,
    PocStep,
    QueueEntry,
    Requirement,
)
from deals.models.pocs import MOST_CRITERIA, MOST_STEPS, UNFINISHED
from deals.probability import mark_stale
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, GateRefused

PLAN_FIELDS = ["title", "scope", "starts_on", "ends_on"]
EFFORT_FIELDS = ["owner", "days_planned", "days_spent"]
WORDS = ["text", "measure", "target"]
RESULT_FIELDS = ["result", "met", "evidence", "evidence_on", "evidence_by", "evidence_shared"]
STEP_FIELDS = ["text", "side", "who", "due_on", "is_internal"]


@action
def propose_poc(actor: User, opportunity: Opportunity, poc: Poc, *, reason: str = "") -> Poc:
    """Begin an unsaved `poc` on a deal. Below the charter it wants `reason`, which is kept as an exception.

    Raises:
        NotAllowed: outside the technical lane.
        GateRefused: the charter holds it back; what is missing, each with the link that mends it.
        Conflict: the deal is closed, has a POC that is not over, or the customer has waived it.
    """
    require(actor, "deals.work_technical", opportunity)
    deal = hold_deal(opportunity)
    if not deal.is_open:
        raise Conflict("The deal is closed.")
    if deal.pocs.filter(state__in=UNFINISHED).exists():
        raise Conflict("The deal has a POC that is not over. Finish it first.")
    if hasattr(deal, "poc_waiver"):
        raise Conflict("The customer has waived the POC. Take the waiver back first.")
    pass_charter(actor, deal, reason)
    _check_days(poc)
    poc.opportunity, poc.state, poc.created_by = deal, PocState.PROPOSED, actor
    poc.number = (deal.pocs.aggregate(last=Max("number"))["last"] or 0) + 1
    if poc.owner_id is None:
        poc.owner = deal.se or actor
    poc.save(force_insert=True)
    return poc


def pass_charter(actor: User, deal: Opportunity, reason: str) -> None:
    """Let a POC on the locked deal through: the charter is met, an SE has accepted it already, or does so now."""
    if charter_lets_through(deal):
        return
    request, missing = waiting_request(deal, HelpKind.POC), below_charter(deal)
    if not missing and request is None:
        return
    if missing and not reason.strip():
        raise GateRefused("A POC is held back by the charter", missing)
    if request is None:
        request = HelpRequest(opportunity=deal, kind=HelpKind.POC, requested_by=actor, missing=as_data(missing))
    request.state = HelpRequest.State.WITH_SE
    request.save()
    if missing:
        CharterException.objects.create(
            request=request, opportunity=deal, kind=HelpKind.POC, missing=as_data(missing), by=actor,
            reason=reason.strip()[:500],
        )  # fmt: skip


def charter_lets_through(deal: Opportunity) -> bool:
    """Whether somebody of the technical lane has let a POC through before, whatever the charter says today."""
    request = waiting_request(deal, HelpKind.POC)
    if request is not None and not request.is_held:
        return True
    # The deal was claimed with the POC that was asked for in the queue.
    taken = [QueueEntry.Result.CLAIMED, QueueEntry.Result.ASSIGNED]
    return QueueEntry.objects.filter(opportunity=deal, kind=HelpKind.POC, result__in=taken).exists()


@action
def edit_poc(actor: User, poc: Poc, version: int) -> Poc:
    """Save title, scope and days of a POC that the customer has not agreed to.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: agreed or over, or it ends before it begins.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    _writable(poc)
    _check_days(poc)
    save_version(poc, PLAN_FIELDS, version)
    return poc


@action
def keep_effort(actor: User, poc: Poc, version: int) -> Poc:
    """Save who runs the POC and what it takes, planned and spent; ours alone, so at any time.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: whoever runs it is not an SE or manager at work.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    hold_deal(poc.opportunity)
    stored = Poc.objects.get(pk=poc.pk)
    if poc.owner_id != stored.owner_id and not (poc.owner.is_active and poc.owner.role in (Role.SE, Role.MANAGER)):
        raise Conflict(f"{poc.owner} is not an SE or manager at work.")
    save_version(poc, EFFORT_FIELDS, version)
    return poc


# -- criteria ---------------------------------------------------------------------------------------


@action
def add_criterion(actor: User, poc: Poc, criterion: PocCriterion) -> PocCriterion:
    """Put an unsaved `criterion` behind the others.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: agreed or over, or the POC has as many as it may.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = _writable(poc)
    found = poc.criteria.aggregate(last=Max("order"))["last"] or 0
    if poc.criteria.count() >= MOST_CRITERIA:
        raise Conflict(f"A POC has up to {MOST_CRITERIA} criteria. More are a project.")
    criterion.poc, criterion.order = poc, found + 1
    criterion.save(force_insert=True)
    return criterion


@action
def edit_criterion(actor: User, criterion: PocCriterion, version: int) -> PocCriterion:
    """Save the words of a criterion that the customer has not agreed to.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: agreed or over.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", criterion.poc.opportunity)
    _writable(criterion.poc)
    save_version(criterion, WORDS, version)
    return criterion


@action
def remove_criterion(actor: User, criterion: PocCriterion) -> None:
    """It is not asked any more; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: agreed or over.
    """
    require(actor, "deals.work_technical", criterion.poc.opportunity)
    _writable(criterion.poc)
    PocCriterion.objects.filter(pk=criterion.pk).delete()


@action
def record_result(actor: User, criterion: PocCriterion, version: int) -> PocCriterion:
    """Save what came out, whether it is met, and the evidence for it.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the POC is not running, or something that belongs together is missing.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", criterion.poc.opportunity)
    poc = hold_poc(criterion.poc)
    if not poc.is_running:
        raise Conflict("Results are recorded while the POC runs.")
    if criterion.met is not None and not criterion.result:
        raise Conflict("Say what came out before you judge it.")
    if criterion.evidence and criterion.evidence_on is None:
        criterion.evidence_on = timezone.localdate()
    if criterion.evidence_on is not None and criterion.evidence_on > timezone.localdate():
        raise Conflict("Evidence is recorded when it has been seen.")
    save_version(criterion, RESULT_FIELDS, version)
    return criterion


@action
def link_requirements(actor: User, criterion: PocCriterion, requirements: Iterable[Requirement]) -> None:
    """Say which requirements of the deal the criterion puts to the proof: these and no others.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: a requirement of another deal.
    """
    require(actor, "deals.work_technical", criterion.poc.opportunity)
    poc = hold_poc(criterion.poc)
    wanted = {requirement.pk: requirement for requirement in requirements}
    for requirement in wanted.values():
        if requirement.opportunity_id != poc.opportunity_id:
            raise Conflict(f"{requirement} belongs to another deal.")
    present = set(criterion.proofs.values_list("requirement_id", flat=True))
    criterion.proofs.exclude(requirement__in=wanted).delete()
    CriterionRequirement.objects.bulk_create(
        CriterionRequirement(criterion=criterion, requirement=wanted[pk]) for pk in sorted(set(wanted) - present)
    )


# -- steps ------------------------------------------------------------------------------------------


@action
def add_step(actor: User, poc: Poc, step: PocStep) -> PocStep:
    """Put an unsaved `step` into the plan; also while the POC runs.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the POC is over, or has as many as it may.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = _plannable(poc)
    if poc.steps.count() >= MOST_STEPS:
        raise Conflict(f"A plan has up to {MOST_STEPS} steps.")
    step.poc = poc
    _check_step(step)
    step.save(force_insert=True)
    return step


@action
def edit_step(actor: User, step: PocStep, version: int) -> PocStep:
    """Save a step.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the POC is over, or a step of theirs is kept from them.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", step.poc.opportunity)
    _plannable(step.poc)
    _check_step(step)
    save_version(step, STEP_FIELDS, version)
    return step


@action
def tick_step(actor: User, step: PocStep, *, done: bool) -> PocStep:
    """It is done today, or not done after all. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the POC is over, or the step was removed.
    """
    require(actor, "deals.work_technical", step.poc.opportunity)
    _plannable(step.poc)
    step = PocStep.objects.select_for_update(of=("self",)).filter(pk=step.pk).first()
    if step is None:
        raise Conflict("Somebody removed this step.")
    if done != (step.done_on is not None):
        step.done_on = timezone.localdate() if done else None
        save_version(step, ["done_on"], step.version)
    return step


@action
def remove_step(actor: User, step: PocStep) -> None:
    """Take a step out; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: the POC is over.
    """
    require(actor, "deals.work_technical", step.poc.opportunity)
    _plannable(step.poc)
    PocStep.objects.filter(pk=step.pk).delete()


def hold_deal(opportunity: Opportunity) -> Opportunity:
    """The deal saw work; holding its row keeps two people from changing its POC at once."""
    deals = Opportunity.objects.select_for_update(of=("self",)).select_related("se", "dossier__framework", "stage")
    deal = deals.get(pk=opportunity.pk)
    Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=timezone.now())
    mark_stale([deal.pk])
    return deal


def hold_poc(poc: Poc) -> Poc:
    """The POC as it stands, held with its deal."""
    deal = hold_deal(poc.opportunity)
    held = Poc.objects.select_for_update(of=("self",)).get(pk=poc.pk)
    held.opportunity = deal
    return held


def _writable(poc: Poc) -> Poc:
    held = hold_poc(poc)
    if held.is_finished:
        raise Conflict(f"The POC is over: {held.get_state_display().lower()}.")
    if not held.is_open:
        raise Conflict("The customer has agreed to this. Change the plan with a reason, and agree on it anew.")
    return held


def _plannable(poc: Poc) -> Poc:
    held = hold_poc(poc)
    if held.is_finished:
        raise Conflict(f"The POC is over: {held.get_state_display().lower()}.")
    return held


def _check_days(poc: Poc) -> None:
    if poc.ends_on < poc.starts_on:
        raise Conflict("It ends before it begins.")


def _check_step(step: PocStep) -> None:
    if step.is_internal and step.side != "ours":
        raise Conflict("What the customer does cannot be kept from them.")
