"""The solution design of a deal: as it stands or stood, writing it, and what changed between two versions."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import designs as actions
from deals.forms.designs import DesignForm
from deals.models import Opportunity, SolutionDesign
from deals.models.designs import links_of, versions_of
from deals.views.technical_wins import visible_deal
from people.permissions import require
from presales.diff import compare as compare_texts
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted

SHOWN = 100


def _design_of(opportunity: Opportunity) -> SolutionDesign | None:
    return SolutionDesign.objects.filter(opportunity=opportunity).select_related("author").first()


def _asked(versions: list, number: str, otherwise: int) -> object | None:
    """The version with this number, or the one at the place `otherwise` where the address says nothing sensible."""
    found = next((version for version in versions if str(version.version) == number), None)
    return found or (versions[otherwise] if otherwise < len(versions) else None)


@require_safe
def design(request: HttpRequest, pk: int) -> HttpResponse:
    """The design as it stands, or as it stood in `?version=`."""
    found = visible_deal(request, pk, "se")
    stored = _design_of(found)
    versions = list(versions_of(stored)[:SHOWN]) if stored else []
    shown = _asked(versions, request.GET.get("version", ""), 0)
    context = {
        "opportunity": found,
        "design": stored,
        "versions": versions,
        "shown": shown,
        "links": links_of(shown.links) if shown else [],
        "may_technical": request.user.has_perm("deals.work_technical", found),
    }
    return render(request, "deals/designs/design.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the next version, starting from the last one or from `?version=`."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    page = reverse("deals:design", args=[pk])
    stored = _design_of(found)
    form, status = DesignForm(posted(request), instance=stored or SolutionDesign(opportunity=found)), None
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            note = data.get("what_changed", "")
            saved = actions.save_design(request.user, found, form.instance, data.get("version"), note=note)
            return done(request, page, f"Version {saved.version} is saved.")
        except StaleEdit:
            if not form.instance.pk:
                raise
            form.show_conflict()
            status = 409
    if stored and request.method != "POST" and request.GET.get("version"):
        before = _asked(list(versions_of(stored)[:SHOWN]), request.GET["version"], 0)
        form.initial |= {"text": before.text, "links": before.links}
        if before.version != stored.version:
            form.initial["what_changed"] = f"Back to version {before.version}"
    return form_response(
        request, form, title="Solution design", submit="Save as a new version" if stored else "Save", cancel_url=page,
        status=status,
    )  # fmt: skip


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed from `?from=` to `?to=`; by default what the last change did."""
    found = visible_deal(request, pk)
    stored = _design_of(found)
    versions = list(versions_of(stored)[:SHOWN]) if stored else []
    after = _asked(versions, request.GET.get("to", ""), 0)
    earlier = next((place for place, version in enumerate(versions) if after and version.version < after.version), 0)
    before = _asked(versions, request.GET.get("from", ""), earlier)
    context = {"opportunity": found, "versions": versions, "before": before, "after": after}
    if before and after and before.version != after.version:
        before, after = sorted((before, after), key=lambda version: version.version)
        context |= {
            "before": before, "after": after, "text": compare_texts(before.text, after.text),
            "links": compare_texts(before.links, after.links) if before.links != after.links else [],
        }  # fmt: skip
    return render(request, "deals/designs/compare.html", context)
