"""The handoff of a deal: its page, writing it, and what its receiver does with it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import handoffs as actions
from deals.custom_work import custom_work_of, in_words
from deals.forms.handoffs import CustomWorkForm, HandoffPersonForm, HandOverForm, PromisesForm, QuestionForm
from deals.models import Handoff, HandoffPerson, HandoffState, Opportunity, Outcome
from deals.views.technical_wins import visible_deal
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of
from presales.paging import Sort, paginate

MOST = 50
PEOPLE = ("receiver", "started_by", "handed_over_by")


def _page_of(opportunity_id: int) -> str:
    return reverse("deals:deal_handoff", args=[opportunity_id])


def _visible(request: HttpRequest, pk: int) -> Handoff:
    visible = Handoff.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("opportunity__company", *PEOPLE), pk=pk)


@require_safe
def handoffs(request: HttpRequest) -> HttpResponse:
    """What was handed over to the person, what they wait for, and all others they may read; newest first."""
    visible = Handoff.objects.visible_to(request.user).current()
    view = request.GET.get("view")
    if view == "all":
        shown = visible
    else:
        view = "mine"
        shown = visible.filter(receiver=request.user).exclude(state=HandoffState.DRAFT)
    rows = shown.select_related("opportunity__company", "opportunity__owner", "receiver")
    page = paginate(rows, Sort("started_at", descending=True), request.GET.get("cursor", ""))
    seen = set(
        Opportunity.objects.visible_to(request.user)
        .filter(pk__in=[row.opportunity_id for row in page])
        .values_list("pk", flat=True)
    )
    context = {
        "page": page, "view": view, "seen": seen,
        "waiting": Handoff.objects.waiting_for(request.user).count(),
    }  # fmt: skip
    return render(request, "deals/handoffs/list.html", context)


@require_safe
def of_deal(request: HttpRequest, pk: int) -> HttpResponse:
    """The handoff of a deal and those of its earlier closings, as its pair works on it."""
    found = visible_deal(request, pk, "owner", "se")
    every = list(found.handoffs.visible_to(request.user).select_related(*PEOPLE).prefetch_related("people")[:MOST])
    for one in every:
        one.opportunity = found
    current = next((one for one in every if not one.is_record), None)
    context = {
        "opportunity": found,
        "handoff": current,
        "earlier": [one for one in every if one.is_record],
        "missing": actions.missing_of(current) if current else [],
        "entries": changes_of(current, limit=30) if current else [],
        "looked_back": found.outcome != Outcome.LOST and found.autopsies.exists(),
    }
    return render(request, "deals/handoffs/of_deal.html", context)


@require_safe
def handoff(request: HttpRequest, pk: int) -> HttpResponse:
    """One handoff by itself: what the receiver reads, who may not know of the deal."""
    found = _visible(request, pk)
    context = {
        "handoff": found,
        "opportunity": found.opportunity,
        "sees_deal": Opportunity.objects.visible_to(request.user).filter(pk=found.opportunity_id).exists(),
    }
    return render(request, "deals/handoffs/handoff.html", context)


FORMS = {
    "commercial": (PromisesForm, "What we promised"),
    "technical": (CustomWorkForm, "Custom work and risks"),
}


def _carried(handoff: Handoff) -> dict[str, str]:
    """What the requirements say is built for them alone, to begin with where nothing is written yet."""
    if handoff.custom_work:
        return {}
    return {"custom_work": in_words(custom_work_of(handoff.opportunity))[:4000]}


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, pk: int, lane: str) -> HttpResponse:
    """Write one lane's part. The first words start the handoff."""
    found = visible_deal(request, pk)
    require(request.user, f"deals.work_{lane}", found)
    page = _page_of(pk)
    form_class, title = FORMS[lane]
    current = Handoff.objects.current().filter(opportunity=found).first() or Handoff(opportunity=found)
    more = {"opportunity": found, "user": request.user} if lane == "commercial" else {"initial": _carried(current)}
    form = form_class(posted(request), instance=current, **more)
    return save_or_show(
        request, form,
        lambda user, handoff, version: actions.write_handoff(user, found, handoff, lane, version), page, title=title,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def add_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Name somebody whom the receiver should know."""
    found = _visible(request, pk)
    require(request.user, "deals.work_stakeholders", found.opportunity)
    form, page = HandoffPersonForm(posted(request), handoff=found), _page_of(found.opportunity_id)
    if request.method == "POST" and form.is_valid():
        actions.add_person(request.user, found, **form.cleaned_data)
        return done(request, page, f"{form.cleaned_data['stakeholder']} is in the handoff.")
    return form_response(
        request, form, title="Somebody to know", submit="Add", cancel_url=page,
        intro="One of the buying committee; whoever is not on it is added there first.",
    )  # fmt: skip


@require_POST
def remove_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off the handoff."""
    visible = HandoffPerson.objects.visible_to(request.user).select_related("handoff__opportunity")
    found = get_object_or_404(visible, pk=pk)
    actions.remove_person(request.user, found)
    return done(request, _page_of(found.handoff.opportunity_id), f"{found.name} is off the handoff.")


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it to the receiver."""
    found = _visible(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    form, page = HandOverForm(posted(request), handoff=found), _page_of(found.opportunity_id)
    if request.method == "POST" and form.is_valid():
        given = actions.hand_over(request.user, found, answer=form.cleaned_data.get("answer", ""))
        return done(request, page, f"Handed over to {given.receiver}.")
    intro = f"{found.receiver} asks: “{found.question}”" if found.is_returned else "They accept it or ask a question."
    return form_response(request, form, title="Hand over", submit="Hand over", cancel_url=page, intro=intro)


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """The receiver takes it on."""
    found = actions.accept_handoff(request.user, _visible(request, pk))
    return done(request, found.get_absolute_url(), "Accepted. The customer is yours to look after.")


@require_http_methods(["GET", "HEAD", "POST"])
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The receiver asks something first."""
    found = _visible(request, pk)
    require(request.user, "deals.receive_handoff", found)
    form, page = QuestionForm(posted(request)), found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        actions.return_handoff(request.user, found, form.cleaned_data["question"])
        return done(request, page, "Returned with your question.")
    return form_response(request, form, title="Return with a question", submit="Return it", cancel_url=page)
