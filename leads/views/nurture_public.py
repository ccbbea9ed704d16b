"""What nurture mail leads to, for people who have no account, and the inlet for their replies."""

import hmac
import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.actions import nurture_answers as answers
from leads.models import NurtureTouch
from leads.nurture.words import touch_of
from presales.responses import error_page
from presales.text import BadText, clean
from presales.throttle import network_of, too_many

PER_NETWORK, WINDOW_SECONDS = 60, 600
REPLIES, REPLY_SECONDS = 600, 600


def _touch(token: str) -> NurtureTouch:
    touch = touch_of(token)
    if touch is None:
        raise Http404
    return touch


@login_not_required
@require_safe
def go(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a mail: noted once, then on to the step's own address, which marketing wrote."""
    touch = _touch(token)
    if not touch.step.link:
        raise Http404
    if request.method == "GET" and not too_many("nurture-link", network_of(request), PER_NETWORK, WINDOW_SECONDS):
        answers.clicked(None, touch)
    return HttpResponseRedirect(touch.step.link)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask with one button, and do it on POST, which mail programs send by themselves (RFC 8058)."""
    touch = _touch(token)
    if request.method == "POST":
        if too_many("nurture-unsubscribe", network_of(request), PER_NETWORK, WINDOW_SECONDS):
            return error_page(request, 429)
        answers.unsubscribe(None, touch)
    return render(request, "leads/nurture/unsubscribe.html", {"done": request.method == "POST"})


@csrf_exempt
@login_not_required
@require_POST
def inlet(request: HttpRequest) -> HttpResponse:
    """Replies, as a mail server or a service hands them on.

    JSON with `from`, `in_reply_to`, `references`, `message_id`, `subject` and `text`, and `Authorization: Bearer` with
    REPLY_INLET_TOKEN. Without that setting nothing is let in.
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.REPLY_INLET_TOKEN
    if not token or scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        if too_many("nurture-inlet", network_of(request), PER_NETWORK, WINDOW_SECONDS):
            return JsonResponse({"error": "Too many requests."}, status=429)
        return JsonResponse({"error": "The token is missing or wrong."}, status=401)
    if too_many("nurture-replies", "inlet", REPLIES, REPLY_SECONDS):
        return JsonResponse({"error": "Too many requests."}, status=429, headers={"Retry-After": REPLY_SECONDS})
    try:
        data = json.loads(request.body)
        values = {name: clean(data[name]) if isinstance(data.get(name), str) else "" for name in TEXTS}
        references = data.get("references") or []
        if isinstance(references, str):
            references = references.split()
        named = [clean(one)[:300] for one in references if isinstance(one, str)][:50]
    except (ValueError, TypeError, AttributeError, BadText, RecursionError):
        return JsonResponse({"error": "Send one JSON object."}, status=400)
    if values["in_reply_to"]:
        named.insert(0, values["in_reply_to"][:300])
    lead = answers.replied(
        None, sender=values["from"][:254], references=named, message=values["message_id"][:300],
        subject=values["subject"][:300], text=values["text"],
    )  # fmt: skip
    return JsonResponse({"status": "recorded" if lead else "nobody we wrote to"}, status=200)


TEXTS = ("from", "in_reply_to", "message_id", "subject", "text")
