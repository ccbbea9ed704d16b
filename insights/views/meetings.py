"""The manager's page on meetings: how often there was a huddle before and both debriefs after."""

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.filters import Filters
from insights.queries.meetings import habits
from people.permissions import require
from presales.fields import FIRST_DAY

FIRST = datetime.datetime.combine(FIRST_DAY, datetime.time(), datetime.UTC)
"""Before any meeting."""


@require_safe
def meetings(request: HttpRequest) -> HttpResponse:
    """Huddle and debrief rates of the meetings held, in the period if one is asked for."""
    require(request.user, "insights.see_meetings")
    filters = Filters(request.user, request.GET)
    since, until = FIRST, filters.now
    if filters.period:
        since, until = filters.moments(filters.period)
    context = {
        "filters": filters,
        **habits(filters, since, until),
    }
    return render(request, "insights/meetings/meetings.html", context)
