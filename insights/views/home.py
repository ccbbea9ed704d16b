"""What wants me today."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from insights.home.roles import ROLES


def greeting(hour: int) -> str:
    """Good morning until noon, good afternoon until six, then good evening."""
    return "Good morning" if hour < 12 else "Good afternoon" if hour < 18 else "Good evening"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page of the person's role."""
    now = timezone.localtime()
    context = {
        "home": ROLES[request.user.role](request.user),
        "greeting": greeting(now.hour),
        "first_name": request.user.name.split()[0] if request.user.name.split() else "",
        "now": now,
    }
    return render(request, "insights/home/home.html", context)
