"""The page of all proposals."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from deals.models import ProposalState
from deals.proposal_lists import SORTS, VIEWS, ProposalList
from people.models import Role
from presales.errors import NotAllowed
from presales.paging import capped_count


@require_safe
def every(request: HttpRequest) -> HttpResponse:
    """Every version that the person sees: in work and with customers first, or those that wait for approval."""
    if request.user.role == Role.MARKETING:
        raise NotAllowed("Proposals are for those who sell.")
    listing = ProposalList(request.user, request.GET)
    count, more = capped_count(listing.proposals())
    context = {
        "listing": listing, "page": listing.page(), "count": count, "more": more, "sort": listing.sort,
        "views": VIEWS.items(), "states": ProposalState.choices, "waiting": capped_count(listing.waiting(), 99)[0],
        "sorts": [(name, sort.label) for name, sort in SORTS.items()], "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "deals/proposals/every.html", context)
