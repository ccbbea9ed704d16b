"""The list of opportunities as CSV: what the list shows, through the same gate and with the same filters."""

from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from deals import filters
from deals.models import Opportunity
from deals.risk import risks_of, with_risks
from deals.views.opportunities import listed
from leads.custom_facts import exported
from leads.custom_filters import Filters
from people.exports import export

HEADER = [
    "Name", "Company", "Type", "Source", "Stage", "Outcome", "AE", "SE", "Team", "Amount", "Currency",
    "Term (months)", "One-off fees", "TCV", "ARR", "Probability (%)", "Forecast category", "Close date",
    "Close date pushed", "Closed on", "Compelling event", "Compelling event on", "Next step", "Next step on",
    "Next step owner", "Competitors", "Created", "Attention",
]  # fmt: skip
CHUNK = 2000


@require_safe
def export_opportunities(request: HttpRequest) -> StreamingHttpResponse:
    """Every opportunity of the list asked for, newest first."""
    found = filters.apply(Opportunity.objects.visible_to(request.user), listed(request.GET))
    found = Filters.read("opportunity", request.GET).apply(found)
    custom = exported("opportunity")

    def lines() -> Iterator[list[object]]:
        related = ("company", "stage", "owner", "se", "team", "next_step_owner")
        rows = with_risks(found.with_probability()).select_related(*related).prefetch_related("competitors")
        for deal in rows.order_by("-created_at", "-pk").iterator(chunk_size=CHUNK):
            yield [
                deal.name, deal.company, deal.get_type_display(), deal.get_source_display(), deal.stage.name,
                deal.get_outcome_display(), deal.owner.name if deal.owner else deal.owner_name, deal.se, deal.team,
                deal.amount, deal.currency, deal.term_months, deal.one_off, deal.tcv, deal.arr, deal.probability,
                deal.get_forecast_category_display(), deal.close_date, deal.close_date_pushes, deal.closed_on,
                deal.compelling_event, deal.compelling_event_on, deal.next_step, deal.next_step_on,
                deal.next_step_owner, [competitor.name for competitor in deal.competitors.all()], deal.created_at,
                [risk.label for risk in risks_of(deal)] if deal.is_open else "", *custom.cells(deal.custom),
            ]  # fmt: skip

    return export(request, "opportunities", [*HEADER, *custom.names], lines())
