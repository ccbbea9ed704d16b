"""The two acts of a deal review, each a dialog over the page that steps through the deals."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from deals.actions import reviews as actions
from deals.coaching import asked, with_flags
from deals.forms.reviews import ReviewForm, TaskForm
from deals.models import Opportunity
from people.permissions import require
from presales.forms import done, form_response, posted
from qualification.panels import dossier_panel

RELATED = ["dossier__framework", "dossier__derived", "dossier__team__qualification_policy"]


def _deal(request: HttpRequest, pk: int) -> Opportunity:
    visible = with_flags(Opportunity.objects.visible_to(request.user)).select_related(*RELATED)
    found = visible.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest, deal: Opportunity) -> str:
    """The page to go to afterwards: what the address names, if it is one of ours, else the deal."""
    page = request.GET.get("next", "")
    ours = page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return page if ours else deal.get_absolute_url()


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a deal as reviewed."""
    deal = _deal(request, pk)
    require(request.user, "deals.review_deal", deal)
    form = ReviewForm(posted(request))
    back = _back(request, deal)
    if request.method == "POST" and form.is_valid():
        actions.mark_reviewed(request.user, deal, **form.cleaned_data)
        return done(request, back, f"{deal.name}: reviewed.")
    return form_response(request, form, title=f"Reviewed: {deal.name}", submit="Mark as reviewed", cancel_url=back)


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """A task for the AE or the SE, begun with the question that it comes of (`?ask=`)."""
    deal = _deal(request, pk)
    require(request.user, "deals.set_task", deal)
    key = request.GET.get("ask", "")
    question = asked(key, deal, dossier_panel(deal.dossier, request.user)) if key else None
    form = TaskForm(posted(request), user=request.user, deal=deal, question=question)
    back = _back(request, deal)
    if request.method == "POST" and form.is_valid():
        actions.set_task(request.user, deal, **form.cleaned_data)
        return done(request, back, f"{deal.name}: task set.")
    return form_response(
        request, form, title=f"A task on {deal.name}", submit="Set the task", cancel_url=back,
        intro=question.text if question else "",
    )  # fmt: skip
