"""Meetings for calendars: one as a file, and the own ones under a signed address that a calendar reads by itself."""

import datetime

from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deals.actions.calendar_feeds import renew_calendar_address
from deals.calendar_address import owner_of
from deals.ical import calendar
from deals.models import Meeting
from presales.forms import done
from presales.responses import error_page
from presales.throttle import network_of, too_many

HOUR = 3600
PER_NETWORK, PER_PERSON = 1200, 120
"""Requests an hour: a whole office behind one address, and somebody's few devices."""
LOOKING_BACK = datetime.timedelta(days=60)
MOST = 500


def _loaded(meetings: QuerySet) -> QuerySet:
    return meetings.with_subject().prefetch_related("attendees__user")


def _answer(meetings: list[Meeting], name: str) -> HttpResponse:
    response = HttpResponse(calendar(meetings, name), content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "no-store, private"
    return response


def _slow_down(request: HttpRequest) -> HttpResponse:
    response = error_page(request, 429)
    response["Retry-After"] = HOUR
    # Django writes the address of refused requests into the log; this one is a secret that goes on being valid.
    response._has_been_logged = True
    return response


@require_safe
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting as a file for the own calendar."""
    found = get_object_or_404(_loaded(Meeting.objects.visible_to(request.user)), pk=pk)
    response = _answer([found], found.get_kind_display())
    response["Content-Disposition"] = f'attachment; filename="meeting-{found.pk}.ics"'
    return response


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The meetings of the person whose address it is, from two months back; cancelled ones marked as such."""
    if too_many("calendar", network_of(request), PER_NETWORK, HOUR):
        return _slow_down(request)
    user = owner_of(token)
    if user is None:
        raise Http404
    if too_many("calendar-of", str(user.pk), PER_PERSON, HOUR):
        return _slow_down(request)
    own = Meeting.objects.visible_to(user).of_person(user).filter(ends_at__gt=timezone.now() - LOOKING_BACK)
    return _answer(list(_loaded(own).order_by("starts_at", "pk")[:MOST]), f"Meetings of {user}")


@require_POST
def renew(request: HttpRequest) -> HttpResponse:
    """Make the own address void and show a new one."""
    renew_calendar_address(request.user)
    return done(request, f"{reverse('people:account')}#calendar", "The old address shows nothing any more.")
