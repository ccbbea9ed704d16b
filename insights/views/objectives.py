"""Objectives with key results beside the quotas: the list, each one's progress as a fragment, and all as CSV."""

import datetime
from collections.abc import Iterator

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deals.models import Objective, ObjectiveState
from deals.objectives import PACE_MEANS, Standing, check_ins_of, objectives_as_of, results_of, standing_of
from insights import periods
from insights.filters import OfObjectives
from insights.queries.quotas import quarters_in
from people.exports import export
from people.models import Membership
from people.permissions import require

SHOWN = 60
EXPORTED = 500
HEADER = [
    "Objective", "For", "Answers for it", "Quarter", "Deadline", "State", "Progress (%)", "Time over (%)", "Pace",
    "Key result", "Kept", "Unit", "Start", "Target", "Now", "Key result's progress (%)", "Key result's pace", "As of",
    "Checked in by", "Evidence",
]  # fmt: skip
DEFINITION = (
    f"Objectives of the quarter that you see. {PACE_MEANS} What is measured counts the whole quarter, until the "
    "deadline."
)


def _asked(request: HttpRequest) -> OfObjectives:
    require(request.user, "deals.see_objectives")
    return OfObjectives(request.user, request.GET)


def found_by(filters: OfObjectives, limit: int) -> list[Objective]:
    """The objectives that pass the filters, by quarter: the company's first, then teams, then people."""
    rows = Objective.objects.visible_to(filters.user).filter(quarter__in=quarters_in(filters.period))
    if filters.person:
        rows = rows.filter(user=filters.person)
    if filters.team:
        theirs = Membership.objects.filter(team__in=filters.team_and_below).values("user")
        rows = rows.filter(Q(team__in=filters.team_and_below) | Q(user__in=theirs))
    if filters.as_of is None:
        rows = rows.filter(state=filters.state) if filters.state else rows.exclude(state=ObjectiveState.DROPPED)
    found = objectives_as_of(rows, filters.as_of)
    wanted = {filters.state} if filters.state else {ObjectiveState.PROPOSED, ObjectiveState.AGREED}
    found = [one for one in found if one.state in wanted]
    return sorted(
        found, key=lambda one: (-one.quarter.toordinal(), bool(one.user_id), bool(one.team_id), one.whose, one.pk)
    )[:limit]


@require_safe
def objectives(request: HttpRequest) -> HttpResponse:
    """The list. What needs no measuring stands there at once; the rest is loaded line by line."""
    filters = _asked(request)
    found = found_by(filters, SHOWN + 1)
    results = results_of(found, filters.as_of)
    check_ins = check_ins_of([one for rows in results.values() for one in rows], filters.day)
    at_once = "at_once" in request.GET  # with scripts off
    rows = []
    for one in found[:SHOWN]:
        its = results.get(one.pk, [])
        measured = any(result.figure for result in its)
        standing = None if measured and not at_once else standing_of(one, its, check_ins, filters.user, filters.day)
        rows.append((one, its, standing))
    context = {
        "filters": filters,
        "rows": rows,
        "more": len(found) > SHOWN,
        "states": ObjectiveState.choices,
        "definition": DEFINITION,
        "query": filters.query,
        "of_day": f"?as_of={filters.as_of:%Y-%m-%d}" if filters.as_of else "",
    }
    return render(request, "insights/objectives/list.html", context)


def _standing(filters: OfObjectives, pk: int) -> Standing:
    rows = Objective.objects.visible_to(filters.user).filter(pk=pk)
    found = objectives_as_of(rows, filters.as_of)
    if not found:
        raise Http404
    results = results_of(found, filters.as_of).get(pk, [])
    return standing_of(found[0], results, check_ins_of(results, filters.day), filters.user, filters.day)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one objective is, as a fragment."""
    return render(request, "insights/objectives/_progress.html", {"standing": _standing(_asked(request), pk)})


@require_safe
def export_objectives(request: HttpRequest) -> StreamingHttpResponse:
    """The list as CSV, a line for each key result, with what shows it."""
    filters = _asked(request)
    found = found_by(filters, EXPORTED)
    results = results_of(found, filters.as_of)
    check_ins = check_ins_of([one for rows in results.values() for one in rows], filters.day)

    def lines() -> Iterator[list[object]]:
        for one in found:
            standing = standing_of(one, results.get(one.pk, []), check_ins, filters.user, filters.day)
            head = [
                one.sentence, one.whose, one.owner, one.quarter_label, one.deadline, one.get_state_display(),
                standing.progress, standing.elapsed, standing.pace_label,
            ]  # fmt: skip
            for line in standing.lines:
                check, figure = line.check_in, line.figure
                yield [
                    *head, line.result.text, figure.label if figure else "By hand",
                    "" if line.is_money else line.unit, line.result.start, line.result.target, line.now, line.progress,
                    line.pace_label, check.on if check else _day(line, filters, one.deadline),
                    check.by if check else "", check.evidence if check else "",
                ]  # fmt: skip
            if not standing.lines:
                yield [*head, *[""] * (len(HEADER) - len(head))]

    return export(request, "objectives", HEADER, lines())


def _day(line: object, filters: OfObjectives, deadline: datetime.date) -> datetime.date | str:
    return min(filters.day, deadline, periods.quarter_of(deadline).end) if line.result.figure else ""
