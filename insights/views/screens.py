"""Every screen of figures that is cards, tables and charts: its page, and each of its tables as CSV."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.filters import Filters, OfLeads, Quarterly, Span, Yearly
from insights.screens import (
    forecast,
    funnel,
    goals,
    happy_ears,
    meetings,
    movement,
    pairings,
    se_team,
    velocity,
    win_loss,
)
from insights.screens.parts import Screen
from people.exports import export
from people.permissions import require


@dataclass(frozen=True)
class Entry:
    """How a screen comes about: from these filters, by this function, for those with this permission."""

    filters: type[Filters]
    build: Callable[[Filters], Screen]
    permission: str = "insights.see_figures"


SCREENS = {
    "movement": Entry(Span, movement.build),
    "forecast": Entry(Quarterly, forecast.build),
    "funnel": Entry(OfLeads, funnel.build, "insights.see_funnel"),
    "velocity": Entry(Yearly, velocity.build),
    "se_team": Entry(Yearly, se_team.build),
    "win_loss": Entry(Yearly, win_loss.build),
    "happy_ears": Entry(Yearly, happy_ears.build),
    "pairings": Entry(Yearly, pairings.build),
    "meetings": Entry(Filters, meetings.build, "insights.see_meetings"),
    "goals": Entry(Quarterly, goals.build),
}


def built(request: HttpRequest, slug: str) -> Screen:
    """The screen of that name for whoever asks, with the filters of the address."""
    entry = SCREENS[slug]
    require(request.user, entry.permission)
    return entry.build(entry.filters(request.user, request.GET))


@require_safe
def screen(request: HttpRequest, slug: str) -> HttpResponse:
    """The page."""
    found = built(request, slug)
    context = {"page": found, "filters": found.filters, "query": request.GET.urlencode()}
    return render(request, "insights/screens/screen.html", context)


@require_safe
def export_table(request: HttpRequest, slug: str, table: str) -> StreamingHttpResponse:
    """One table of the page as CSV, with the page's filters."""
    found = built(request, slug).table(table)
    if found is None:
        raise Http404
    return export(request, f"{slug} {found.slug}", found.header(), found.lines())
