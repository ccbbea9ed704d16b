"""Notes held in reserve: the page under a deal, writing one, and the AE's word on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import reserve as actions
from deals.forms.reserve import AnswerForm, ReserveNoteForm
from deals.models import Opportunity, ReserveNote
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show

MOST = 200


def _page(opportunity_id: int) -> str:
    return reverse("deals:reserve", args=[opportunity_id])


def _deal(request: HttpRequest, pk: int) -> Opportunity:
    """The deal, for those who may read what is held in reserve on it; for all others there is no such page."""
    found = get_object_or_404(Opportunity.objects.visible_to(request.user).select_related("owner", "se"), pk=pk)
    readable = request.user.has_perm("deals.read_reserve", found)
    return found if readable else get_object_or_404(Opportunity.objects.none())


def _note(request: HttpRequest, pk: int) -> ReserveNote:
    visible = ReserveNote.objects.visible_to(request.user).select_related("opportunity__owner")
    return get_object_or_404(visible, pk=pk)


@require_safe
def reserve(request: HttpRequest, pk: int) -> HttpResponse:
    """What is held in reserve on a deal, what was released and what was held back."""
    found = _deal(request, pk)
    visible = found.reserve_notes.visible_to(request.user)
    notes = list(visible.select_related("author", "decided_by")[:MOST])
    for note in notes:
        note.opportunity = found
    context = {
        "opportunity": found,
        "undecided": [note for note in notes if note.is_undecided],
        "decided": [note for note in notes if not note.is_undecided],
    }
    return render(request, "deals/reserve/reserve.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep an idea for the AE."""
    found = _deal(request, pk)
    require(request.user, "deals.keep_in_reserve", found)
    form = ReserveNoteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.keep_in_reserve(request.user, found, form.cleaned_data["text"])
        return done(request, _page(pk), f"Kept for {found.owner or 'the AE'}. Nobody else of the team reads it.")
    return form_response(request, form, title="Keep an idea in reserve", submit="Keep it", cancel_url=_page(pk))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the words of an idea that is still in reserve."""
    found = _note(request, pk)
    require(request.user, "deals.edit_reserve_note", found)
    page = _page(found.opportunity_id)
    form = ReserveNoteForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_reserve_note, page, title="Change the idea")


@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an idea be said to the customer."""
    found = _note(request, pk)
    require(request.user, "deals.decide_reserve_note", found)
    form, page = AnswerForm(posted(request)), _page(found.opportunity_id)
    if request.method == "POST" and form.is_valid():
        actions.release(request.user, found, answer=form.cleaned_data["answer"])
        return done(request, page, "Released: it may be said to the customer.")
    return form_response(
        request, form, title="Release the idea", submit="Release", cancel_url=page, intro=f"“{found.text}”"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep an idea from the customer."""
    found = _note(request, pk)
    require(request.user, "deals.decide_reserve_note", found)
    form, page = AnswerForm(posted(request)), _page(found.opportunity_id)
    if request.method == "POST" and form.is_valid():
        actions.hold(request.user, found, answer=form.cleaned_data["answer"])
        return done(request, page, "Held back. You may release it later.")
    return form_response(
        request, form, title="Hold the idea back", submit="Hold back", cancel_url=page, intro=f"“{found.text}”"
    )
