"""What is done with demo and POC requests on a deal's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import help_requests as actions
from deals.actions.queue import request_help
from deals.charter import below_charter
from deals.forms.pairings import AcceptAnywayForm
from deals.models import HelpRequest
from people.permissions import require
from presales.errors import Conflict
from presales.forms import done, form_response, posted


def _visible(request: HttpRequest, pk: int) -> HelpRequest:
    related = ("opportunity__dossier__framework", "opportunity__se")
    return get_object_or_404(HelpRequest.objects.visible_to(request.user).select_related(*related), pk=pk)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure a held request anew; it goes through, or the page says what is still missing."""
    found = _visible(request, pk)
    require(request.user, "deals.request_help", found.opportunity)
    if not found.is_held:
        raise Conflict(f"This request is not held back any more: {found.get_state_display().lower()}.")
    request_help(request.user, found.opportunity, found.kind, found.note)
    se = found.opportunity.se
    told = f"It went through. {se} has your request." if se else "It went through and waits in the claim queue now."
    return done(request, found.opportunity.get_absolute_url(), told)


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """The SE accepts a held request anyway, with a reason."""
    found = _visible(request, pk)
    deal = found.opportunity
    require(request.user, "deals.accept_anyway", deal)
    form = AcceptAnywayForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.accept_anyway(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, deal.get_absolute_url(), "Accepted. The exception stands on the deal's page.")
    return form_response(
        request, form, title=f"Accept the {actions.named(found.kind)} request anyway", submit="Accept anyway",
        cancel_url=deal.get_absolute_url(), template="deals/help_requests/_accept_form.html",
        context={"missing": below_charter(deal), "help_request": found},
    )  # fmt: skip


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The SE has done what was asked."""
    found = _visible(request, pk)
    actions.finish_request(request.user, found)
    return done(request, found.opportunity.get_absolute_url(), "Done.")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The AE takes a request back."""
    found = _visible(request, pk)
    actions.withdraw_help_request(request.user, found)
    return done(request, found.opportunity.get_absolute_url(), "Withdrawn.")
