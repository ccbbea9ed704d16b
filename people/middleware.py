"""What a signed-in request passes through: the sign-in page, sessions that end, two-step sign-in."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

GetResponse = Callable[[HttpRequest], HttpResponse]

SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_at"
SEEN_EVERY = 300  # seconds between two writes of the session
# What a person may do who still has to set up the second step.
BEFORE_TWO_STEP = {
    "account_logout",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_reauthenticate",
    "people:theme",
    "healthz",
    "readyz",
}


class SignInRequired(LoginRequiredMiddleware):
    """Django's middleware; a fragment asked for without a session brings the whole page to the sign-in."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponseBase:
        """Redirect to the sign-in page, and back to the page that asked."""
        if "HX-Request" not in request.headers:
            return super().handle_no_permission(request, view_func)
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        path = page.path + (f"?{page.query}" if page.query else "")
        target = redirect_to_login(path if path.startswith("/") else "/", reverse("account_login")).url
        return HttpResponse(status=204, headers={"HX-Redirect": target})


def start_session(sender: type, request: HttpRequest, **kwargs: object) -> None:
    """Note when the sign-in was, in the same write that makes the session."""
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = int(time.time())


class SessionLifetime:
    """Ends sessions that were idle for SESSION_IDLE_SECONDS or are older than SESSION_COOKIE_AGE."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get(SEEN_AT, now)
            started = request.session.setdefault(SIGNED_IN_AT, now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_COOKIE_AGE:
                logout(request)
                messages.info(request, "You were signed out because some time has passed. Sign in to go on.")
            elif now - seen > SEEN_EVERY or SEEN_AT not in request.session:
                request.session[SEEN_AT] = now
        return self.get_response(request)


class TwoStepRequired:
    """Sends people in MFA_REQUIRED_ROLES who have no authenticator app yet to the page that sets one up."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        """Let pass whoever needs no second step, has one, or is about to set it up."""
        user = request.user
        if not user.is_authenticated or user.role not in settings.MFA_REQUIRED_ROLES:
            return None
        if request.resolver_match.view_name in BEFORE_TWO_STEP or is_mfa_enabled(user):
            return None
        target = reverse("mfa_activate_totp")
        if "HX-Request" in request.headers:
            return HttpResponse(status=204, headers={"HX-Redirect": target})
        return HttpResponseRedirect(target)
