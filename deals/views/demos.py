"""Demos: those of a deal, the page of one with what was shown, and writing them down."""

from django.db.models import Count
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import demos as actions
from deals.forms.demos import OUTCOMES, DemoForm, DemoPartForm
from deals.forms.requirements import RemoveForm
from deals.models import Demo, DemoPart, Requirement
from deals.models.demos import MOST_PARTS
from deals.views.technical_wins import visible_deal
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of

SHOWN = 100
UNSHOWN = 12
PEOPLE = ("opportunity__company", "opportunity__technical_win", "opportunity__se", "meeting", "recorded_by")


def _demo(request: HttpRequest, pk: int) -> Demo:
    """The demo with its deal, or 404 where the person may not know of it."""
    return get_object_or_404(Demo.objects.visible_to(request.user).select_related(*PEOPLE), pk=pk)


@require_safe
def demos(request: HttpRequest, pk: int) -> HttpResponse:
    """What was shown on a deal, and which requirements nobody has shown yet."""
    found = visible_deal(request, pk, "se")
    rows = found.demos.select_related("meeting").annotate(shown=Count("parts"))
    unshown = Requirement.objects.filter(opportunity=found).exclude(demo_parts__demo__opportunity=found)
    context = {
        "opportunity": found,
        "demos": list(rows[:SHOWN]),
        "unshown": list(unshown[: UNSHOWN + 1]),
        "most": UNSHOWN,
        "may_technical": request.user.has_perm("deals.work_technical", found),
    }
    return render(request, "deals/demos/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a demo that was held; `?meeting=` says in which meeting."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    initial = {}
    asked = request.GET.get("meeting", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 19:
        meeting = found.meetings.taking_place().filter(pk=asked, starts_at__lte=timezone.now()).first()
        if meeting:
            initial = {
                "meeting": meeting,
                "held_on": timezone.localdate(meeting.starts_at),
                "title": meeting.objective[:200],
            }
    form = DemoForm(posted(request), opportunity=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        shown = form.cleaned_data.get("requirements") or []
        made = actions.add_demo(request.user, found, form.instance, shown)
        return done(request, made.get_absolute_url(), "Recorded. Now say what was shown.")
    return form_response(
        request, form, title="Record a demo", submit="Record", cancel_url=reverse("deals:demos", args=[pk])
    )


@require_safe
def demo(request: HttpRequest, pk: int) -> HttpResponse:
    """One demo: what was shown for which requirement, and what came of it."""
    found = _demo(request, pk)
    may = request.user.has_perm("deals.work_technical", found.opportunity)
    entries = changes_of(found, limit=20)
    for entry in entries:
        entry.title = {"add_demo": "recorded this demo"}.get(entry.action, "changed this demo")
    parts = list(found.parts.select_related("requirement", "item"))
    context = {
        "demo": found,
        "opportunity": found.opportunity,
        "parts": parts,
        "quick": DemoPartForm(demo=found, user=request.user) if may and len(parts) < MOST_PARTS else None,
        "outcomes": OUTCOMES,
        "may_technical": may,
        "entries": entries,
    }
    return render(request, "deals/demos/demo.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the facts of a demo."""
    found = _demo(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = DemoForm(posted(request), instance=found, opportunity=found.opportunity)
    page = found.get_absolute_url()
    return save_or_show(request, form, actions.edit_demo, page, title="Change the demo")


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """It was never held, or stands here twice."""
    found = _demo(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = RemoveForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.remove_demo(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, reverse("deals:demos", args=[found.opportunity_id]), "Removed. The history keeps it.")
    return form_response(
        request, form, title="Remove the demo", submit="Remove", tone="danger", cancel_url=found.get_absolute_url(),
        intro=f"“{found.title}” and what was shown in it.",
    )  # fmt: skip


# -- What was shown ---------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def add_part(request: HttpRequest, pk: int) -> HttpResponse:
    """One more thing that was shown."""
    found = _demo(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = DemoPartForm(posted(request), demo=found, user=request.user)
    if request.method == "POST" and form.is_valid():
        actions.add_part(request.user, found, form.instance)
        return done(request, found.get_absolute_url())
    return form_response(
        request, form, title="What was shown", submit="Add", cancel_url=found.get_absolute_url()
    )  # fmt: skip


def _part(request: HttpRequest, pk: int) -> DemoPart:
    """The part, or 404 where the person may not know of it, 403 where it is not theirs to change."""
    visible = DemoPart.objects.visible_to(request.user).select_related("demo__opportunity", "item", "requirement")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_technical", found.demo.opportunity)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def edit_part(request: HttpRequest, pk: int) -> HttpResponse:
    """Say for which requirement it was, from which item, and how it went down."""
    found = _part(request, pk)
    form = DemoPartForm(posted(request), instance=found, demo=found.demo, user=request.user)
    page = found.demo.get_absolute_url()
    return save_or_show(request, form, actions.edit_part, page, title="What was shown")


@require_http_methods(["GET", "HEAD", "POST"])
def remove_part(request: HttpRequest, pk: int) -> HttpResponse:
    """It was not shown."""
    found = _part(request, pk)
    page = found.demo.get_absolute_url()
    if request.method == "POST":
        actions.remove_part(request.user, found)
        return done(request, page, "Removed. The history keeps it.")
    return form_response(
        request, Form(posted(request)), title="Remove it", submit="Remove", tone="danger", cancel_url=page,
        intro=f"“{found.what}” was not shown.",
    )  # fmt: skip
