"""The week in five figures: a fragment of the manager's home, and a page of its own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.filters import Quarterly
from insights.queries.book import other_currencies
from insights.queries.week import counted
from insights.week import ALL, AT_FIRST, told
from people.permissions import require


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
