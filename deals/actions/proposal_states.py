"""What becomes of a version: approved, sent, accepted, declined, expired."""

import datetime

from django.urls import reverse
from django.utils import timezone

from deals.actions.proposals import lock, touch
from deals.custom_work import is_behind
from deals.models import Proposal, ProposalState, SectionKind
from deals.models.proposals import NEXT, STANDING, Totals
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, GateRefused, Missing
from qualification.policy import thresholds_for


def missing_to_send(proposal: Proposal) -> list[Missing]:
    """What a version wants before a customer, or the manager who approves it, may see it."""
    missing = []
    pricing = reverse("deals:price_proposal", args=[proposal.pk])
    written = {section.kind: section for section in proposal.sections.all()}
    for kind, what in ((SectionKind.NEEDS, "What they need"), (SectionKind.SOLUTION, "The solution")):
        if not written[kind].text.strip():
            url = reverse("deals:write_proposal_section", args=[written[kind].pk])
            missing.append(Missing(f"{what} is not written yet", url))
    if is_behind(proposal, proposal.work.all()):
        work = f"{proposal.get_absolute_url()}#work"
        missing.append(Missing("The statement of work is not what the requirements say: take it over", work))
    if not proposal.lines.all():
        missing.append(Missing("There is no price: add a line", pricing))
    if proposal.currency != proposal.opportunity.currency:
        now = proposal.opportunity.currency
        missing.append(Missing(f"The deal is in {now} now, the prices in {proposal.currency}: save them anew", pricing))
    if proposal.valid_until < timezone.localdate():
        missing.append(Missing(f"It was to be valid until {proposal.valid_until:%-d %b %Y}: set a later day", pricing))
    return missing


def wants_approval(proposal: Proposal) -> bool:
    """Whether one of its discounts is above what the team gives without asking."""
    totals = Totals.of(proposal.lines.all(), proposal.term_months)
    return totals.highest_discount > thresholds_for(proposal.opportunity.team_id).discount_limit


@action
def ask_approval(actor: User, proposal: Proposal, *, reason: str) -> Proposal:
    """Ask the manager for a discount above the limit; prices and terms stay as they are until the answer.

    Raises:
        NotAllowed: outside the commercial lane.
        GateRefused: the version is not whole yet.
        Conflict: not a draft, no discount above the limit, or no reason given.
    """
    require(actor, "deals.work_commercial", proposal.opportunity)
    proposal = lock(proposal)
    _must_reach(proposal, ProposalState.IN_APPROVAL)
    _must_be_whole(proposal)
    if not wants_approval(proposal):
        raise Conflict("No discount is above the limit. Send it.")
    if not reason.strip():
        raise Conflict("Say why the customer should have this discount.")
    proposal.asked_by, proposal.asked_at, proposal.asked_note = actor, timezone.now(), reason.strip()
    proposal.decided_by, proposal.decided_at, proposal.decision_reason = None, None, ""
    return _save(proposal, ProposalState.IN_APPROVAL)


@action
def approve_proposal(actor: User, proposal: Proposal, *, reason: str) -> Proposal:
    """The manager gives the discount, and says why.

    Raises:
        NotAllowed: no manager of the team, or whoever asked for it or owns the deal.
        Conflict: nobody asked, or no reason given.
    """
    return _decide(actor, proposal, ProposalState.APPROVED, reason)


@action
def send_back_proposal(actor: User, proposal: Proposal, *, reason: str) -> Proposal:
    """The manager does not give the discount: it is a draft again, with the reason.

    Raises:
        NotAllowed, Conflict: as for `approve_proposal`.
    """
    return _decide(actor, proposal, ProposalState.DRAFT, reason)


def _decide(actor: User, proposal: Proposal, state: str, reason: str) -> Proposal:
    proposal = lock(proposal)
    require(actor, "deals.approve_proposal", proposal)
    if proposal.state != ProposalState.IN_APPROVAL:
        raise Conflict(f"Nobody waits for this: {proposal} is {proposal.get_state_display().lower()}.")
    if not reason.strip():
        raise Conflict("Say why. The AE reads it, and so does whoever looks at it a year from now.")
    proposal.decided_by, proposal.decided_at, proposal.decision_reason = actor, timezone.now(), reason.strip()
    return _save(proposal, state)


@action
def redraft_proposal(actor: User, proposal: Proposal) -> Proposal:
    """Change prices or terms after all: what was asked or approved no longer counts.

    Raises:
        NotAllowed: outside the commercial lane.
        Conflict: it is neither in approval nor approved.
    """
    require(actor, "deals.work_commercial", proposal.opportunity)
    proposal = lock(proposal)
    _must_reach(proposal, ProposalState.DRAFT)
    proposal.asked_by, proposal.asked_at, proposal.asked_note = None, None, ""
    proposal.decided_by, proposal.decided_at, proposal.decision_reason = None, None, ""
    return _save(proposal, ProposalState.DRAFT)


@action
def send_proposal(actor: User, proposal: Proposal, *, sent_on: datetime.date, sent_to: str) -> Proposal:
    """It is with the customer. From here on it is never changed; what was sent, or even accepted, before is replaced.

    Raises:
        NotAllowed: outside the commercial lane.
        GateRefused: something of it is missing, or a discount above the limit isn't approved.
        Conflict: the deal is closed, or the day cannot be.
    """
    require(actor, "deals.work_commercial", proposal.opportunity)
    proposal = lock(proposal)
    if not proposal.is_unsent:
        raise Conflict(f"{proposal} was sent on {proposal.sent_on:%-d %b %Y}.")
    _must_reach(proposal, ProposalState.SENT)
    if not proposal.opportunity.is_open:
        raise Conflict("The deal is closed. Open it again first.")
    _must_be_whole(proposal)
    if proposal.is_draft and wants_approval(proposal):
        url = reverse("deals:ask_approval", args=[proposal.pk])
        raise GateRefused(f"{proposal} cannot be sent yet", [Missing("A discount above the limit wants approval", url)])
    if not sent_to.strip():
        raise Conflict("Say to whom at the customer it went.")
    if sent_on > timezone.localdate():
        raise Conflict("It is recorded when it has been sent.")
    if proposal.valid_until < sent_on:
        raise Conflict("It would have expired before it was sent. Set a later day.")
    for other in proposal.opportunity.proposals.filter(state__in=STANDING):
        _save(other, ProposalState.REPLACED)
    proposal.sent_on, proposal.sent_to, proposal.sent_by = sent_on, sent_to.strip(), actor
    return _save(proposal, ProposalState.SENT)


@action
def accept_proposal(
    actor: User, proposal: Proposal, *, answered_on: datetime.date, answered_by: str, answer_note: str = ""
) -> Proposal:
    """The customer takes it: on which day, and who said so.

    Raises:
        NotAllowed: outside the commercial lane.
        Conflict: it is not with the customer, was no longer valid on that day, or nobody is named.
    """
    return _answer(actor, proposal, ProposalState.ACCEPTED, answered_on, answered_by, answer_note)


@action
def decline_proposal(
    actor: User, proposal: Proposal, *, answered_on: datetime.date, answered_by: str, answer_note: str = ""
) -> Proposal:
    """The customer does not take it; the deal goes on, perhaps with another version.

    Raises:
        NotAllowed, Conflict: as for `accept_proposal`.
    """
    return _answer(actor, proposal, ProposalState.DECLINED, answered_on, answered_by, answer_note)


def _answer(
    actor: User, proposal: Proposal, state: str, answered_on: datetime.date, answered_by: str, note: str
) -> Proposal:  # fmt: skip
    require(actor, "deals.work_commercial", proposal.opportunity)
    proposal = lock(proposal)
    _must_reach(proposal, state)
    if not answered_by.strip():
        raise Conflict("Say who at the customer answered.")
    if answered_on > timezone.localdate():
        raise Conflict("An answer is recorded when it has been given.")
    if answered_on < proposal.sent_on:
        raise Conflict(f"It was sent on {proposal.sent_on:%-d %b %Y}; no answer came before.")
    if state == ProposalState.ACCEPTED and answered_on > proposal.valid_until:
        raise Conflict(f"It was valid until {proposal.valid_until:%-d %b %Y}. Send a new version.")
    proposal.answered_on, proposal.answered_by, proposal.answer_note = answered_on, answered_by.strip(), note.strip()
    return _save(proposal, state)


@action
def take_back_answer(actor: User, proposal: Proposal, *, reason: str) -> Proposal:
    """The answer was recorded by mistake, or they thought again: it is with the customer as before.

    Raises:
        NotAllowed: outside the commercial lane.
        Conflict: it has no answer, another version is with the customer, or no reason is given.
    """
    require(actor, "deals.work_commercial", proposal.opportunity)
    proposal = lock(proposal)
    if proposal.state not in (ProposalState.ACCEPTED, ProposalState.DECLINED):
        raise Conflict(f"{proposal} is {proposal.get_state_display().lower()}: there is no answer to take back.")
    standing = proposal.opportunity.proposals.filter(state__in=STANDING).exclude(pk=proposal.pk).first()
    if standing is not None:
        raise Conflict(f"Proposal {standing.number} is with the customer meanwhile.")
    if not reason.strip():
        raise Conflict("Say why the answer no longer counts.")
    proposal.answered_on, proposal.answered_by, proposal.answer_note = None, "", ""
    return _save(proposal, ProposalState.SENT)


@action
def expire_proposals(actor: None, today: datetime.date, limit: int = 500) -> int:
    """What is with the customer and no longer valid has expired; how many there were. Safe to run twice."""
    overdue = Proposal.objects.overdue(today).select_for_update(skip_locked=True).order_by("pk")[:limit]
    found = list(overdue)
    for proposal in found:
        proposal.state, proposal.version = ProposalState.EXPIRED, proposal.version + 1
        proposal.save(update_fields=["state", "version"])
    return len(found)


def _must_be_whole(proposal: Proposal) -> None:
    missing = missing_to_send(proposal)
    if missing:
        raise GateRefused(f"{proposal} is not whole yet", missing)


def _must_reach(proposal: Proposal, state: str) -> None:
    if state not in NEXT[proposal.state]:
        aim = ProposalState(state).label.lower()
        raise Conflict(f"{proposal} is {proposal.get_state_display().lower()}; from there it cannot become {aim}.")


def _save(proposal: Proposal, state: str) -> Proposal:
    """Write a locked version in its new state; the deal has moved with it."""
    _must_reach(proposal, state)
    proposal.state, proposal.version = state, proposal.version + 1
    proposal.save()
    touch(proposal.opportunity)
    return proposal
