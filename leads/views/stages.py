"""Moving leads: a button where nothing is asked, else a dialog that asks for it; one lead or many."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from leads.actions import leads as lead_actions
from leads.actions import routing, stages
from leads.forms.stages import (
    AssignForm,
    DisqualifyForm,
    MoveForm,
    MqlForm,
    NurtureForm,
    ReasonForm,
    ReturnForm,
    RouteForm,
)
from leads.models import Lead
from leads.views.leads import NAV, get_lead
from people.permissions import require
from presales.forms import done, form_response, posted

MANY = 200


@dataclass(frozen=True)
class Move:
    """One move as the pages offer it."""

    form: type[MoveForm]
    permission: str
    act: Callable
    title: str
    submit: str
    told: str
    intro: str = ""
    tone: str = "primary"


def _make_mql(actor: object, lead: Lead, **details: object) -> None:
    stages.make_mql(actor, [lead.pk], **details)


MOVES = {
    "make_mql": Move(
        MqlForm, "leads.make_mql", _make_mql, "Hand to sales", "Hand to sales", "Handed to sales.",
        "The lead goes to the AE whose turn it is, who then has the team's response time to accept it.",
    ),
    "return": Move(
        ReturnForm, "leads.return_lead", stages.return_to_marketing, "Return to marketing", "Return", "Returned.",
        "Marketing sees the reason and can mend its rules.", "warning",
    ),
    "nurture": Move(
        NurtureForm, "leads.nurture_lead", stages.nurture, "Look again later", "Set aside", "Set aside for later."
    ),
    "disqualify": Move(
        DisqualifyForm, "leads.disqualify_lead", stages.disqualify, "Disqualify", "Disqualify", "Disqualified.",
        "The lead can be reopened later.", "danger",
    ),
    "reopen": Move(ReasonForm, "leads.reopen_lead", stages.reopen, "Reopen", "Reopen", "Reopened."),
    "move_back": Move(
        ReasonForm, "leads.move_lead_back", stages.move_back, "Move back one stage", "Move back", "Moved back."
    ),
    "assign": Move(AssignForm, "leads.assign_lead", routing.assign, "Assign to an AE", "Assign", "Assigned."),
    "route": Move(RouteForm, "leads.route_lead", routing.route, "Route to a team", "Route", "Routed."),
}  # fmt: skip
BULK = ["assign", "nurture", "disqualify"]


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept an MQL."""
    lead = stages.accept(request.user, get_lead(request, pk))
    return done(request, lead.get_absolute_url(), "It is yours. Find out what the framework asks for.")


@require_POST
def qualify(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an SQL of it, if the dossier allows."""
    lead = stages.qualify(request.user, get_lead(request, pk))
    return done(request, lead.get_absolute_url(), "Qualified. It can be converted now.")


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Ask what the move wants to know, then do it."""
    chosen, lead = MOVES[name], get_lead(request, pk)
    require(request.user, chosen.permission, lead)
    form = chosen.form(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        chosen.act(request.user, lead, **form.cleaned_data)
        url = lead.get_absolute_url()
        if not Lead.objects.visible_to(request.user).filter(pk=lead.pk).exists():
            url = reverse("leads:leads")
        return done(request, url, chosen.told)
    return form_response(
        request, form, title=f"{chosen.title}: {lead}", submit=chosen.submit, cancel_url=lead.get_absolute_url(),
        intro=chosen.intro, tone=chosen.tone, context={"nav": NAV},
    )  # fmt: skip


def _ids(values: list[str]) -> list[int]:
    """The ids that a list's checkboxes sent; nothing else."""
    return [int(value) for value in values[:MANY] if value.isascii() and value.isdecimal() and len(value) < 19]


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest, name: str) -> HttpResponse:
    """One move for all chosen leads, or for none of them."""
    if name not in BULK:
        raise Http404
    chosen = MOVES[name]
    ids = _ids(request.POST.getlist("id") if request.method == "POST" else request.GET.getlist("id"))
    form = chosen.form(posted(request), user=request.user)
    leads = Lead.objects.visible_to(request.user)
    if request.method == "POST" and form.is_valid():
        count = lead_actions.move_all(request.user, leads, ids, chosen.act, **form.cleaned_data)
        return done(request, reverse("leads:leads"), f"{chosen.told} {count} leads.")
    found = leads.filter(pk__in=ids).only("name").order_by("name_key", "pk")
    return form_response(
        request, form, title=f"{chosen.title}: {len(found)} leads", submit=chosen.submit,
        cancel_url=reverse("leads:leads"), intro=chosen.intro, tone=chosen.tone,
        template="leads/stages/_bulk.html", context={"nav": NAV, "leads": found},
    )  # fmt: skip
