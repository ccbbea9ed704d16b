"""Dashboards: the list, one of them, its cards as fragments, and putting one together."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from insights.dashboards import FILTERS, fill, places, screens_of, starter
from insights.filters import Filters
from insights.forms.dashboards import DashboardForm
from people.actions import dashboards as actions
from people.models import Dashboard
from people.models.dashboards import MOST_CARDS
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, posted
from presales.history import changes_of

SHOWN = 200


def _dashboard(request: HttpRequest, pk: int) -> Dashboard:
    rows = Dashboard.objects.visible_to(request.user).select_related("owner")
    return get_object_or_404(rows, pk=pk)


def _data(request: HttpRequest, found: Dashboard) -> Mapping[str, str]:
    """The filters asked for in the address; where it names none, the dashboard's own."""
    if any(name in request.GET for name in FILTERS):
        return {name: request.GET[name] for name in FILTERS if name in request.GET}
    return found.filters()


@require_safe
def dashboards(request: HttpRequest) -> HttpResponse:
    """The own dashboards, and those that others share."""
    rows = list(Dashboard.objects.visible_to(request.user).select_related("owner")[:SHOWN])
    context = {
        "own": [one for one in rows if one.owner_id == request.user.pk],
        "shared": [one for one in rows if one.owner_id != request.user.pk],
        "starter": starter(request.user),
    }
    return render(request, "insights/dashboards/list.html", context)


def _page(request: HttpRequest, found: Dashboard, part: str) -> HttpResponse:
    """The page of a dashboard. Its cards are loaded afterwards, screen by screen; `?at_once` is for scripts off."""
    data = _data(request, found)
    filters = Filters(request.user, data)
    cards = places(found, request.user)
    at_once = "at_once" in request.GET
    for screen in screens_of(cards) if at_once else ():
        fill(cards, screen, request.user, data)
    query = urlencode(data)
    context = {
        "dashboard": found,
        "places": cards,
        "filters": filters,
        "query": query,
        "loaders": [] if at_once else [f"{reverse(part, args=_args(found, one))}?{query}" for one in screens_of(cards)],
        "filled": at_once,
        "may_edit": found.pk is not None and request.user.has_perm("people.edit_dashboard", found),
    }
    return render(request, "insights/dashboards/dashboard.html", context)


def _args(found: Dashboard, screen: str) -> list[object]:
    return [screen] if found.pk is None else [found.pk, screen]


def _part(request: HttpRequest, found: Dashboard, screen: str) -> HttpResponse:
    """The cards of one screen, each to be put into its place."""
    cards = places(found, request.user)
    if screen not in screens_of(cards):
        raise Http404
    filled = fill(cards, screen, request.user, _data(request, found))
    return render(request, "insights/dashboards/_part.html", {"places": filled, "filled": True})


@require_safe
def dashboard(request: HttpRequest, pk: int) -> HttpResponse:
    """One dashboard."""
    return _page(request, _dashboard(request, pk), "insights:dashboard_part")


@require_safe
def part(request: HttpRequest, pk: int, screen: str) -> HttpResponse:
    """Its cards of one screen, as a fragment."""
    return _part(request, _dashboard(request, pk), screen)


@require_safe
def starting(request: HttpRequest) -> HttpResponse:
    """What the role begins with."""
    return _page(request, starter(request.user), "insights:starter_part")


@require_safe
def starting_part(request: HttpRequest, screen: str) -> HttpResponse:
    """Its cards of one screen, as a fragment."""
    return _part(request, starter(request.user), screen)


@require_POST
def keep_starter(request: HttpRequest) -> HttpResponse:
    """Keep what the role begins with, to change it."""
    made = actions.copy_dashboard(request.user, starter(request.user))
    return done(request, reverse("insights:edit_dashboard", args=[made.pk]), "It is yours now.")


@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A copy of one's own."""
    made = actions.copy_dashboard(request.user, _dashboard(request, pk))
    return done(request, reverse("insights:edit_dashboard", args=[made.pk]), "This is your copy.")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it."""
    actions.remove_dashboard(request.user, _dashboard(request, pk))
    return done(request, reverse("insights:dashboards"), "Removed.")


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new one."""
    found = Dashboard(owner=request.user)
    return _edit(request, found, DashboardForm(posted(request), instance=found, by=request.user))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, cards, filters, sharing."""
    found = _dashboard(request, pk)
    require(request.user, "people.edit_dashboard", found)
    return _edit(request, found, DashboardForm(posted(request), instance=found, by=request.user))


def _edit(request: HttpRequest, found: Dashboard, form: DashboardForm) -> HttpResponse:
    is_new, status, title = found.pk is None, 200, found.name
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        found.cards, found.with_teams = data["cards"], data["with_teams"]
        try:
            if is_new:
                actions.add_dashboard(request.user, found)
            else:
                actions.edit_dashboard(request.user, found, data["version"])
            return _saved(request, found, data["act"], is_new=is_new or bool(data["add"]))
        except StaleEdit:
            form.show_conflict()
            status = 409
    elif form.is_bound:
        status = 422
    context = {
        "form": form,
        "dashboard": found,
        "title": title,
        "places": places(_as_sent(form, found), request.user),
        "moved": request.GET.get("moved", ""),
        "most": MOST_CARDS,
    }
    return render(request, "insights/dashboards/edit.html", context, status=status)


def _as_sent(form: DashboardForm, found: Dashboard) -> Dashboard:
    """The dashboard with the cards that the form shows."""
    if form.is_bound:
        cards = form.data.getlist("cards") if hasattr(form.data, "getlist") else []
        return Dashboard(cards=[str(row)[:80] for row in cards[:MOST_CARDS]])
    return found


def _saved(request: HttpRequest, found: Dashboard, act: str, *, is_new: bool) -> HttpResponse:
    """On with arranging where a card was moved or added, else to the page."""
    edit_page = reverse("insights:edit_dashboard", args=[found.pk])
    what, _, place = act.partition(":")
    if act:
        step = {"up": -1, "down": 1}.get(what, 0)
        moved = f"{what}:{int(place) + step}" if place.isdigit() else ""
        # Without a fragment: browsers focus the button that was pressed only where the address names no place.
        return HttpResponseRedirect(f"{edit_page}?{urlencode({'moved': moved})}")
    if is_new:
        return HttpResponseRedirect(f"{edit_page}#cards")
    return done(request, found.get_absolute_url(), "Saved.")


@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Who changed it, when, and from what to what."""
    found = _dashboard(request, pk)
    context = {"dashboard": found, "entries": changes_of(found, limit=50)}
    return render(request, "insights/dashboards/history.html", context)
