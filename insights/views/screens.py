"""Every screen of figures that is cards, tables and charts: its page, and each of its tables as CSV."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.screens.entries import SCREENS
from insights.screens.parts import Screen
from people.exports import export
from people.permissions import require


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
