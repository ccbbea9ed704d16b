"""The pages of a deal's POCs: the one in work, proposing one, its plan and its effort."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import pocs as actions
from deals.charter import below_charter
from deals.forms.pocs import EffortForm, PocForm, ProposeForm, StepForm
from deals.models import Opportunity, Poc, PocCriterion, PocStep
from people.permissions import require
from presales.errors import GateRefused
from presales.forms import done, form_response, posted, save_or_show
from presales.history import Entry, changes_of

SHOWN = 20
READ_ALONG = (
    "opportunity__company", "opportunity__se", "opportunity__stage", "opportunity__technical_win",
    "opportunity__poc_waiver", "owner", "unagreed_by",
)  # fmt: skip
TOLD = {
    "propose_poc": "proposed this POC",
    "edit_poc": "changed the plan",
    "keep_effort": "noted the effort",
    "agree_poc": "recorded that the customer agrees",
    "change_plan": "opened the plan to change it",
    "start_poc": "started it",
    "finish_poc": "ended it",
    "resume_poc": "took it up again",
}
IMPLIED = {"state", "agreements", "agreed_by", "change_reason", "unagreed_reason", "unagreed_by"}


def deal_page(pk: int) -> str:
    """The address of a deal's POCs."""
    return reverse("deals:pocs", args=[pk])


def visible_deal(request: HttpRequest, pk: int) -> Opportunity:
    """The opportunity, or 404 where the person may not know of it."""
    related = ("company", "se", "stage", "technical_win", "poc_waiver", "dossier__framework")
    return get_object_or_404(Opportunity.objects.visible_to(request.user).select_related(*related), pk=pk)


def visible_poc(request: HttpRequest, pk: int, *related: str) -> Poc:
    """The POC with its deal, or 404 where the person may not know of it."""
    visible = Poc.objects.visible_to(request.user).select_related("opportunity", *related)
    return get_object_or_404(visible, pk=pk)


def own_poc(request: HttpRequest, pk: int, *related: str) -> Poc:
    """The POC, where it is the person's to work on: 404 where they may not know of it, else 403."""
    found = visible_poc(request, pk, *related)
    require(request.user, "deals.work_technical", found.opportunity)
    return found


@require_safe
def pocs(request: HttpRequest, pk: int) -> HttpResponse:
    """The deal's newest POC; where there is none, or the customer has waived it, how to begin."""
    found = visible_deal(request, pk)
    every = list(found.pocs.only("number", "state", "title", "opportunity_id")[:SHOWN])
    if every and not hasattr(found, "poc_waiver"):
        return _page(request, visible_poc(request, every[0].pk, *READ_ALONG), every)
    waiver = getattr(found, "poc_waiver", None)
    return render(request, "deals/pocs/none.html", {"opportunity": found, "waiver": waiver, "every": every})


@require_safe
def poc(request: HttpRequest, pk: int) -> HttpResponse:
    """One POC."""
    found = visible_poc(request, pk, *READ_ALONG)
    every = list(Poc.objects.filter(opportunity=found.opportunity_id)[:SHOWN])
    return _page(request, found, every)


def _page(request: HttpRequest, found: Poc, every: list[Poc]) -> HttpResponse:
    criteria = list(found.criteria.prefetch_related("requirements"))
    steps = list(found.steps.in_order())
    may = request.user.has_perm("deals.work_technical", found.opportunity)
    judged = sum(criterion.met is not None for criterion in criteria)
    next_step = next((step for step in steps if step.done_on is None), None)
    context = {
        "opportunity": found.opportunity,
        "poc": found,
        "criteria": criteria,
        "met": sum(bool(criterion.met) for criterion in criteria),
        "judged": judged,
        "steps": steps,
        "steps_done": sum(step.done_on is not None for step in steps),
        "next_step": next_step,
        "elapsed": _elapsed(found),
        "links": list(found.links.all()[:SHOWN]),
        "every": every,
        "may_technical": may,
        "quick": StepForm() if may and not found.is_finished else None,
        "entries": _told(changes_of(found, limit=30)),
    }
    return render(request, "deals/pocs/poc.html", context)


def _elapsed(poc: Poc) -> int:
    """How much of its days have gone by, in percent."""
    if poc.is_finished:
        return 100
    if poc.started_on is None:
        return 0
    whole = (poc.ends_on - poc.started_on).days + 1
    gone = (timezone.localdate() - poc.started_on).days + 1
    return max(0, min(100, round(100 * gone / whole))) if whole > 0 else 100


def _told(entries: list[Entry]) -> list[Entry]:
    """What happened to a POC in plain words, without what the sentence says already."""
    for entry in entries:
        entry.title = TOLD.get(entry.action, entry.title)
        entry.changes = [change for change in entry.changes if change.field not in IMPLIED]
    return entries


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a POC. Below the charter the form says what is missing and asks why all the same."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    missing = [] if actions.charter_lets_through(found) else below_charter(found)
    form = ProposeForm(posted(request), opportunity=found, below=bool(missing))
    status = None
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data.get("reason", "")
        try:
            made = actions.propose_poc(request.user, found, form.instance, reason=reason)
            return done(request, made.get_absolute_url(), "Now write down what has to hold, and how it is measured.")
        except GateRefused as refused:
            if "reason" not in form.fields:
                raise
            form.add_error("reason", "The charter holds it back. Say why you accept it all the same.")
            missing, status = refused.missing, 409
    return form_response(
        request, form, title="Propose a POC", submit="Propose", cancel_url=deal_page(pk), status=status,
        context={"missing": missing}, template="deals/pocs/_charter_form.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change title, scope and days, while the customer has not agreed to them."""
    found = own_poc(request, pk)
    return save_or_show(
        request, PocForm(posted(request), instance=found), actions.edit_poc, found.get_absolute_url(), title="The plan"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def effort(request: HttpRequest, pk: int) -> HttpResponse:
    """Who runs it and what it takes."""
    found = own_poc(request, pk)
    form = EffortForm(posted(request), instance=found, user=request.user)
    return save_or_show(
        request, form, actions.keep_effort, found.get_absolute_url(), title="Who runs it, and the effort"
    )


def own_criterion(request: HttpRequest, pk: int) -> PocCriterion:
    """The criterion: 404 where the person may not know of it, 403 where it is not theirs to work on."""
    visible = PocCriterion.objects.visible_to(request.user).select_related("poc__opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_technical", found.poc.opportunity)
    return found


def own_step(request: HttpRequest, pk: int) -> PocStep:
    """The step: 404 where the person may not know of it, 403 where it is not theirs to work on."""
    found = get_object_or_404(PocStep.objects.visible_to(request.user).select_related("poc__opportunity"), pk=pk)
    require(request.user, "deals.work_technical", found.poc.opportunity)
    return found
