"""Discounts that wait for a manager."""

from django.urls import reverse

from deals.models import Proposal, ProposalState
from insights.home.parts import LINES, Action, Line, Section, cut
from people.models import User
from presales.text import squeeze

READ = ["number", "asked_at", "asked_note", "asked_by__name", "opportunity__name"]


def to_approve(user: User) -> Section:
    """Proposals of the own teams that wait for approval, the longest wait first: those that `user` may decide on."""
    waiting = Proposal.objects.filter(state=ProposalState.IN_APPROVAL, opportunity__team__in=user.team_ids)
    others = waiting.exclude(asked_by=user).exclude(opportunity__owner=user)
    found = others.select_related("opportunity", "asked_by").only(*READ).order_by("asked_at", "pk")[: LINES + 1]
    lines, more = cut([_line(proposal) for proposal in found], LINES)
    return Section("Discounts to approve", "percentage", lines, many=more)


def _line(proposal: Proposal) -> Line:
    asked = f"{proposal.asked_by.name} asks: " if proposal.asked_by else ""
    return Line(
        proposal.opportunity.name, proposal.get_absolute_url(), squeeze(f"{asked}{proposal.asked_note}"),
        [(f"Proposal {proposal.number}", "warn")], at=proposal.asked_at, at_label="asked",
        action=Action("Decide", reverse("deals:proposal", args=[proposal.pk])),
    )  # fmt: skip
