"""Moving deals between stages, and the admin's editor of the stages and what they want."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import criteria, pipelines
from deals.actions.stages import last_open_stage, move_stage, reopen
from deals.forms.opportunities import MoveForm, ReopenForm
from deals.forms.stages import AddCriterionForm, ChangeCriterionForm, StageForm
from deals.gates import GATES, missing_for
from deals.models import ExitCriterion, Pipeline, Stage
from deals.stage_history import label_of, stage_history
from deals.views.opportunities import visible_opportunity
from people.permissions import require
from presales.errors import GateRefused
from presales.forms import done, form_response, posted, save_or_show
from presales.responses import wants_json


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a deal to another stage; what is missing stands above the form."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.move_stage", found)
    may_override = request.user.has_perm("deals.override_gate", found)
    form = MoveForm(posted(request), opportunity=found, may_override=may_override)
    following = found.pipeline.stages.filter(order__gt=found.stage.order).order_by("order").first()
    missing, status = None, None
    if request.method == "POST" and form.is_valid():
        try:
            move_stage(request.user, found, **form.cleaned_data)
            return done(request, found.get_absolute_url(), f"Moved to {form.cleaned_data['stage']}.")
        except GateRefused as refused:
            if wants_json(request):
                raise
            missing, following, status = refused.missing, form.cleaned_data["stage"], 409
    if following and not form.is_bound:
        form.initial["stage"] = following.pk
    if missing is None:
        missing = missing_for(found, following) if following else []
    return form_response(
        request, form, title=f"Move {found.name}", submit="Move", cancel_url=found.get_absolute_url(), status=status,
        context={"missing": missing, "following": following}, template="deals/opportunities/_move_form.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def open_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed deal again."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.move_stage", found)
    may_override = request.user.has_perm("deals.override_gate", found)
    form = ReopenForm(
        posted(request), opportunity=found, may_override=may_override, initial={"stage": last_open_stage(found)}
    )
    if request.method == "POST" and form.is_valid():
        reopen(request.user, found, **form.cleaned_data)
        return done(request, found.get_absolute_url(), "Open again.")
    return form_response(request, form, title="Open again", submit="Open again", cancel_url=found.get_absolute_url())


@require_safe
def stages(request: HttpRequest) -> HttpResponse:
    """The pipelines and their stages."""
    require(request.user, "deals.change_stages")
    counted = (
        Stage.objects.annotate(overrides=Count("overrides_out")).order_by("order", "pk").prefetch_related("criteria")
    )
    pipelines_found = [
        (pipeline, [(stage, _wanted(stage)) for stage in counted if stage.pipeline_id == pipeline.pk])
        for pipeline in Pipeline.objects.all()
    ]
    return render(request, "deals/stages/list.html", {"pipelines": pipelines_found})


@require_safe
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """One stage: its figures, what it wants before a deal leaves it, and who changed what."""
    require(request.user, "deals.change_stages")
    found = get_object_or_404(Stage.objects.select_related("pipeline"), pk=pk)
    context = {
        "stage": found,
        "criteria": _wanted(found),
        "overrides": found.overrides_out.select_related("opportunity", "to_stage", "by")[:20],
        "overrides_count": found.overrides_out.count(),
        "entries": stage_history(found),
    }
    return render(request, "deals/stages/stage.html", context)


def _wanted(stage: Stage) -> list[dict[str, object]]:
    """The stage's exit criteria with what their gates are called; `gate` is None for one this version lacks."""
    return [
        {"criterion": found, "gate": GATES.get(found.gate), "label": label_of(found.gate)}
        for found in stage.criteria.all()
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a stage's name and figures."""
    require(request.user, "deals.change_stages")
    found = get_object_or_404(Stage.objects.all(), pk=pk)
    form = StageForm(posted(request), instance=found)
    page, title = reverse("deals:stage", args=[pk]), f"Edit {found}"
    return save_or_show(request, form, pipelines.save_stage, page, title=title)


@require_http_methods(["GET", "HEAD", "POST"])
def add_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """One more exit criterion."""
    require(request.user, "deals.change_stages")
    found = get_object_or_404(Stage.objects.all(), pk=pk)
    form = AddCriterionForm(posted(request), stage=found)
    page = reverse("deals:stage", args=[pk])
    if request.method == "POST" and form.is_valid():
        criteria.add_criterion(request.user, found, **form.cleaned_data)
        return done(request, page, "Added. It counts from now on.")
    return form_response(request, form, title=f"Before a deal leaves {found}", submit="Add", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def change_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an exit criterion required or advisory, or move it in the list."""
    require(request.user, "deals.change_stages")
    found = get_object_or_404(ExitCriterion.objects.all(), pk=pk)
    form = ChangeCriterionForm(posted(request), initial=ChangeCriterionForm.initial_of(found))
    page = reverse("deals:stage", args=[found.stage_id])
    if request.method == "POST" and form.is_valid():
        criteria.change_criterion(request.user, found, **form.cleaned_data)
        return done(request, page, "Saved. It counts from now on.")
    return form_response(request, form, title=label_of(found.gate), submit="Save", cancel_url=page)


@require_POST
def remove_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """The stage wants it no longer."""
    require(request.user, "deals.change_stages")
    found = get_object_or_404(ExitCriterion.objects.all(), pk=pk)
    criteria.remove_criterion(request.user, found)
    return done(request, reverse("deals:stage", args=[found.stage_id]), f"Removed “{label_of(found.gate)}”.")
