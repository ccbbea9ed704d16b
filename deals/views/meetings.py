"""The page of a meeting, planning and changing it, and who comes."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import meetings as actions
from deals.forms.meetings import (
    CancelMeetingForm,
    ConfirmForm,
    MeetingForm,
    OurAttendeeForm,
    PlanForm,
    TheirAttendeeForm,
)
from deals.models import Attendee, HuddleItem, Meeting, MeetingKind, Opportunity, ReserveNote
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from qualification.models import Evidence

NOTES = 50
PEOPLE = ["opportunity__owner", "opportunity__se", "opportunity__company", "driver", "commercial_by", "notes_by"]


def visible_meeting(request: HttpRequest, pk: int, *related: str) -> Meeting:
    """The meeting with its state, or 404 where the person may not know of it."""
    visible = Meeting.objects.visible_to(request.user).with_state(timezone.now())
    return get_object_or_404(visible.select_related("opportunity", *related), pk=pk)


def _workable(request: HttpRequest, pk: int) -> Meeting:
    found = visible_meeting(request, pk)
    require(request.user, "deals.work_meetings", found.opportunity)
    return found


@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting: what for, who comes, what is not confirmed, the huddle and the debriefs."""
    found = visible_meeting(request, pk, *PEOPLE)
    people = list(found.attendees.select_related("user"))
    evidence = Prefetch("evidence", Evidence.objects.select_related("criterion"))
    debriefs = found.debriefs.visible_to(request.user).select_related("author").prefetch_related(evidence)
    debriefs = list(debriefs.order_by("written_at"))
    points = {point.item: point for point in found.huddle_points.select_related("by")}
    may_debrief = found.has_begun and not found.is_cancelled and request.user.has_perm("deals.write_debrief", found)
    context = {
        "meeting": found,
        "opportunity": found.opportunity,
        "ours": [person for person in people if person.user_id],
        "theirs": [person for person in people if not person.user_id],
        "points": [(value, label, points.get(value)) for value, label in HuddleItem.choices],
        "debriefs": debriefs,
        "own": next((debrief for debrief in debriefs if debrief.author_id == request.user.pk), None),
        "may_debrief": may_debrief,
        "may_record": request.user.has_perm("deals.work_meetings", found.opportunity),
        "reserve": _reserve(request, found),
        "partner_waits": found.ae_debrief or found.se_debrief,
    }
    return render(request, "deals/meetings/meeting.html", context)


def _reserve(request: HttpRequest, found: Meeting) -> list[ReserveNote]:
    """What the pair has in reserve for this meeting; nothing, and no question, for whoever may not read it."""
    if not request.user.has_perm("deals.read_reserve", found.opportunity):
        return []
    visible = found.opportunity.reserve_notes.visible_to(request.user)
    notes = list(visible.select_related("author", "decided_by").order_by("-written_at", "-pk")[:NOTES])
    for note in notes:
        note.opportunity = found.opportunity
    return notes


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan a meeting on a deal; `?kind=` chooses the kind beforehand."""
    opportunity = get_object_or_404(Opportunity.objects.visible_to(request.user), pk=pk)
    require(request.user, "deals.work_meetings", opportunity)
    kind = request.GET.get("kind")
    initial = {"kind": kind if kind in MeetingKind.values else MeetingKind.DISCOVERY}
    form = PlanForm(posted(request), user=request.user, opportunity=opportunity, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        planned = actions.plan_meeting(
            request.user, opportunity, form.instance, ours=data["ours"], theirs=data.get("theirs", ())
        )
        return done(request, planned.get_absolute_url(), "The meeting is planned.")
    return form_response(
        request, form, title="Plan a meeting", submit="Plan the meeting",
        cancel_url=f"{opportunity.get_absolute_url()}#meetings",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a meeting."""
    found = _workable(request, pk)
    page = found.get_absolute_url()
    form = MeetingForm(posted(request), instance=found, user=request.user, opportunity=found.opportunity)
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_meeting(request.user, form.instance, form.cleaned_data["version"])
            return done(request, page, "Saved.")
        except StaleEdit:
            form.show_conflict()
            status = 409
    return form_response(
        request, form, title="Change the meeting", submit="Save", cancel_url=page, status=status,
        intro="With a new time, everybody else is asked to confirm again.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a meeting off."""
    found = _workable(request, pk)
    form = CancelMeetingForm(posted(request))
    page = found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        actions.cancel_meeting(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "The meeting is cancelled.")
    return form_response(
        request, form, title="Cancel the meeting", submit="Cancel the meeting", tone="danger", cancel_url=page,
        intro="It stays on the deal as cancelled, and calendars that read it show so. We do not tell the customer.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def add_attendee(request: HttpRequest, pk: int) -> HttpResponse:
    """Add somebody who comes: one of theirs, or with `?side=ours` one of us."""
    found = _workable(request, pk)
    ours = request.GET.get("side") == "ours"
    kind = OurAttendeeForm if ours else TheirAttendeeForm
    form = kind(posted(request), user=request.user, opportunity=found.opportunity)
    page = f"{found.get_absolute_url()}#attendees"
    if request.method == "POST" and form.is_valid():
        form.instance.name = form.cleaned_data.get("name", "")
        form.instance.job_title = form.cleaned_data.get("job_title", "")
        added = actions.add_attendee(request.user, found, form.instance)
        return done(request, page, f"{added} comes.")
    title = "Add one of us" if ours else "Add one of theirs"
    return form_response(request, form, title=title, submit="Add", cancel_url=page)


def _attendee(request: HttpRequest, pk: int) -> Attendee:
    visible = Attendee.objects.visible_to(request.user).select_related("meeting__opportunity", "user")
    return get_object_or_404(visible, pk=pk)


@require_POST
def confirm_attendee(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody has confirmed, or take that back."""
    found = _attendee(request, pk)
    form = ConfirmForm(request.POST)
    confirmed = form.is_valid() and form.cleaned_data["confirmed"]
    actions.confirm_attendee(request.user, found, confirmed=confirmed)
    return done(request, f"{found.meeting.get_absolute_url()}#attendees")


@require_POST
def remove_attendee(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody does not come."""
    found = _attendee(request, pk)
    actions.remove_attendee(request.user, found)
    return done(request, f"{found.meeting.get_absolute_url()}#attendees", f"{found} does not come.")
