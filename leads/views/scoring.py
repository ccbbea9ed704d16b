"""Pages of lead scoring: why a lead has its score."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from leads.models import Lead
from leads.scoring.reasons import reasons


@require_GET
def score(request: HttpRequest, pk: int) -> HttpResponse:
    """The score panel of a lead's page, asked for again while the worker computes."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)
    return render(request, "leads/scoring/_reasons.html", {"lead": lead, "reasons": reasons(lead)})
