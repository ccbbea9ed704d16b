"""The page of the learned conversion probability."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from leads.actions import conversion as actions
from leads.conversion import page, versions
from leads.conversion.fields import RECORDED_AFTER, all_known
from leads.forms.conversion import LearnedFieldsForm
from leads.models import ConversionModel, ConversionSettings
from people.permissions import require
from presales.forms import done

NAV = "leads:conversion"


@require_safe
def conversion(request: HttpRequest) -> HttpResponse:
    """State, worth, fields, warnings, drift and versions of what was learned."""
    require(request.user, "leads.view_conversion")
    return _page(request)


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Whether a training is under way; asks again by itself, and has the page loaded anew once it is done."""
    require(request.user, "leads.view_conversion")
    row = ConversionSettings.row()
    is_due = versions.is_due(row)
    response = render(request, "leads/conversion/_progress.html", {"settings": row, "is_due": is_due})
    if not is_due and request.htmx:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def train(request: HttpRequest) -> HttpResponse:
    """Train now."""
    actions.train_now(request.user)
    return done(request, reverse(NAV), "A training is on its way. This page shows what came of it.")


@require_POST
def fields(request: HttpRequest) -> HttpResponse:
    """Save which fields to learn from."""
    require(request.user, "leads.change_conversion")
    form = LearnedFieldsForm(request.POST, keys=list(all_known()))
    if not form.is_valid():
        return _page(request, form, status=422)
    data = form.cleaned_data
    actions.choose_fields(
        request.user, version=data["version"], used=set(data["used"]), leaks=set(data["leaks"]),
        horizon_days=data["horizon_days"],
    )  # fmt: skip
    return done(request, reverse(NAV), "Saved. A training with these fields is on its way.")


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a kept version into use."""
    require(request.user, "leads.change_conversion")
    version = get_object_or_404(ConversionModel, pk=pk)
    actions.use_version(request.user, version)
    return done(request, reverse(NAV), f"Version {version.pk} is in use. Every lead is being rescored.")


@require_POST
def release(request: HttpRequest) -> HttpResponse:
    """Let trainings replace the version in use again."""
    actions.release(request.user)
    return done(request, reverse(NAV), "Trainings may replace the version again; one is on its way.")


def _page(request: HttpRequest, form: LearnedFieldsForm | None = None, status: int = 200) -> HttpResponse:
    shown = page.load()
    form = form or LearnedFieldsForm(instance=shown.settings, keys=[], initial={"version": shown.settings.version})
    context = {
        "nav": NAV,
        "page": shown,
        "form": form,
        "recorded_after": RECORDED_AFTER,
        "may_change": request.user.has_perm("leads.change_conversion"),
    }
    return render(request, "leads/conversion/page.html", context, status=status)
