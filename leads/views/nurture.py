"""Nurture tracks: the list, a track with its steps and results, and its part on a lead's page."""

import secrets

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.actions import nurture as actions
from leads.forms.nurture import CallForm, EnrolForm, StepForm, TrackForm
from leads.models import Company, Consent, EnrolmentState, Lead, NurtureStep, NurtureTouch, NurtureTrack, StepKind
from leads.nurture import results, words
from leads.nurture.enrol import would_join
from leads.views.leads import get_lead
from people.permissions import require
from presales.errors import Conflict, StaleEdit
from presales.forms import done, form_response, posted

NAV = "leads:nurture_tracks"
SHOWN = 50


def _track(request: HttpRequest, pk: int) -> NurtureTrack:
    return get_object_or_404(NurtureTrack.objects.visible_to(request.user).select_related("team"), pk=pk)


def _step(request: HttpRequest, pk: int) -> NurtureStep:
    tracks = NurtureTrack.objects.visible_to(request.user)
    return get_object_or_404(
        NurtureStep.objects.filter(track__in=tracks, is_active=True).select_related("track"), pk=pk
    )


def _page(track: NurtureTrack) -> str:
    return reverse("leads:nurture_track", args=[track.pk])


@require_safe
def tracks(request: HttpRequest) -> HttpResponse:
    """All tracks with what became of them."""
    require(request.user, "leads.change_nurture")
    found = list(NurtureTrack.objects.visible_to(request.user))
    figures = results.of_tracks([track.pk for track in found])
    rows = [(track, figures.get(track.pk, results.TrackResult())) for track in found]
    return render(request, "leads/nurture/list.html", {"nav": NAV, "rows": rows})


@require_safe
def track(request: HttpRequest, pk: int) -> HttpResponse:
    """A track: its rule, its steps, who is on it, and what came of it."""
    found = _track(request, pk)
    figures = results.of_steps(pk)
    steps = list(found.steps.filter(is_active=True))
    join = would_join(found)
    context = {
        "nav": NAV,
        "track": found,
        "steps": [(step, figures.get(step.pk, results.StepResult())) for step in steps],
        "result": results.of_tracks([pk]).get(pk, results.TrackResult()),
        "join": min(join, 1000),
        "join_more": join > 1000,
        "kinds": StepKind.choices,
        "people": list(found.enrolments.select_related("lead__company", "next_step")[:SHOWN]),
    }
    return render(request, "leads/nurture/track.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Make a track."""
    require(request.user, "leads.change_nurture")
    form = TrackForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_track(request.user, **form.cleaned_data)
            return done(request, _page(made), "The track is a draft. Add its steps, then start it.")
        except Conflict as refusal:
            form.add_error("name", refusal.message)
    return form_response(
        request, form, title="Make a nurture track", submit="Make track", cancel_url=reverse(NAV), context={"nav": NAV}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a track's name and rule."""
    found = _track(request, pk)
    page, title = _page(found), f"Edit {found.name}"
    form, status = TrackForm(posted(request), instance=found, user=request.user), None
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            actions.update_track(request.user, NurtureTrack(pk=pk), version=values.pop("version"), **values)
            return done(request, page, "Saved. Who is on the track stays on it.")
        except StaleEdit:
            form.show_conflict()
            status = 409
        except Conflict as refusal:
            form.add_error("name", refusal.message)
    return form_response(
        request, form, title=title, submit="Save", cancel_url=page, status=status, context={"nav": NAV}
    )


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a track run."""
    found = _track(request, pk)
    actions.set_track_state(request.user, found, state="running")
    return done(request, _page(found), "The track runs. Whom its rule finds joins within ten minutes.")


@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold a track."""
    found = _track(request, pk)
    actions.set_track_state(request.user, found, state="paused")
    return done(request, _page(found), "Paused. Nothing of it is sent until it goes on.")


# -- steps ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def add_step(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Add a step of one kind."""
    found = _track(request, pk)
    if kind not in StepKind.values:
        raise Http404
    form = StepForm(posted(request), kind=kind)
    if request.method == "POST" and form.is_valid():
        actions.add_step(request.user, found, kind=kind, **form.cleaned_data)
        return done(request, _page(found), "Added.")
    return form_response(
        request, form, title=f"Add a step: {StepKind(kind).label.lower()}", submit="Add step", cancel_url=_page(found),
        context={"nav": NAV},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a step; what was sent stays as it was."""
    step = _step(request, pk)
    page, title = _page(step.track), f"Edit {step}"
    form, status = StepForm(posted(request), instance=step, kind=step.kind), None
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            stored = NurtureStep(pk=pk, track=step.track)
            actions.update_step(request.user, stored, version=values.pop("version"), **values)
            return done(request, page, "Saved. What was sent stays as it was.")
        except StaleEdit:
            form.show_conflict()
            status = 409
    return form_response(
        request, form, title=title, submit="Save", cancel_url=page, status=status, context={"nav": NAV}
    )


@require_POST
def move_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Up or down by one place."""
    step = _step(request, pk)
    actions.move_step(request.user, step, up=request.POST.get("to") != "down")
    return done(request, _page(step.track))


@require_POST
def remove_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step off its track."""
    step = _step(request, pk)
    actions.remove_step(request.user, step)
    return done(request, _page(step.track), "Removed. What it sent stays in the results.")


def _example(request: HttpRequest, step: NurtureStep) -> Lead:
    """Somebody on the track, else anybody with a company, else a made-up person."""
    seen = Lead.objects.visible_to(request.user).unmerged().select_related("company", "owner").defer("search", "notes")
    return (
        seen.filter(nurture__track=step.track).order_by("pk").first()
        or seen.exclude(company=None).order_by("-pk").first()
        or Lead(name="Lena Ortiz", job_title="VP Data", company=Company(name="Acme"))
    )


@require_safe
def preview_step(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail of a step as one of its readers gets it."""
    step = _step(request, pk)
    example = _example(request, step)
    written = words.write(step, example, "preview") if step.is_mail else None
    context = {
        "nav": NAV, "step": step, "example": example, "written": written, "key": secrets.token_urlsafe(12),
    }  # fmt: skip
    template = "leads/nurture/_preview.html" if request.htmx else "leads/nurture/preview.html"
    return render(request, template, context)


@require_POST
def test_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail of a step to oneself."""
    step = _step(request, pk)
    key = request.POST.get("key", "")[:40] or secrets.token_urlsafe(12)
    actions.send_test(request.user, step, _example(request, step), key=key)
    return done(request, _page(step.track), f"On its way to {request.user.email}.")


# -- on a lead's page -------------------------------------------------------------------------------


@require_safe
def of_lead(request: HttpRequest, pk: int) -> HttpResponse:
    """On which track a lead is, what comes next, and the calls that wait."""
    lead = get_lead(request, pk)
    enrolment = lead.nurture.filter(state=EnrolmentState.RUNNING).select_related("track", "next_step").first()
    calls = NurtureTouch.objects.calls_to_make().filter(enrolment__lead=lead)
    may = request.user.has_perm("leads.change_lead", lead) and not lead.merged_into_id
    context = {
        "lead": lead,
        "enrolment": enrolment,
        "calls": list(calls.select_related("step", "enrolment__track")),
        "may": may,
        "may_record": request.user.has_perm("leads.record_engagement", lead),
        "offers": may
        and enrolment is None
        and lead.consent == Consent.GIVEN
        and NurtureTrack.objects.filter(state="running").exists(),
    }
    template = "leads/nurture/_lead.html" if request.htmx else "leads/nurture/lead.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a lead on a track by hand."""
    lead = get_lead(request, pk)
    require(request.user, "leads.change_lead", lead)
    form = EnrolForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.enrol_lead(request.user, lead, form.cleaned_data["track"])
        return done(request, lead.get_absolute_url(), f"{lead.name} is on the track.")
    return form_response(
        request, form, title=f"Nurture {lead.name}", submit="Put on the track", cancel_url=lead.get_absolute_url(),
        context={"nav": "leads:leads"},
    )  # fmt: skip


@require_POST
def take_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lead off its track."""
    lead = get_lead(request, pk)
    actions.take_off(request.user, lead)
    return done(request, lead.get_absolute_url(), f"{lead.name} gets no more of this track.")


@require_http_methods(["GET", "HEAD", "POST"])
def finish_call(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what came of a call."""
    touches = NurtureTouch.objects.filter(
        enrolment__lead__in=Lead.objects.visible_to(request.user), step__kind=StepKind.CALL
    )
    touch = get_object_or_404(touches.select_related("enrolment__lead", "step"), pk=pk)
    lead = touch.enrolment.lead
    require(request.user, "leads.record_engagement", lead)
    form = CallForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.finish_call(request.user, touch, **form.cleaned_data)
        return done(request, lead.get_absolute_url(), "Noted.")
    return form_response(
        request, form, title=f"Call {lead.name}", submit="Note it", cancel_url=lead.get_absolute_url(),
        intro=touch.step.body, context={"nav": "leads:leads"},
    )  # fmt: skip
