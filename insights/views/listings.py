"""The rows behind a figure that are no deals, as a page and as CSV."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.filters import Filters, Quarterly, Yearly
from insights.listings import AT_ONCE, KINDS, Kind, behind, in_words
from insights.views.movement import page_number
from people.exports import export
from people.permissions import require

FILTERS = {"meetings": Filters, "calls": Quarterly}
"""Meetings are counted without a period, too, and calls are for quarters; everything else is of a year."""


def _asked(request: HttpRequest, what: str) -> tuple[Kind, Filters]:
    require(request.user, "insights.see_figures")
    if what not in KINDS:
        raise Http404
    return KINDS[what], FILTERS.get(what, Yearly)(request.user, request.GET)


def _whose(filters: Filters, data: Mapping[str, str]) -> str:
    """The people whose rows alone are listed, by name."""
    asked = {data[name] for name in ("owner", "se", "by", "author", "person") if name in data}
    return " and ".join(person.name for person in filters.people if str(person.pk) in asked) if asked else ""


@require_safe
def listing(request: HttpRequest, what: str) -> HttpResponse:
    """The rows, the newest first, with how many there are, which is the figure."""
    kind, filters = _asked(request, what)
    number = page_number(request.GET.get("page", ""))
    found, count = behind(kind, filters, request.GET, (number - 1) * AT_ONCE, AT_ONCE)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "kind": kind,
        "filters": filters,
        "rows": [
            (row[:3] if kind.of_deals else (), zip(kind.columns, in_words(kind, row), strict=True)) for row in found
        ],
        "count": count,
        "whose": _whose(filters, request.GET),
        "number": number,
        "following": number + 1 if number * AT_ONCE < count else None,
        "query": query.urlencode(),
        "what": what,
    }
    return render(request, "insights/listings/listing.html", context)


@require_safe
def export_listing(request: HttpRequest, what: str) -> StreamingHttpResponse:
    """The same as CSV."""
    kind, filters = _asked(request, what)
    found, _ = behind(kind, filters, request.GET)
    header = [*(["Deal", "Company"] if kind.of_deals else []), *(column.heading for column in kind.columns)]
    lines = ([*(row[1:3] if kind.of_deals else ()), *in_words(kind, row)] for row in found)
    return export(request, kind.title.lower(), header, lines)
