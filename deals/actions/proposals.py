"""Writing a proposal: a new version, its texts, its prices. What becomes of it: deals/actions/proposal_states.py."""

import datetime

from django.utils import timezone

from deals.custom_work import custom_work_of
from deals.models import Opportunity, Proposal, ProposalLine, ProposalSection, ProposalWork, SectionKind
from deals.models.proposals import MOST_LINES
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from qualification.models import Dossier, Level

VALID_DAYS = 30
TEXT_LENGTH = 8000
PRICING_FIELDS = ["title", "valid_until", "term_months", "currency", "customer"]
LINE_FIELDS = ["description", "quantity", "unit_price", "discount", "recurrence"]
# The criteria whose evidence is the customer's own need; money, people and rivals are no matter for a proposal.
NEEDS = ("identify_pain", "need", "metrics", "decision_criteria")
LANES = {
    SectionKind.NEEDS: "deals.write_proposal",
    SectionKind.SOLUTION: "deals.work_technical",
    SectionKind.APPROACH: "deals.write_proposal",
    SectionKind.TERMS: "deals.work_commercial",
}


@action
def start_proposal(actor: User, opportunity: Opportunity) -> Proposal:
    """A draft: the first version with the needs from the dossier, a later one with all that the last one said.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the deal is closed, or a version is still being written.
    """
    require(actor, "deals.write_proposal", opportunity)
    opportunity = lock_deal(opportunity)
    if not opportunity.is_open:
        raise Conflict("The deal is closed. Open it again first.")
    versions = list(opportunity.proposals.all())
    for version in versions:
        if version.is_unsent:
            raise Conflict(f"{version} is still being written. Go on with that one.")
    last = versions[0] if versions else None
    draft = Proposal.objects.create(
        opportunity=opportunity, number=last.number + 1 if last else 1, created_by=actor,
        title=last.title if last else f"Proposal for {opportunity.name}"[:200], **facts_of(opportunity),
        term_months=last.term_months if last else opportunity.term_months,
        valid_until=timezone.localdate() + datetime.timedelta(days=VALID_DAYS),
    )  # fmt: skip
    if last:
        texts = {section.kind: section.text for section in last.sections.all()}
    else:
        texts = {SectionKind.NEEDS: needs_from(opportunity.dossier)}
    ProposalSection.objects.bulk_create(
        ProposalSection(proposal=draft, kind=kind, text=texts.get(kind, "")) for kind in SectionKind
    )
    if last:
        ProposalLine.objects.bulk_create(
            ProposalLine(
                proposal=draft, order=line.order, **{name: getattr(line, name) for name in LINE_FIELDS}
            )
            for line in last.lines.all()
        )  # fmt: skip
    draft.opportunity = opportunity
    copy_work(draft)
    touch(opportunity)
    return draft


def copy_work(proposal: Proposal) -> None:
    """Write the custom work of the requirements into a version's statement of work; only what differs is written."""
    work = custom_work_of(proposal.opportunity)
    before = {row.order: row for row in proposal.work.all()}
    for row in work:
        row.proposal = proposal
        stored = before.pop(row.order, None)
        if stored is None:
            row.save(force_insert=True)
        elif (stored.requirement_id, stored.title, stored.what, stored.days) != (
            row.requirement_id, row.title, row.what, row.days,
        ):  # fmt: skip
            row.pk = stored.pk
            row.save(force_update=True)
    ProposalWork.objects.filter(pk__in=[row.pk for row in before.values()]).delete()


def needs_from(dossier: Dossier) -> str:
    """What the customer has said of the own need, in the order of the framework: nothing that we only assume."""
    current = dossier.evidence.current().filter(criterion__key__in=NEEDS, level__gte=Level.STATED)
    entries = current.select_related("criterion").order_by("criterion__order", "criterion__pk")
    return "\n\n".join(entry.text.strip() for entry in entries if entry.text.strip())[:TEXT_LENGTH]


def facts_of(opportunity: Opportunity) -> dict[str, str]:
    """What a draft takes over from the deal, and keeps once it is sent."""
    return {"currency": opportunity.currency, "customer": str(opportunity.company or opportunity.name)[:200]}


@action
def write_section(actor: User, section: ProposalSection, version: int) -> ProposalSection:
    """Save one text, in the lane that it belongs to.

    Raises:
        NotAllowed: the solution is the SE's to write, the terms are the AE's.
        Conflict: the version has left our hands, or its terms are being approved.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, LANES[section.kind], section.proposal.opportunity)
    section.proposal = lock(section.proposal)
    if not section.is_open:
        raise Conflict(
            f"{section.proposal} is {section.proposal.get_state_display().lower()}: its "
            f"{'terms' if section.kind == SectionKind.TERMS else 'texts'} stay as they are."
        )
    save_version(section, ["text"], version)
    touch(section.proposal.opportunity)
    return section


@action
def price_proposal(actor: User, proposal: Proposal, lines: list[ProposalLine], version: int) -> Proposal:
    """Save title, validity, term and all lines of a draft at once, in the deal's currency.

    Raises:
        NotAllowed: prices are the AE's lane.
        Conflict: not a draft, or more lines than a page can carry.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_commercial", proposal.opportunity)
    stored = lock(proposal)
    if not stored.is_draft:
        raise Conflict(f"{stored} is {stored.get_state_display().lower()}: its prices stay as they are.")
    if len(lines) > MOST_LINES:
        raise Conflict(f"A proposal has at most {MOST_LINES} lines.")
    for name, value in facts_of(stored.opportunity).items():
        setattr(proposal, name, value)
    save_version(proposal, PRICING_FIELDS, version)
    _replace_lines(proposal, lines)
    touch(stored.opportunity)
    return proposal


def _replace_lines(proposal: Proposal, lines: list[ProposalLine]) -> None:
    """Write only the lines that differ, so that the history tells what was changed."""
    before = {line.order: line for line in proposal.lines.all()}
    for order, line in enumerate(lines):
        line.proposal, line.order = proposal, order
        stored = before.pop(order, None)
        if stored is None:
            line.save(force_insert=True)
        elif any(getattr(stored, name) != getattr(line, name) for name in LINE_FIELDS):
            line.pk = stored.pk
            line.save(force_update=True)
    ProposalLine.objects.filter(pk__in=[line.pk for line in before.values()]).delete()


def lock_deal(opportunity: Opportunity) -> Opportunity:
    """The deal as it stands, held until the end of the action."""
    held = Opportunity.objects.select_for_update(of=("self",)).select_related("company", "dossier")
    return held.get(pk=opportunity.pk)


def lock(proposal: Proposal) -> Proposal:
    """The version as it stands, with its deal, both held until the end of the action."""
    opportunity = lock_deal(proposal.opportunity)
    stored = Proposal.objects.select_for_update().get(pk=proposal.pk)
    stored.opportunity = opportunity
    return stored


def touch(opportunity: Opportunity) -> None:
    """Work on a proposal is work on the deal."""
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])
