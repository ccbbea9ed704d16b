"""The week in five figures: a fragment of the manager's home, and a page of its own."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.filters import Quarterly
from insights.queries.book import other_currencies
from insights.queries.week import Figures, counted
from insights.week import ALL, AT_FIRST, told
from people.exports import export
from people.permissions import require

HEADER = ["Deal", "Where", "What happened", "Open", "Weighted", "Won", "Commit"]


@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """The figures against seven days ago and the deals that explain the differences, the largest first."""
    require(request.user, "insights.see_figures")
    filters = Quarterly(request.user, request.GET)
    context = {
        "week": told(filters, AT_FIRST if request.htmx else ALL),
        "filters": filters,
        "left_out": other_currencies(counted(filters, filters.book()), filters.day),
    }
    return render(request, "insights/week/_week.html" if request.htmx else "insights/week/week.html", context)


@require_safe
def export_week(request: HttpRequest) -> StreamingHttpResponse:
    """The deals that explain the differences as CSV, with the others and the sum."""
    require(request.user, "insights.see_figures")
    found = told(Quarterly(request.user, request.GET), ALL)

    def line(name: str, where: str, happened: str, by: Figures) -> list[object]:
        return [name, where, happened, by.open, by.weighted, by.won, by.commit]

    lines = [
        line(deal.name, deal.where, ", ".join(words for words, _ in deal.happened), deal.by) for deal in found.deals
    ]
    if found.others > 0:
        lines.append(line(f"{found.others} other deals", "", "", found.week.rest))
    lines.append(line("In all", "", "", found.week.by))
    return export(request, "week", HEADER, lines)
