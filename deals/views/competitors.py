"""Adding, changing and removing competitors of a deal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import competitors as actions
from deals.forms.competitors import CompetitorForm
from deals.models import Competitor, Opportunity
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show


def _page_of(opportunity: Opportunity) -> str:
    return f"{opportunity.get_absolute_url()}#commercial"


def _visible(request: HttpRequest, pk: int) -> Competitor:
    visible = Competitor.objects.visible_to(request.user).select_related("opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Name a competitor."""
    opportunity = get_object_or_404(Opportunity.objects.visible_to(request.user), pk=pk)
    require(request.user, "deals.work_commercial", opportunity)
    form = CompetitorForm(posted(request))
    if request.method == "POST" and form.is_valid():
        added = actions.add_competitor(request.user, opportunity, form.instance)
        return done(request, _page_of(opportunity), f"{added} is named as a competitor.")
    return form_response(
        request, form, title="Add a competitor", submit="Add", cancel_url=_page_of(opportunity),
        intro="Another vendor, the system in place today, or what they would build themselves.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is known of a competitor."""
    found = _visible(request, pk)
    page, name = _page_of(found.opportunity), found.name
    form = CompetitorForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_competitor, page, title=name)


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a competitor off the deal."""
    found = _visible(request, pk)
    actions.remove_competitor(request.user, found)
    return done(request, _page_of(found.opportunity), f"{found.name} is off the list.")
