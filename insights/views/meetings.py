"""The manager's page on meetings: how often there was a huddle before and both debriefs after."""

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
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
    filters = Filters(request.user, request.GET, looks_back=False)
    now = timezone.now()
    since, until = FIRST, now
    if filters.period:
        midnight = datetime.time(tzinfo=timezone.get_current_timezone())
        since = datetime.datetime.combine(filters.period.start, midnight)
        until = datetime.datetime.combine(filters.period.end + datetime.timedelta(days=1), midnight)
    context = {
        "filters": filters,
        **habits(filters.book(), now, since, until),
    }
    return render(request, "insights/meetings/meetings.html", context)
