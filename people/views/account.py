"""The account page and the theme choice."""

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from people.actions import users as actions
from people.actions.profile import update_profile
from people.forms.profile import ProfileForm
from people.models import User
from people.panels import filled
from presales.context_processors import THEMES
from presales.errors import StaleEdit
from presales.forms import done, posted


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The own profile, with the ways to password and two-step sign-in."""
    user = User.objects.get(pk=request.user.pk)
    form = ProfileForm(posted(request), instance=user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                update_profile(request.user, form.instance, form.cleaned_data["version"])
                return done(request, request.path, "Saved.")
            except StaleEdit:
                form.show_conflict()
                status = 409
    absences = user.absences.not_over()
    context = {"form": form, "absences": absences, "has_two_step": is_mfa_enabled(user), "panels": filled(request)}
    return render(request, "people/account.html", context, status=status)


@require_POST
def end_sign_ins(request: HttpRequest) -> HttpResponse:
    """Sign out of every other browser; this one stays signed in."""
    update_session_auth_hash(request, actions.end_sign_ins(request.user, request.user))
    return done(request, reverse("people:account"), "You are signed out everywhere else.")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or auto in a cookie for a year."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    choice = request.POST.get("theme")
    if choice in THEMES:
        response.set_cookie(
            "theme", choice, max_age=365 * 24 * 3600, samesite="Lax", httponly=True, secure=request.is_secure()
        )
    return response
