"""The weekly mail in the browser: what the next one looks like, and the link that ends it."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from insights.digest.content import next_monday, write
from insights.digest.links import user_of
from people.actions.profile import stop_weekly_mail
from people.permissions import require
from presales.responses import error_page
from presales.throttle import network_of, too_many

PER_NETWORK, WINDOW_SECONDS = 60, 600


@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """What the next weekly mail would say if it were written now."""
    require(request.user, "insights.read_weekly_mail")
    mail = write(request.user, None)
    context = {**mail.context(), "monday": next_monday(), "text": mail.text()}
    return render(request, "insights/digest/preview.html", context)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Ask with one button, and do it on POST, which mail programs send by themselves (RFC 8058)."""
    user = user_of(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        if too_many("weekly-mail-off", network_of(request), PER_NETWORK, WINDOW_SECONDS):
            return error_page(request, 429)
        stop_weekly_mail(None, user)
    return render(request, "insights/digest/off.html", {"done": request.method == "POST"})
