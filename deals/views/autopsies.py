"""The autopsy of a lost deal: its page, the own view, the lesson, and the list of what was learned."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import autopsies as actions
from deals.forms.autopsies import AutopsyFilter, AutopsyViewForm, LessonForm
from deals.models import Autopsy, AutopsyView, Outcome
from deals.views.technical_wins import visible_deal
from people.models import User
from people.permissions import require
from presales.errors import Conflict
from presales.forms import posted, save_or_show
from presales.history import Entry, changes_of
from presales.paging import Sort, capped_count, paginate
from presales.text import squeeze

MOST = 20
NEWEST = Sort("closed_on", descending=True)


def _page_of(opportunity_id: int) -> str:
    return reverse("deals:autopsy", args=[opportunity_id])


@require_safe
def autopsies(request: HttpRequest) -> HttpResponse:
    """What was lost and what was learned, the latest first."""
    asked = AutopsyFilter(request.GET)
    asked.is_valid()
    chosen = getattr(asked, "cleaned_data", {})
    every = Autopsy.objects.visible_to(request.user)
    found = every
    if chosen.get("state") == "owed":
        found = found.owed()
    elif chosen.get("state") == "agreed":
        found = found.exclude(agreed_at=None)
    if chosen.get("reason"):
        found = found.filter(lost_reason=chosen["reason"])
    words = squeeze(chosen.get("q") or "")
    if words:
        found = found.filter(
            Q(lesson__icontains=words) | Q(lost_to__icontains=words) | Q(opportunity__name__icontains=words)
        )
    rows = found.select_related("opportunity__owner", "opportunity__se", "opportunity__company")
    count, more = capped_count(every.owed())
    context = {
        "page": paginate(rows, NEWEST, request.GET.get("cursor", "")),
        "form": asked, "chosen": chosen, "owed": count, "more_owed": more,
        "is_filtered": any(chosen.values()),
    }  # fmt: skip
    return render(request, "deals/autopsies/list.html", context)


@require_safe
def autopsy(request: HttpRequest, pk: int) -> HttpResponse:
    """The autopsies of a deal's closings: who has written, what may be read of it, and the lesson."""
    found = visible_deal(request, pk, "owner", "se")
    every = list(found.autopsies.select_related("agreed_by")[:MOST])
    readable = AutopsyView.objects.visible_to(request.user).filter(autopsy__in=every)
    views = list(readable.select_related("author").prefetch_related("wrong_evidence__criterion"))
    written = set(AutopsyView.objects.filter(autopsy__in=every).values_list("autopsy", "lane"))
    for one in every:
        one.opportunity = found
        one.readable = [view for view in views if view.autopsy_id == one.pk]
    current = next((one for one in every if not one.is_record), None)
    lanes = {lane for key, lane in written if current and key == current.pk}
    own_lane = actions.lane_of(request.user, found)
    waiting = actions.still_to_write(found, lanes) if found.outcome == Outcome.LOST else []
    context = {
        "opportunity": found,
        "autopsy": current,
        "earlier": [one for one in every if one.is_record],
        "waiting": waiting,
        "hidden": len(lanes) - len(current.readable) if current else 0,
        "own": next((view for view in current.readable if view.author_id == request.user.pk), None)
        if current
        else None,
        "lane_is_free": bool(own_lane) and own_lane not in lanes,
        "may_close": not waiting or request.user.has_perm("deals.close_autopsy", found),
        "entries": _story(current) if current else [],
    }
    return render(request, "deals/autopsies/of_deal.html", context)


TOLD = {
    "move_stage": "closed the deal as lost", "close": "closed the deal as lost",
    "agree_lesson": "wrote down the lesson", "reopen": "opened the deal again",
}  # fmt: skip
IMPLIED = {"agreed_by", "agreed_at", "closed_on", "reopened_at"}


def _story(autopsy: Autopsy) -> list[Entry]:
    """What happened to it, in words; what only repeats who did it and when is left out."""
    entries = changes_of(autopsy, limit=20)
    for entry in entries:
        entry.title = TOLD.get(entry.action, entry.title)
        entry.changes = [change for change in entry.changes if change.field not in IMPLIED]
    return entries


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write or change the own view."""
    found = visible_deal(request, pk, "owner", "se")
    require(request.user, "deals.write_autopsy", found)
    if found.outcome != Outcome.LOST:
        raise Conflict("The deal is not lost.")
    own = AutopsyView.objects.filter(autopsy__in=found.autopsies.current(), author=request.user).first()
    initial = {"wrong_evidence": own.wrong_evidence.all()} if own else {}
    form = AutopsyViewForm(posted(request), instance=own, initial=initial, opportunity=found)

    def act(user: User, view: AutopsyView, version: int | None) -> None:
        actions.write_view(user, found, view, form.cleaned_data["wrong_evidence"], version)

    return save_or_show(
        request, form, act, _page_of(pk), message="Your view is written.", title="Looking back", submit="Save my view",
        intro="Alone first: two that agree before they have thought have one view between them.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what both take from it."""
    visible = Autopsy.objects.visible_to(request.user).select_related("opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.agree_lesson", found.opportunity)
    form = LessonForm(posted(request), instance=found)

    def act(user: User, autopsy: Autopsy, version: int) -> None:
        actions.agree_lesson(user, autopsy, form.cleaned_data["lesson"], version)

    return save_or_show(
        request, form, act, _page_of(found.opportunity_id), title="The lesson", submit="Agree on it",
        message="Agreed. Whoever loses to the same reason finds it.",
        intro="What the two of you take from it, in words that somebody else can use.",
    )  # fmt: skip
