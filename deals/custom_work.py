"""The custom work that a deal's requirements ask for, as the proposal and the handoff carry it."""

from collections.abc import Iterable

from deals.models import Fit, Handoff, Opportunity, Proposal, ProposalWork, Requirement

FACTS = ("title", "what", "days")


def custom_work_of(opportunity: Opportunity) -> list[ProposalWork]:
    """What the requirements say is built for this customer alone, in their order; unsaved."""
    rows = Requirement.objects.filter(opportunity=opportunity, fit=Fit.CUSTOM).order_by("order", "pk")
    return [
        ProposalWork(order=order, requirement=row, title=row.text, what=row.work, days=row.work_days)
        for order, row in enumerate(rows)
    ]


def is_behind(proposal: Proposal, work: Iterable[ProposalWork]) -> bool:
    """Whether its statement of work, `work`, says something else than the requirements do by now."""
    now = custom_work_of(proposal.opportunity)
    return [_facts(row) for row in work] != [_facts(row) for row in now]


def _facts(row: ProposalWork) -> tuple:
    return tuple(getattr(row, name) for name in FACTS)


def in_words(work: Iterable[ProposalWork]) -> str:
    """One paragraph for each piece of work: its title, what is built, and how many days it takes."""
    return "\n".join(str(row) for row in work)


def unmentioned(handoff: Handoff) -> list[str]:
    """The custom work of the deal's requirements that the handoff does not name."""
    said = " ".join(handoff.custom_work.lower().split())
    rows = Requirement.objects.filter(opportunity=handoff.opportunity_id, fit=Fit.CUSTOM).order_by("order", "pk")
    return [text for text in rows.values_list("text", flat=True) if " ".join(text.lower().split()) not in said]
