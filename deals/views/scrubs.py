"""The pipeline scrub: one screen, one deal after the other, keep, fix or kill."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import scrubs as actions
from deals.actions.scrubs import KILLS
from deals.forms.scrubs import DecisionForm, FixForm, KeepForm, KillForm
from deals.models import Pairing, Scrub
from deals.scrubs import Step, walk
from deals.views.pairings import visible_pairing
from people.permissions import require
from presales.errors import Conflict
from presales.forms import done, form_response, posted


def _page(pairing: Pairing) -> str:
    return reverse("deals:scrub", args=[pairing.pk])


def _asked_for(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@require_safe
def scrub(request: HttpRequest, pk: int) -> HttpResponse:
    """The walk: the deal to decide on now (`?deal=` chooses one), and what is done and still to do."""
    found = visible_pairing(request, pk)
    require(request.user, "deals.work_pairing", found)
    steps = walk(found, request.user)
    asked = _asked_for(request.GET.get("deal", ""))
    finished = Scrub.objects.finished().filter(pairing=found).counted(request.user).order_by("-finished_at").first()
    just_done = (
        finished is not None
        and steps.scrub is None
        and timezone.localdate(finished.finished_at) == timezone.localdate()
    )
    step = None if just_done and asked is None else steps.step(asked)
    deal = step.deal if step else None
    context = {
        "pairing": found,
        "walk": steps,
        "step": step,
        "next_step": steps.after(step),
        "finished": finished,
        "just_done": just_done,
        "may_decide": deal and found.ended_on is None and request.user.has_perm("deals.scrub_deal", deal),
        "may_kill": deal and any(request.user.has_perm(permission, deal) for permission in KILLS.values()),
    }
    return render(request, "deals/scrubs/scrub.html", context)


def _decide(
    request: HttpRequest, pk: int, deal: int, form_class: type[DecisionForm], act: Callable, **shown: str
) -> HttpResponse:
    found = visible_pairing(request, pk)
    require(request.user, "deals.work_pairing", found)
    steps = walk(found, request.user)
    step: Step | None = steps.step(deal)
    if step is None:
        if any(decision.opportunity_id == deal for decision in steps.killed):
            raise Conflict("The deal was closed in the meantime.")
        raise Http404
    require(request.user, "deals.scrub_deal", step.deal)
    form = form_class(posted(request), user=request.user, step=step)
    if request.method == "POST" and form.is_valid():
        act(request.user, found, step.deal, **form.cleaned_data)
        return done(request, _page(found), f"{step.deal.name}: {shown['told']}")
    return form_response(
        request, form, title=f"{shown['title']} {step.deal.name}", submit=shown["submit"], cancel_url=_page(found),
        tone=shown.get("tone", "primary"), intro=shown.get("intro", ""),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, pk: int, deal: int) -> HttpResponse:
    """Keep a deal."""
    return _decide(request, pk, deal, KeepForm, actions.keep, title="Keep", submit="Keep", told="kept.")


@require_http_methods(["GET", "HEAD", "POST"])
def fix(request: HttpRequest, pk: int, deal: int) -> HttpResponse:
    """Fix a deal with a task."""
    return _decide(
        request, pk, deal, FixForm, actions.fix, title="Fix", submit="Set the task", told="to be fixed.",
        intro="One of you does one thing by a day. It stands here and on the pair's page until it is done.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def kill(request: HttpRequest, pk: int, deal: int) -> HttpResponse:
    """End a deal."""
    return _decide(
        request, pk, deal, KillForm, actions.kill, title="Kill", submit="End the deal", told="ended.", tone="danger",
        intro="It leaves the pipeline. That a deal is lost is the AE's to say, a technical no-go the SE's.",
    )  # fmt: skip


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """End the scrub here."""
    found = visible_pairing(request, pk)
    ended = actions.finish_scrub(request.user, found)
    left = f" {ended.left_open} left for next time." if ended and ended.left_open else ""
    return done(request, _page(found), f"Scrub finished.{left}")
