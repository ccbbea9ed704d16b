"""Moving deals between stages, and the admin's editor of the stages themselves."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import pipelines
from deals.actions.stages import move_stage, reopen
from deals.forms.opportunities import MoveForm, ReopenForm
from deals.gates import missing_for
from deals.models import Pipeline, Stage
from deals.views.opportunities import visible_opportunity
from people.permissions import require
from presales.forms import done, form_response, posted


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a deal to another stage; what is missing stands above the form."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.move_stage", found)
    may_override = request.user.has_perm("deals.override_gate", found)
    form = MoveForm(posted(request), opportunity=found, may_override=may_override)
    if request.method == "POST" and form.is_valid():
        move_stage(request.user, found, **form.cleaned_data)
        return done(request, found.get_absolute_url(), f"Moved to {form.cleaned_data['stage']}.")
    following = found.pipeline.stages.filter(order__gt=found.stage.order).order_by("order").first()
    if following and not form.is_bound:
        form.initial["stage"] = following.pk
    return form_response(
        request, form, title=f"Move {found.name}", submit="Move", cancel_url=found.get_absolute_url(),
        context={"missing": missing_for(found, following) if following else [], "following": following},
        template="deals/opportunities/_move_form.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def open_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a closed deal again."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.move_stage", found)
    form = ReopenForm(posted(request), opportunity=found)
    if request.method == "POST" and form.is_valid():
        reopen(request.user, found, form.cleaned_data["stage"], reason=form.cleaned_data["reason"])
        return done(request, found.get_absolute_url(), "Open again.")
    return form_response(request, form, title="Open again", submit="Open again", cancel_url=found.get_absolute_url())


@require_safe
def stages(request: HttpRequest) -> HttpResponse:
    """The pipelines and their stages."""
    require(request.user, "deals.change_stages")
    return render(request, "deals/stages/list.html", {"pipelines": Pipeline.objects.prefetch_related("stages")})


class StageForm(forms.ModelForm):
    """A stage's figures."""

    probability = forms.IntegerField(min_value=0, max_value=100, label="Default probability (%)")
    rotting_days = forms.IntegerField(min_value=0, max_value=365, label="Rots after (days)")

    class Meta:
        model = Stage
        fields = ["name", "probability", "se_part", "rotting_days", "load_weight", "order"]


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a stage's name and figures."""
    require(request.user, "deals.change_stages")
    stage = get_object_or_404(Stage.objects.all(), pk=pk)
    form = StageForm(posted(request), instance=stage)
    page = reverse("deals:stages")
    if request.method == "POST" and form.is_valid():
        pipelines.save_stage(request.user, form.instance)
        return done(request, page, "Saved.")
    return form_response(request, form, title=f"Edit {stage}", submit="Save", cancel_url=page)
