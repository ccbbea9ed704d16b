"""The page of a deal's requirements, and writing, judging, moving and removing one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import requirements as actions
from deals.coverage import groups_of
from deals.forms.requirements import FITS, FitForm, MoveForm, RemoveForm, RequirementForm, ScopeForm, quick_form
from deals.models import Requirement
from deals.models.requirements import MOST
from deals.proofs import proofs_of
from deals.views.technical_wins import visible_deal
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show


def _next(row: Requirement) -> str:
    """Where to go when it is saved: a gap wants its name, custom work its scope."""
    if row.waits_for_name or row.waits_for_scope:
        return reverse("deals:name_gap" if row.waits_for_name else "deals:scope_requirement", args=[row.pk])
    return page_of(row.opportunity_id)


def page_of(pk: int) -> str:
    """The address of a deal's requirements."""
    return reverse("deals:requirements", args=[pk])


@require_safe
def requirements(request: HttpRequest, pk: int) -> HttpResponse:
    """What they want, by importance, with how far we cover it; whoever is in the lane writes the next at once."""
    found = visible_deal(request, pk, "se")
    rows = list(found.requirements.select_related("asked_by", "gap")[:MOST])
    may = request.user.has_perm("deals.work_technical", found)
    proofs = proofs_of(found)
    for row in rows:
        row.shown_by = proofs.get(row.pk, [])
    context = {
        "opportunity": found,
        "groups": groups_of(rows),
        "closed": [row for row in rows if row.gap and row.gap.is_closed],
        "may_technical": may,
        "quick": quick_form(found, rows) if may else None,
        "fits": FITS,
    }
    return render(request, "deals/requirements/requirements.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down the next one."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    form = RequirementForm(posted(request), opportunity=found)
    if request.method == "POST" and form.is_valid():
        return done(request, _next(actions.add_requirement(request.user, found, form.instance)))
    return form_response(
        request, form, title="Add a requirement", submit="Add", cancel_url=page_of(pk),
        intro="What the solution has to do, in the customer's words.",
    )  # fmt: skip


def visible_requirement(request: HttpRequest, pk: int) -> Requirement:
    """The requirement, or 404 where the person may not know of it, 403 where it is not theirs to change."""
    visible = Requirement.objects.visible_to(request.user).select_related("opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_technical", found.opportunity)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change everything about one."""
    found = visible_requirement(request, pk)
    page = page_of(found.opportunity_id)
    form = RequirementForm(posted(request), instance=found, opportunity=found.opportunity)
    return save_or_show(request, form, actions.edit_requirement, _next, title="Requirement", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def scope(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is built for them alone, and how long it takes: the proposal and the handoff carry it."""
    found = visible_requirement(request, pk)
    page = page_of(found.opportunity_id)
    form = ScopeForm(posted(request), instance=found)
    return save_or_show(
        request, form, actions.edit_requirement, f"{page}#r{pk}", title="Custom work", cancel_url=page,
        intro=f"“{found.text}”", message="The next proposal carries it in its statement of work.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def judge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how well we fit, from the row."""
    found = visible_requirement(request, pk)
    page = page_of(found.opportunity_id)
    form = FitForm(posted(request), instance=found)
    return save_or_show(
        request, form, lambda user, row, version: actions.judge_fit(user, row, form.cleaned_data["fit"], version),
        lambda saved: _next(saved) if saved.waits_for_name or saved.waits_for_scope else f"{page}#r{pk}",
        message="", title="How well we fit", cancel_url=page, intro=f"“{found.text}”",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Change places with its neighbour."""
    found = visible_requirement(request, pk)
    page, form = page_of(found.opportunity_id), MoveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.move_requirement(request.user, found, up=form.cleaned_data["to"] == "up")
        return done(request, f"{page}#r{pk}")
    return form_response(
        request, form, title="Move the requirement", submit="Move", cancel_url=page, intro=f"“{found.text}”"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """They do not want it any more."""
    found = visible_requirement(request, pk)
    page, form = page_of(found.opportunity_id), RemoveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.remove_requirement(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "Removed. The history keeps it.")
    return form_response(
        request, form, title="Remove the requirement", submit="Remove", tone="danger", cancel_url=page,
        intro=f"“{found.text}”",
    )  # fmt: skip
