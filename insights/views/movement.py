"""The deals of one step of the movement, as a page and as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deals.models import Opportunity
from insights.filters import Span
from insights.queries.movement import NAMES, moves
from insights.queries.past import as_of
from insights.screens.movement import LABELS, MEANINGS
from people.exports import export
from people.permissions import require

PAGE_SIZE = 50
AT_ONCE = 2000
HEADER = [
    "Deal", "Company", "AE", "SE", "Team", "Stage", "Close date before", "Close date", "Amount before", "Amount",
    "Currency", "Change",
]  # fmt: skip


@dataclass
class Told:
    """One deal of a step: how it stood on both days, and what it did to the pipeline."""

    before: object | None
    after: object
    change: Decimal


def _asked(request: HttpRequest) -> tuple[Span, str]:
    require(request.user, "insights.see_figures")
    step = request.GET.get("step", "")
    return Span(request.user, request.GET), step if step in NAMES else "opening"


@require_safe
def deals(request: HttpRequest) -> HttpResponse:
    """The deals of one step, with their sum, which is the step."""
    filters, step = _asked(request)
    number = page_number(request.GET.get("page", ""))
    found, count, total = moves(filters, step, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "filters": filters,
        "title": LABELS[step],
        "meaning": MEANINGS[step],
        "rows": _told(filters, found),
        "count": count,
        "total": total,
        "number": number,
        "following": number + 1 if number * PAGE_SIZE < count else None,
        "query": query.urlencode(),
        "step": step,
    }
    return render(request, "insights/movement/deals.html", context)


@require_safe
def export_deals(request: HttpRequest) -> StreamingHttpResponse:
    """The deals of one step as CSV."""
    filters, step = _asked(request)
    found, _, _ = moves(filters, step)

    def lines() -> Iterator[list[object]]:
        for start in range(0, len(found), AT_ONCE):
            for told in _told(filters, found[start : start + AT_ONCE]):
                before, after = told.before, told.after
                yield [
                    after.name, after.company, after.owner or after.owner_name, after.se, after.team, after.stage.name,
                    before and before.close_date, after.close_date, before and before.amount, after.amount,
                    after.currency, told.change,
                ]  # fmt: skip

    return export(request, f"movement {step}", HEADER, lines())


def _told(filters: Span, found: list[tuple[int, Decimal]]) -> list[Told]:
    ids = [pk for pk, _ in found]
    visible = Opportunity.objects.visible_to(filters.user).filter(pk__in=ids)
    related = ("company", "stage", "owner", "se", "team")
    before = {row.id: row for row in as_of(visible, filters.since)}
    after = {row.id: row for row in as_of(visible, filters.until).select_related(*related)}
    return [Told(before.get(pk), after[pk], change) for pk, change in found if pk in after]


def page_number(text: str) -> int:
    """The page asked for, from 1 on; the first for nonsense."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:7]) < 100_000 and len(text) < 6 else 1
