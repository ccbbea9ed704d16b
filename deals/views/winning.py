"""The page of the learned win probability."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from deals.actions import winning as actions
from deals.forms.winning import WinFieldsForm
from deals.models import WinModel
from deals.winning.fields import RECORDED_AFTER
from deals.winning.versions import LEARNER
from people.permissions import require
from presales.learning.page import Words
from presales.learning.screen import Screen

SCREEN = Screen(
    learner=LEARNER,
    words=Words("deal", "deals", "won", "win", "wins"),
    form=WinFieldsForm,
    texts="deals/winning/page.html",
    urls={
        "show": "deals:winning",
        "progress": "deals:winning_progress",
        "train": "deals:train_winning",
        "fields": "deals:winning_fields",
        "release": "deals:release_winning",
        "use": "deals:use_winning",
    },
    may_change="deals.change_winning",
    recorded_after=RECORDED_AFTER,
)


@require_safe
def winning(request: HttpRequest) -> HttpResponse:
    """State, worth, fields, warnings, drift and versions of what was learned."""
    require(request.user, "deals.view_winning")
    return SCREEN.show(request)


@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Whether a training is under way."""
    require(request.user, "deals.view_winning")
    return SCREEN.progress(request)


@require_POST
def train(request: HttpRequest) -> HttpResponse:
    """Train now."""
    actions.train_now(request.user)
    return SCREEN.back(request, "A training is on its way. This page shows what came of it.")


@require_POST
def fields(request: HttpRequest) -> HttpResponse:
    """Save which fields to learn from."""
    require(request.user, "deals.change_winning")
    return SCREEN.save_fields(request, actions.choose_fields)


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a kept version into use."""
    require(request.user, "deals.change_winning")
    version = get_object_or_404(WinModel, pk=pk)
    actions.use_version(request.user, version)
    return SCREEN.back(
        request, f"Version {version.pk} is in use. Every probability by evidence is being computed anew."
    )


@require_POST
def release(request: HttpRequest) -> HttpResponse:
    """Let trainings replace the version in use again."""
    actions.release(request.user)
    return SCREEN.back(request, "Trainings may replace the version again; one is on its way.")
