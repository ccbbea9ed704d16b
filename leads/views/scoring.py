"""Pages of lead scoring: why a lead has its score, and the editor of the rules."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from leads.actions.scoring import save_rules
from leads.conversion.ranking import ranking
from leads.forms.scoring import Editor
from leads.models import Lead, LeadScore, ScoreRange
from leads.scoring import engine
from leads.scoring.feedback import returned_by_rule
from leads.scoring.preview import preview
from leads.scoring.reasons import reasons
from leads.scoring.rules import Ruleset
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done


@require_GET
def score(request: HttpRequest, pk: int) -> HttpResponse:
    """The score panel of a lead's page, asked for again while the worker computes."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=pk)
    return render(request, "leads/scoring/_reasons.html", {"lead": lead, "reasons": reasons(lead)})


@require_http_methods(["GET", "POST"])
def scoring(request: HttpRequest) -> HttpResponse:
    """The rule editor. A POST with `preview` shows what would change and writes nothing; else it saves."""
    require(request.user, "leads.change_scoring")
    if request.method == "GET":
        return _editor(request, Editor())
    editor = Editor(request.POST)
    if not editor.is_valid():
        return _editor(request, editor, status=422)
    if "preview" in request.POST:
        return _editor(
            request,
            editor,
            {
                "preview": preview(editor.ruleset(), editor.thresholds()),
                "ranking": ranking(editor.ruleset()),
            },
        )
    try:
        save_rules(request.user, editor)
    except StaleEdit as refused:
        newer = Editor(request.POST)
        newer.is_valid()
        newer.show_conflict()
        return _editor(request, newer, {"refused": refused.message}, status=409)
    return done(request, reverse("leads:scoring"), "Saved. Every lead is being rescored now.")


@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """How far the rescore is; asks again by itself until it is done."""
    require(request.user, "leads.change_scoring")
    return render(request, "leads/scoring/_progress.html", {"progress": _progress()})


def _editor(
    request: HttpRequest, editor: Editor, context: dict[str, object] | None = None, status: int = 200
) -> HttpResponse:
    data = {
        "editor": editor,
        # A form shown again after a conflict is on top of what is stored now; any other of what it was opened with.
        "revision": editor.revision if editor.data is None or status == 409 else editor.sent_revision(),
        "returned": returned_by_rule(Ruleset.load()),
        "fields": [(one.label, one.choices()) for one in editor.known.values() if one.choices()],
        "progress": _progress(),
        **(context or {}),
    }
    return render(request, "leads/scoring/editor.html", data, status=status)


def _progress() -> dict[str, int]:
    ranges = ScoreRange.objects.count()
    behind = len(engine.behind(timezone.now(), Ruleset.load()))
    return {
        "ranges": ranges,
        "done": ranges - behind,
        "behind": behind,
        "percent": round(100 * (ranges - behind) / ranges) if ranges else 100,
        "set_aside": LeadScore.objects.set_aside().count(),
    }
