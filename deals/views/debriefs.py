"""The huddle of a meeting, and the debriefs that AE and SE write each alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from deals.actions import debriefs as actions
from deals.forms.debriefs import DebriefForm, FoundForm, HuddleForm
from deals.models import Debrief, HuddleItem, Meeting
from deals.views.meetings import visible_meeting
from people.permissions import require
from presales.errors import NotAllowed
from presales.forms import done, form_response, posted, save_or_show
from qualification.lanes import lanes_of

TEMPLATE = "deals/debriefs/_form.html"
SUBJECTS = ["opportunity__dossier__framework", "lead__dossier__framework"]


@require_http_methods(["GET", "HEAD", "POST"])
def huddle(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick one point of the huddle, or take it back."""
    found = visible_meeting(request, pk)
    require(request.user, "deals.prepare_meeting", found)
    item = request.GET.get("item")
    form = HuddleForm(posted(request), initial={"item": item if item in HuddleItem.values else HuddleItem.PROSPECT})
    page = f"{found.get_absolute_url()}#huddle"
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if data["undo"]:
            actions.untick_huddle(request.user, found, data["item"])
        else:
            actions.tick_huddle(request.user, found, data["item"], note=data["note"])
        return done(request, page)
    return form_response(request, form, title="Huddle", submit="Save", cancel_url=page)


def _found_form(request: HttpRequest, meeting: Meeting, optional: bool) -> FoundForm | None:
    """The form for evidence, for those who record it on this deal or lead."""
    dossier = meeting.subject.dossier
    lanes = lanes_of(request.user, dossier) if dossier else set()
    return FoundForm(posted(request), dossier=dossier, lanes=lanes, optional=optional) if lanes else None


@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the own debrief, with the evidence that the meeting brought up."""
    meeting = visible_meeting(request, pk, *SUBJECTS)
    require(request.user, "deals.write_debrief", meeting)
    form, evidence = DebriefForm(posted(request)), _found_form(request, meeting, optional=True)
    page = f"{meeting.get_absolute_url()}#debriefs"
    if request.method == "POST" and form.is_valid() & (evidence is None or evidence.is_valid()):
        found = evidence.found() if evidence else None
        actions.write_debrief(request.user, meeting, form.instance, found)
        message = f"Written; {found.criterion.name} is in the dossier." if found else "Your debrief is written."
        return done(request, page, message)
    wrong = bool(form.errors or (evidence and evidence.errors))
    return form_response(
        request, form, title="Your debrief", submit="Save the debrief", cancel_url=page, template=TEMPLATE,
        context={"evidence_form": evidence}, status=422 if wrong else None,
    )  # fmt: skip


def _own(request: HttpRequest, pk: int) -> Debrief:
    """The debrief; somebody else's that may be read is refused, one that may not be read does not exist."""
    related = [f"meeting__{subject}" for subject in SUBJECTS]
    visible = Debrief.objects.visible_to(request.user).select_related(*related)
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.edit_debrief", found)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the own debrief."""
    found = _own(request, pk)
    form = DebriefForm(posted(request), instance=found)
    page = f"{found.meeting.get_absolute_url()}#debriefs"
    return save_or_show(request, form, actions.edit_debrief, page, title="Your debrief")


@require_http_methods(["GET", "HEAD", "POST"])
def add_evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one more thing that the meeting brought up into the dossier."""
    found = _own(request, pk)
    dossier = found.meeting.subject.dossier
    lanes = lanes_of(request.user, dossier) if dossier else set()
    if not lanes:
        raise NotAllowed("Evidence is recorded by those who work on the deal or lead.")
    form = FoundForm(posted(request), dossier=dossier, lanes=lanes)
    page = f"{found.meeting.get_absolute_url()}#debriefs"
    if request.method == "POST" and form.is_valid():
        entry = actions.add_evidence(request.user, found, form.found())
        return done(request, page, f"{entry.criterion.name} is in the dossier.")
    return form_response(
        request, form, title="Evidence from this meeting", submit="Put it into the dossier", cancel_url=page
    )
