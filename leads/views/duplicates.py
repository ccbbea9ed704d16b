"""Merging a lead with another that is the same person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from leads.actions.duplicates import CHOOSABLE, merge
from leads.duplicates import duplicates_of
from leads.models import Lead
from leads.search import search_leads
from leads.views.leads import NAV, get_lead
from people.permissions import require
from presales.forms import done


@require_safe
def duplicates(request: HttpRequest, pk: int) -> HttpResponse:
    """Probable duplicates of a lead, and a search for others; as a fragment, the first only."""
    lead = get_lead(request, pk)
    seen = Lead.objects.visible_to(request.user)
    if request.htmx:
        context = {"lead": lead, "duplicates": duplicates_of(lead, seen)}
        return render(request, "leads/duplicates/_panel.html", context)
    q = request.GET.get("q", "").strip()[:100]
    found = []
    if q:
        others = seen.unmerged().exclude(pk=lead.pk).select_related("company", "owner").defer("search", "notes")
        found = search_leads(others, q).order_by("name_key", "pk")[:10]
    context = {"nav": NAV, "lead": lead, "duplicates": duplicates_of(lead, seen), "q": q, "found": found}
    return render(request, "leads/duplicates/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def merge_leads(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Choose what the surviving lead keeps, then merge."""
    survivor, gone = get_lead(request, pk), get_lead(request, other)
    require(request.user, "leads.merge_leads", survivor)
    require(request.user, "leads.merge_leads", gone)
    if request.method == "POST":
        take = [name for name in CHOOSABLE if request.POST.get(name) == "other"]
        merge(request.user, survivor, gone, take=take, reason=request.POST.get("reason", "")[:500])
        return done(request, survivor.get_absolute_url(), f"{gone.name} is merged into this lead.")
    rows = []
    for name in CHOOSABLE:
        mine, theirs = _shown(survivor, name), _shown(gone, name)
        if mine != theirs:
            label = str(Lead._meta.get_field(name).verbose_name).capitalize()
            rows.append({"name": name, "label": label, "mine": mine, "theirs": theirs})
    context = {"nav": NAV, "lead": survivor, "other": gone, "rows": rows}
    return render(request, "leads/duplicates/merge.html", context)


def _shown(lead: Lead, name: str) -> str:
    display = getattr(lead, f"get_{name}_display", None)
    return str(display() if display else getattr(lead, name) or "")
