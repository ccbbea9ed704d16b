"""The leads behind a figure of the funnel, as a page and as CSV."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights import periods
from insights.filters import Filters, OfLeads
from insights.queries.funnel import reached
from insights.screens.funnel import LABELS, shown
from leads.models import Lead, Source
from people.exports import export
from people.permissions import require
from presales.paging import Sort, paginate

HEADER = ["Lead", "Company", "Owner", "Team", "Source", "Stage", "Came", "MQL", "SAL", "SQL", "Opportunity"]


def _asked(request: HttpRequest) -> tuple[Filters, str, QuerySet, int]:
    require(request.user, "insights.see_funnel")
    filters = OfLeads(request.user, request.GET)
    step = request.GET.get("step", "")
    step = step if step in shown(filters) else "lead"
    source = request.GET.get("source", "")
    month = request.GET.get("month", "")
    ids = reached(
        filters, step, source if source in Source.values else "", month if periods.MONTH.fullmatch(month) else ""
    )
    return filters, step, Lead.objects.visible_to(request.user).filter(pk__in=ids), len(ids)


@require_safe
def leads(request: HttpRequest) -> HttpResponse:
    """The leads that got to one step, the newest first."""
    filters, step, found, count = _asked(request)
    rows = found.select_related("company", "owner")
    context = {
        "page": paginate(rows, Sort("created_at", descending=True), request.GET.get("cursor", "")),
        "filters": filters,
        "title": f"Leads that became {LABELS[step]}" if step != "lead" else "Leads",
        "count": count,
        "query": request.GET.urlencode(),
    }
    return render(request, "insights/funnel/leads.html", context)


@require_safe
def export_leads(request: HttpRequest) -> StreamingHttpResponse:
    """The same as CSV."""
    _, step, found, _ = _asked(request)
    rows = found.select_related("company", "owner", "team").order_by("-created_at", "-pk")
    lines = (
        [
            lead.name, lead.company, lead.owner or lead.owner_name, lead.team, lead.get_source_display(),
            lead.get_stage_display(), lead.created_at, lead.mql_at, lead.accepted_at, lead.qualified_at,
            lead.converted_at,
        ]
        for lead in rows.iterator(chunk_size=2000)
    )  # fmt: skip
    return export(request, f"funnel {step}", HEADER, lines)
