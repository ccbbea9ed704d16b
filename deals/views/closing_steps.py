"""The page of the steps between a deal and its signature, and listing, changing and settling one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import closing_steps as actions
from deals.forms.closing_steps import ClosingStepForm, RemoveStepForm, SettleForm
from deals.models import ClosingStep, StepKind
from deals.models.closing_steps import MOST
from deals.views.technical_wins import visible_deal
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show


def page_of(pk: int) -> str:
    """The address of a deal's steps."""
    return reverse("deals:closing_steps", args=[pk])


@require_safe
def closing_steps(request: HttpRequest, pk: int) -> HttpResponse:
    """What legal, security and procurement still have to do, desk by desk, the most urgent first."""
    found = visible_deal(request, pk, "owner")
    steps = list(found.closing_steps.in_order().select_related("owner", "done_by")[:MOST])
    may = request.user.has_perm("deals.work_commercial", found)
    for step in steps:
        step.may_settle = may or step.owner_id == request.user.pk
    context = {
        "opportunity": found,
        "desks": [(kind, [step for step in steps if step.kind == kind]) for kind in StepKind],
        "steps": steps,
        "done": sum(step.is_done for step in steps),
        "late": sum(step.is_late for step in steps),
        "may_commercial": may,
    }
    return render(request, "deals/closing_steps/closing_steps.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """List a step; `?kind=` chooses the desk beforehand."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_commercial", found)
    kind = request.GET.get("kind")
    initial = {"kind": kind if kind in StepKind.values else StepKind.LEGAL, "owner": found.owner_id}
    form = ClosingStepForm(posted(request), user=request.user, opportunity=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.add_closing_step(request.user, found, form.instance)
        return done(request, page_of(pk))
    return form_response(request, form, title="Add a step", submit="Add", cancel_url=page_of(pk))


@require_POST
def add_usual(request: HttpRequest, pk: int) -> HttpResponse:
    """List the usual steps."""
    found = visible_deal(request, pk)
    added = actions.add_usual_steps(request.user, found)
    message = f"{added} steps are listed. Date them and give each to somebody." if added else ""
    return done(request, page_of(pk), message)


def _visible(request: HttpRequest, pk: int) -> ClosingStep:
    return get_object_or_404(ClosingStep.objects.visible_to(request.user).select_related("opportunity"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a step."""
    found = _visible(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    page = page_of(found.opportunity_id)
    form = ClosingStepForm(posted(request), instance=found, user=request.user, opportunity=found.opportunity)
    return save_or_show(request, form, actions.edit_closing_step, page, title="Change the step")


@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a step is done, or is not after all."""
    found = _visible(request, pk)
    form = SettleForm(request.POST)
    actions.settle_closing_step(request.user, found, done=form.is_valid() and form.cleaned_data["done"])
    return done(request, page_of(found.opportunity_id))


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step off the list."""
    found = _visible(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    page = page_of(found.opportunity_id)
    form = RemoveStepForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.remove_closing_step(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "The step is off the list.")
    return form_response(
        request, form, title="Remove the step", submit="Remove", tone="danger", cancel_url=page,
        intro=f"{found.what}. The history keeps it.",
    )  # fmt: skip
