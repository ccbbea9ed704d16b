"""The pipeline page, the deals behind its figures, and both as CSV."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deals.models import Outcome
from deals.risk import risks_of, with_risks
from insights import drill
from insights import pipeline as figures
from insights.filters import Filters
from insights.queries.evidence import RULES, judged
from insights.queries.past import is_past
from insights.screens.parts import two
from people.exports import export
from people.permissions import require
from presales.paging import Sort, paginate

DEAL_HEADER = [
    "Deal", "Company", "Stage", "AE", "SE", "Team", "Amount", "Currency", "Rate", "Value", "Probability (%)",
    "Weighted", "Evidence (%)", "By evidence", "Close date", "Closed on", "Created", "Source", "Type",
    "At risk because",
]  # fmt: skip


def _filters(request: HttpRequest) -> Filters:
    require(request.user, "insights.see_pipeline")
    return Filters(request.user, request.GET)


@require_safe
def pipeline(request: HttpRequest) -> HttpResponse:
    """Count, amount and weighted amount by stage, AE, SE, team and age; what closed, by quarter."""
    filters = _filters(request)
    context = {"page": figures.build(filters), "filters": filters, "query": request.GET.urlencode(), "rules": RULES}
    return render(request, "insights/pipeline/pipeline.html", context)


@require_safe
def export_table(request: HttpRequest, table: str) -> StreamingHttpResponse:
    """One table of the pipeline page as CSV, with the page's filters."""
    found = figures.build(_filters(request)).table(table)
    if found is None:
        raise Http404
    return export(request, f"pipeline {found.slug}", found.header(), found.lines())


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """The deals behind one figure, with their sum, which is the figure."""
    filters = _filters(request)
    rows, title = drill.behind(filters, request.GET)
    page = paginate(_shown(rows), Sort("value", descending=True, like="amount"), request.GET.get("cursor", ""))
    _judge(filters, page.rows)
    context = {
        "page": page,
        "title": title,
        "filters": filters,
        "total": rows.aggregate(
            n=Count("pk"),
            sum_amount=Coalesce(Sum("value"), Decimal(0)),
            sum_weighted=Coalesce(Sum("weighted"), Decimal(0)),
        ),
        "is_open": request.GET.get("state", "open") not in drill.STATES or request.GET.get("state", "open") == "open",
        "query": request.GET.urlencode(),
    }
    return render(request, "insights/pipeline/deals.html", context)


@require_safe
def export_deals(request: HttpRequest) -> StreamingHttpResponse:
    """The deals behind one figure as CSV."""
    filters = _filters(request)
    rows, title = drill.behind(filters, request.GET)

    def lines() -> Iterator[list[object]]:
        then = judged(filters, rows) if filters.as_of else {}
        for deal in _shown(rows).order_by("-value", "-pk").iterator(chunk_size=2000):
            if filters.as_of:
                deal.risks, deal.evidence = then.get(deal.id, (0, None))
            yield [
                deal.name, deal.company, deal.stage.name, deal.owner or deal.owner_name, deal.se, deal.team,
                deal.amount, deal.currency, deal.rate, deal.value, deal.probability, deal.weighted,
                deal.evidence, None if deal.evidence is None else two(deal.value * deal.evidence / 100),
                deal.close_date, deal.closed_on, deal.created_at, deal.get_source_display(), deal.get_type_display(),
                [risk.label for risk in risks_of(deal)] if deal.outcome == Outcome.OPEN else "",
            ]  # fmt: skip

    return export(request, title, DEAL_HEADER, lines())


def _judge(filters: Filters, rows: list) -> None:
    """Give each of `rows` its `warnings`: those of the day asked for."""
    still = [row for row in rows if row.outcome == Outcome.OPEN]
    if filters.as_of and still:
        then = judged(filters, filters.book().filter(id__in=[row.id for row in still]), few=True)
        for row in still:
            row.risks = then[row.id][0]
    for row in rows:
        row.warnings = risks_of(row) if row.outcome == Outcome.OPEN else []


def _shown(rows: QuerySet) -> QuerySet:
    if not is_past(rows):
        rows = with_risks(rows).annotate(evidence=F("evidence_probability__percent"))
    return rows.select_related("company", "stage", "owner", "se", "team")
