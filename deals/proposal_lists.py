"""All proposals that somebody sees, as a list: where each version stands, what waits, and what it is worth."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from deals.models import Proposal, ProposalLine, ProposalState
from deals.models.proposals import UNSENT, Totals
from people.models import Role, User
from presales.paging import Page, Sort, paginate

SORTS = {
    "-begun": Sort("created_at", descending=True, label="Newest first"),
    "valid": Sort("valid_until", label="Runs out first"),
    "-valid": Sort("valid_until", descending=True, label="Valid longest"),
    "-sent": Sort("sent_on", descending=True, label="Sent last"),
    "customer": Sort("customer", label="Customer"),
    "-customer": Sort("customer", descending=True, label="Customer, Z to A"),
    "asked": Sort("asked_at", label="Waiting longest"),
}
VIEWS = {
    "": "In work and with customers",
    "waiting": "Waiting for approval",
    "overdue": "No longer valid",
    "all": "All versions",
}
PAGE_SIZE = 50
READ_ALONG = ("opportunity__owner", "opportunity__team", "asked_by")


@dataclass
class ProposalList:
    """The proposals as somebody filters them; what makes no sense in the address is left out."""

    user: User
    query: QueryDict

    def __post_init__(self) -> None:
        self.view = self.query.get("view", "") if self.query.get("view") in VIEWS else ""
        self.state = self.query.get("state", "") if self.query.get("state") in ProposalState.values else ""
        self.mine = self.query.get("mine") == "1"
        default = "asked" if self.view == "waiting" else "-begun"
        self.sort = self.query.get("sort") if self.query.get("sort") in SORTS else default

    @property
    def visible(self) -> QuerySet:
        """Every version that the person sees."""
        return Proposal.objects.visible_to(self.user)

    def proposals(self) -> QuerySet:
        """Those asked for."""
        found = self.visible
        if self.state:
            found = found.filter(state=self.state)
        elif self.view == "":
            found = found.filter(state__in=[*UNSENT, ProposalState.SENT])
        if self.view == "waiting":
            found = self.waiting(found)
        elif self.view == "overdue":
            found = found.overdue(timezone.localdate())
        if self.mine:
            own = "opportunity__se" if self.user.role == Role.SE else "opportunity__owner"
            found = found.filter(**{own: self.user})
        return found

    def waiting(self, found: QuerySet | None = None) -> QuerySet:
        """Those whose discount waits for a manager's word."""
        return (self.visible if found is None else found).filter(state=ProposalState.IN_APPROVAL)

    def page(self) -> Page:
        """The page at the cursor, each version with its `totals`; two queries."""
        found = self.proposals().select_related(*READ_ALONG)
        page = paginate(found, SORTS[self.sort], self.query.get("cursor", ""), PAGE_SIZE)
        lines: dict[int, list[ProposalLine]] = {}
        for line in ProposalLine.objects.filter(proposal__in=[row.pk for row in page]):
            lines.setdefault(line.proposal_id, []).append(line)
        for row in page:
            row.sums = Totals.of(lines.get(row.pk, []), row.term_months)
        return page
