"""The specialists of a deal, and what is asked of one's own skills."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import specialists as actions
from deals.forms.specialists import AskSpecialistForm, DeclineSpecialistForm, FinishSpecialistForm
from deals.models import SpecialistRequest
from deals.views.technical_wins import visible_deal
from people.models import Role
from people.permissions import require
from presales.errors import Conflict
from presales.forms import done, form_response, posted

MOST = 50


def _page_of(opportunity_id: int) -> str:
    return reverse("deals:specialists", args=[opportunity_id])


def _told(requests: QuerySet) -> QuerySet:
    related = requests.select_related("opportunity__company", "opportunity__owner", "opportunity__se")
    return related.select_related("named", "requested_by", "specialist")


def _answerable(request: HttpRequest, pk: int) -> SpecialistRequest:
    """One that the person sees, or was offered and somebody took meanwhile; 404 for others."""
    offered = SpecialistRequest.objects.ever_offered_to(request.user)
    return get_object_or_404(offered.select_related("opportunity"), pk=pk)


def _visible(request: HttpRequest, pk: int) -> SpecialistRequest:
    visible = SpecialistRequest.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("opportunity"), pk=pk)


@require_safe
def specialists(request: HttpRequest, pk: int) -> HttpResponse:
    """Who was asked to help with a deal, who is on it, and what came of it."""
    found = visible_deal(request, pk)
    every = list(
        _told(SpecialistRequest.objects.filter(opportunity=found)).prefetch_related("declines__specialist")[:MOST]
    )
    for one in every:
        one.opportunity = found  # with what the rules read of it, once
    context = {
        "opportunity": found,
        "unsettled": [one for one in every if one.settled_at is None],
        "settled": [one for one in every if one.settled_at is not None],
    }
    return render(request, "deals/specialists/of_deal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a specialist beside the SE."""
    found = visible_deal(request, pk)
    require(request.user, "deals.ask_specialist", found)
    form, page = AskSpecialistForm(posted(request), opportunity=found), _page_of(pk)
    if request.method == "POST" and form.is_valid():
        made = actions.ask_specialist(request.user, found, form.instance)
        asked = made.named or f"everyone who brings {made.skill}"
        return done(request, page, f"Asked {asked}.")
    return form_response(
        request, form, title="Ask for a specialist", submit="Ask", cancel_url=page,
        intro="Somebody who helps with one part of the deal. The SE stays in charge of the technical lane.",
        template="deals/specialists/_ask_form.html",
    )  # fmt: skip


@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """What is asked of the person, what they are on and what they finished; for others what waits on their deals."""
    user = request.user
    visible = SpecialistRequest.objects.visible_to(user)
    if user.role == Role.SE:
        asked = SpecialistRequest.objects.asked_of(user)
        mine = list(_told(visible.filter(specialist=user)).order_by("-accepted_at", "-pk")[:MOST])
    else:
        asked, mine = visible.waiting(), []
    context = {
        "asked": _told(asked).order_by("due_on", "pk")[:MOST],
        "on": [one for one in mine if one.is_engaged],
        "over": [one for one in mine if not one.is_engaged],
    }
    return render(request, "deals/specialists/requests.html", context)


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it with one click."""
    taken = actions.accept_specialist(request.user, _answerable(request, pk))
    return done(request, _page_of(taken.opportunity_id), "You are on it, and see the deal until you have finished.")


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass, with a reason."""
    found = _answerable(request, pk)
    require(request.user, "deals.answer_specialist", found)
    if not found.is_waiting:
        raise actions.gone(found)
    form, page = DeclineSpecialistForm(posted(request)), reverse("deals:specialist_requests")
    if request.method == "POST" and form.is_valid():
        actions.decline_specialist(request.user, found, **form.cleaned_data)
        return done(request, page, "Declined.")
    return form_response(request, form, title=f"Decline: {found.skill}", submit="Decline", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what came of it and leave the deal."""
    found = _visible(request, pk)
    require(request.user, "deals.finish_specialist", found)
    if not found.is_engaged:
        raise Conflict(f"You are not on this request any more: {found.get_state_display().lower()}.")
    form, page = FinishSpecialistForm(posted(request)), reverse("deals:specialist_requests")
    if request.method == "POST" and form.is_valid():
        actions.finish_specialist(request.user, found, **form.cleaned_data)
        return done(request, page, "Finished. The pair reads what came of it.")
    return form_response(request, form, title=f"Finish: {found.skill}", submit="Finish", cancel_url=page)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back."""
    found = actions.withdraw_specialist(request.user, _visible(request, pk))
    return done(request, _page_of(found.opportunity_id), "Withdrawn.")
