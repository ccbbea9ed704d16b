"""Web forms: their pages for marketing, and the public ones that anybody may send."""

import json
import secrets

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.actions import capture as actions
from leads.forms.capture import CaptureFormForm, PublicForm
from leads.models import CaptureForm
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from presales.responses import error_page
from presales.text import BadText, clean
from presales.throttle import network_of, too_many

NAV = "leads:capture_forms"
# From one network: people share an address, programs send hundreds.
PER_NETWORK, PER_TOKEN, WINDOW_SECONDS = 20, 600, 600


# -- for marketing ------------------------------------------------------------------------------------


@require_safe
def capture_forms(request: HttpRequest) -> HttpResponse:
    """All web forms."""
    require(request.user, "leads.change_capture_forms")
    forms = CaptureForm.objects.visible_to(request.user).select_related("team")
    return render(request, "leads/capture/list.html", {"nav": NAV, "forms": forms})


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Make a web form."""
    require(request.user, "leads.change_capture_forms")
    form = CaptureFormForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        made = actions.add_capture_form(request.user, **form.cleaned_data)
        return done(request, reverse("leads:capture_form", args=[made.pk]), f"{made.name} is ready.")
    return form_response(
        request, form, title="Make a web form", submit="Make web form", cancel_url=reverse("leads:capture_forms"),
        context={"nav": NAV},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def capture_form(request: HttpRequest, pk: int) -> HttpResponse:
    """A web form: its settings, its address, and how programs post to it."""
    capture = get_object_or_404(CaptureForm.objects.visible_to(request.user), pk=pk)
    form = CaptureFormForm(posted(request), instance=capture, user=request.user)
    status, name = 200, capture.name
    if request.method == "POST":
        if form.is_valid():
            values = dict(form.cleaned_data)
            try:
                actions.update_capture_form(
                    request.user, CaptureForm(pk=capture.pk), version=values.pop("version"), **values
                )
            except StaleEdit:
                form.show_conflict()
                status = 409
            else:
                return done(request, request.path, "Saved.")
        else:
            status = 422
    context = {
        "nav": NAV, "capture": capture, "name": name, "form": form,
        "address": request.build_absolute_uri(reverse("leads:public_form", args=[capture.key])),
        "post_address": request.build_absolute_uri(reverse("leads:public_post", args=[capture.key])),
    }  # fmt: skip
    return render(request, "leads/capture/page.html", context, status=status)


@require_POST
def token(request: HttpRequest, pk: int) -> HttpResponse:
    """A new token for programs, shown once."""
    capture = get_object_or_404(CaptureForm.objects.visible_to(request.user), pk=pk)
    made = actions.renew_token(request.user, capture)
    context = {
        "nav": NAV, "capture": capture, "token": made,
        "post_address": request.build_absolute_uri(reverse("leads:public_post", args=[capture.key])),
    }  # fmt: skip
    return render(request, "leads/capture/token.html", context)


# -- for everybody ------------------------------------------------------------------------------------


def _active(key: str) -> CaptureForm:
    return get_object_or_404(CaptureForm, key=key, is_active=True)


def _take(capture: CaptureForm, form: PublicForm) -> None:
    values = dict(form.cleaned_data)
    del values["website"]
    if not form.is_trapped:
        actions.capture(None, capture, idempotency_key=values.pop("key"), **values)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def public(request: HttpRequest, key: str) -> HttpResponse:
    """The form that strangers fill in."""
    capture = _active(key)
    form = PublicForm(posted(request), capture=capture, initial={"key": secrets.token_urlsafe(12)})
    status = 200
    if request.method == "POST":
        if too_many("web-form", network_of(request), PER_NETWORK, WINDOW_SECONDS):
            return error_page(request, 429)
        if form.is_valid():
            _take(capture, form)
            return HttpResponseRedirect(reverse("leads:public_thanks", args=[capture.key]))
        status = 422
    return render(request, "leads/capture/public.html", {"capture": capture, "form": form}, status=status)


@login_not_required
@require_safe
def thanks(request: HttpRequest, key: str) -> HttpResponse:
    """The same words for everybody, known or not."""
    return render(request, "leads/capture/thanks.html", {"capture": _active(key)})


@csrf_exempt
@login_not_required
@require_POST
def post(request: HttpRequest, key: str) -> HttpResponse:
    """A form on somebody's own site, or a program.

    A program sends JSON with `Authorization: Bearer <token>` and, to be safe against sending twice,
    `Idempotency-Key`; it gets JSON. A form on another site sends its fields and is led to the thank-you page.
    """
    capture = _active(key)
    if request.content_type == "application/json":
        return _post_json(request, capture)
    if too_many("web-form", network_of(request), PER_NETWORK, WINDOW_SECONDS):
        return error_page(request, 429)
    form = PublicForm(request.POST, capture=capture)
    if not form.is_valid():
        return render(request, "leads/capture/public.html", {"capture": capture, "form": form}, status=422)
    _take(capture, form)
    return HttpResponseRedirect(reverse("leads:public_thanks", args=[capture.key]))


def _post_json(request: HttpRequest, capture: CaptureForm) -> JsonResponse:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not actions.token_fits(capture, given.strip()):
        if too_many("web-form-token", network_of(request), PER_NETWORK, WINDOW_SECONDS):
            return JsonResponse({"error": "Too many requests."}, status=429, headers={"Retry-After": WINDOW_SECONDS})
        return JsonResponse({"error": "The token is missing or wrong."}, status=401)
    if too_many("web-form-posts", str(capture.pk), PER_TOKEN, WINDOW_SECONDS):
        return JsonResponse({"error": "Too many requests."}, status=429, headers={"Retry-After": WINDOW_SECONDS})
    try:
        data = json.loads(request.body)
        if not isinstance(data, dict):
            raise TypeError
        values = {
            str(name): clean(value) if isinstance(value, str) else value
            for name, value in data.items()
            if isinstance(value, str | bool)
        }
    except (ValueError, TypeError, BadText, RecursionError):
        return JsonResponse({"error": "Send one JSON object."}, status=400)
    try:
        values["key"] = clean(request.headers.get("Idempotency-Key", ""))[:64]
    except BadText:
        values["key"] = ""
    form = PublicForm(values, capture=capture)
    if not form.is_valid():
        return JsonResponse({"error": "Some fields are missing or wrong.", "fields": form.errors}, status=422)
    _take(capture, form)
    return JsonResponse({"status": "received"}, status=201)
