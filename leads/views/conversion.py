"""The page of the learned conversion probability."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from leads.actions import conversion as actions
from leads.conversion.fields import RECORDED_AFTER
from leads.conversion.versions import LEARNER
from leads.forms.conversion import LearnedFieldsForm
from leads.models import ConversionModel
from people.permissions import require
from presales.learning.page import Words
from presales.learning.screen import Screen

SCREEN = Screen(
    learner=LEARNER,
    words=Words("lead", "leads", "converted", "conversion", "conversions"),
    form=LearnedFieldsForm,
    texts="leads/conversion/page.html",
    urls={
        "show": "leads:conversion",
        "progress": "leads:conversion_progress",
        "train": "leads:train_conversion",
        "fields": "leads:conversion_fields",
        "release": "leads:release_conversion",
        "use": "leads:use_conversion",
    },
    may_change="leads.change_conversion",
    recorded_after=RECORDED_AFTER,
)


@require_safe
def conversion(request: HttpRequest) -> HttpResponse:
    """State, worth, fields, warnings, drift and versions of what was learned."""
    require(request.user, "leads.view_conversion")
    return SCREEN.show(request)


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Whether a training is under way."""
    require(request.user, "leads.view_conversion")
    return SCREEN.progress(request)


@require_POST
def train(request: HttpRequest) -> HttpResponse:
    """Train now."""
    actions.train_now(request.user)
    return SCREEN.back(request, "A training is on its way. This page shows what came of it.")


@require_POST
def fields(request: HttpRequest) -> HttpResponse:
    """Save which fields to learn from."""
    require(request.user, "leads.change_conversion")
    return SCREEN.save_fields(request, actions.choose_fields)


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a kept version into use."""
    require(request.user, "leads.change_conversion")
    version = get_object_or_404(ConversionModel, pk=pk)
    actions.use_version(request.user, version)
    return SCREEN.back(request, f"Version {version.pk} is in use. Every lead is being rescored.")


@require_POST
def release(request: HttpRequest) -> HttpResponse:
    """Let trainings replace the version in use again."""
    actions.release(request.user)
    return SCREEN.back(request, "Trainings may replace the version again; one is on its way.")
