"""The manager's load board."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deals.load_board import board_of
from people.permissions import require


@require_safe
def loads(request: HttpRequest) -> HttpResponse:
    """The queue and the SEs of the manager's teams side by side; dragging a card gives the deal to another SE."""
    require(request.user, "deals.balance_load")
    asked = request.GET.get("team", "")
    team = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    return render(request, "deals/loads/loads.html", {"board": board_of(request.user, team), "team": team})
