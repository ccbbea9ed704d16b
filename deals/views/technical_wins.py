"""The page of a deal's technical win, and recording it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import technical_wins as actions
from deals.forms.technical_wins import TechnicalWinForm
from deals.models import Opportunity
from deals.models.technical_wins import technical_win_of
from people.permissions import require
from presales.forms import posted, save_or_show
from presales.history import changes_of


def visible_deal(request: HttpRequest, pk: int, *related: str) -> Opportunity:
    """The opportunity with what every page below it shows, or 404 where the person may not know of it."""
    visible = Opportunity.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("company", "technical_win", *related), pk=pk)


@require_safe
def technical_win(request: HttpRequest, pk: int) -> HttpResponse:
    """How the technical decision stands, and how it came to stand so."""
    found = visible_deal(
        request, pk, "technical_win__signed_off_by", "technical_win__recorded_by", "evidence_probability", "se"
    )
    decision = technical_win_of(found)
    context = {
        "opportunity": found,
        "decision": decision,
        "entries": changes_of(decision, limit=30) if decision.pk else [],
    }
    return render(request, "deals/technical_wins/technical_win.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down how the technical decision stands."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    page = reverse("deals:technical_win", args=[found.pk])
    form = TechnicalWinForm(posted(request), instance=technical_win_of(found), opportunity=found)
    return save_or_show(
        request, form, lambda user, win, version: actions.record_technical_win(user, found, win, version), page,
        title="Technical win", submit="Record", message="Recorded.",
        intro="Whether their technical people have decided for us, whatever becomes of the deal.",
    )  # fmt: skip
