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
from deals.meeting_panel import meeting_panel
from deals.models import Attendee, HuddleItem, Meeting, MeetingKind, Opportunity, ReserveNote
from deals.models.meetings import Subject
from leads.models import Lead
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from qualification.models import Evidence

NOTES = 50
PEOPLE = ["opportunity__owner", "opportunity__se", "opportunity__company", "driver", "commercial_by", "notes_by"]
LEADS = "leads:leads"


def visible_meeting(request: HttpRequest, pk: int, *related: str) -> Meeting:
    """The meeting with its state, or 404 where the person may not know of it."""
    visible = Meeting.objects.visible_to(request.user).with_state(timezone.now()).with_subject()
    return get_object_or_404(visible.select_related("opportunity", "lead__company", *related), pk=pk)


def sees_subject(request: HttpRequest, meeting: Meeting) -> bool:
    """Whether the person sees the deal or lead too: who is only to attend a lead's meeting may not."""
    return bool(meeting.opportunity_id) or Lead.objects.visible_to(request.user).filter(pk=meeting.lead_id).exists()


def _workable(request: HttpRequest, pk: int) -> Meeting:
    found = visible_meeting(request, pk)
    require(request.user, "deals.change_meeting", found)
    return found


@require_safe
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting: what for, who comes, what is not confirmed, the huddle and the debriefs."""
    found = visible_meeting(request, pk, *PEOPLE)
    people = list(found.attendees.select_related("user"))
    may_change = request.user.has_perm("deals.change_meeting", found)
    knows = may_change or sees_subject(request, found)
    read = Evidence.objects.select_related("criterion")
    evidence = Prefetch("evidence", read if knows else read.none())
    debriefs = found.debriefs.visible_to(request.user).select_related("author").prefetch_related(evidence)
    debriefs = list(debriefs.order_by("written_at"))
    points = {point.item: point for point in found.huddle_points.select_related("by")}
    may_debrief = found.has_begun and not found.is_cancelled and request.user.has_perm("deals.write_debrief", found)
    context = {
        "meeting": found,
        "nav": LEADS if found.lead_id else None,
        "opportunity": found.opportunity,
        "knows": knows,
        "may_work": may_change,
        "may_prepare": may_change or request.user.has_perm("deals.prepare_meeting", found),
        "ours": [person for person in people if person.user_id],
        "theirs": [person for person in people if not person.user_id],
        "points": [(value, label, points.get(value)) for value, label in HuddleItem.choices],
        "debriefs": debriefs,
        "own": next((debrief for debrief in debriefs if debrief.author_id == request.user.pk), None),
        "may_debrief": may_debrief,
        "may_record": may_change,
        "reserve": _reserve(request, found),
        "partner_waits": found.ae_debrief or found.se_debrief,
    }
    return render(request, "deals/meetings/meeting.html", context)


def _reserve(request: HttpRequest, found: Meeting) -> list[ReserveNote]:
    """What the pair has in reserve for this meeting; nothing, and no question, for whoever may not read it."""
    if not found.opportunity_id or not request.user.has_perm("deals.read_reserve", found.opportunity):
        return []
    visible = found.opportunity.reserve_notes.visible_to(request.user)
    notes = list(visible.select_related("author", "decided_by").order_by("-written_at", "-pk")[:NOTES])
    for note in notes:
        note.opportunity = found.opportunity
    return notes


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan a meeting on a deal; `?kind=` chooses the kind beforehand."""
    return _plan(request, get_object_or_404(Opportunity.objects.visible_to(request.user), pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
def plan_on_lead(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan a meeting on a lead; `?kind=` chooses the kind beforehand."""
    return _plan(request, _lead(request, pk))


def _lead(request: HttpRequest, pk: int) -> Lead:
    leads = Lead.objects.visible_to(request.user).select_related("company").defer("search")
    return get_object_or_404(leads, pk=pk)


def _plan(request: HttpRequest, subject: Subject) -> HttpResponse:
    require(request.user, "deals.work_meetings", subject)
    kind = request.GET.get("kind")
    initial = {"kind": kind if kind in MeetingKind.values else MeetingKind.DISCOVERY}
    form = PlanForm(posted(request), user=request.user, subject=subject, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        theirs = [subject] if data.get("with_lead") else data.get("theirs", ())
        planned = actions.plan_meeting(request.user, subject, form.instance, ours=data["ours"], theirs=theirs)
        return done(request, planned.get_absolute_url(), "The meeting is planned.")
    return form_response(
        request, form, title="Plan a meeting", submit="Plan the meeting",
        cancel_url=f"{subject.get_absolute_url()}#meetings",
    )  # fmt: skip


@require_safe
def of_lead(request: HttpRequest, pk: int) -> HttpResponse:
    """The meetings of a lead, as a fragment of its page or a page of its own."""
    found = _lead(request, pk)
    context = {"nav": LEADS, "lead": found, "meetings": meeting_panel(found)}
    template = "deals/meetings/_of_lead.html" if request.htmx else "deals/meetings/of_lead.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a meeting."""
    found = _workable(request, pk)
    page = found.get_absolute_url()
    form = MeetingForm(posted(request), instance=found, user=request.user, subject=found.subject)
    return save_or_show(
        request, form, actions.edit_meeting, page, title="Change the meeting",
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
    form = kind(posted(request), user=request.user, subject=found.subject)
    page = f"{found.get_absolute_url()}#attendees"
    if request.method == "POST" and form.is_valid():
        form.instance.name = form.cleaned_data.get("name", "")
        form.instance.job_title = form.cleaned_data.get("job_title", "")
        added = actions.add_attendee(request.user, found, form.instance)
        return done(request, page, f"{added} comes.")
    title = "Add one of us" if ours else "Add one of theirs"
    return form_response(request, form, title=title, submit="Add", cancel_url=page)


def _attendee(request: HttpRequest, pk: int) -> Attendee:
    visible = Attendee.objects.visible_to(request.user).select_related("meeting__opportunity", "meeting__lead", "user")
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
