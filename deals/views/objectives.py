"""The page of an objective, and what people do with it."""

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import objectives as actions
from deals.forms.objectives import CheckInForm, DropForm, KeyResultForm, NewObjectiveForm, ObjectiveForm
from deals.models import CheckIn, KeyResult, Objective
from deals.models.objectives import MOST_RESULTS, last_day
from deals.objectives import FIGURES, PACE_MEANS, Standing, check_ins_of, results_of, standing_of
from people.models import Role
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of
from presales.quarters import parse

SHOWN = 50


def _objective(request: HttpRequest, pk: int) -> Objective:
    require(request.user, "deals.see_objectives")
    rows = Objective.objects.visible_to(request.user).select_related("user", "team", "owner")
    return get_object_or_404(rows, pk=pk)


def _result(request: HttpRequest, pk: int) -> KeyResult:
    require(request.user, "deals.see_objectives")
    rows = KeyResult.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("objective__user", "objective__team"), pk=pk)


def _standing(request: HttpRequest, found: Objective) -> Standing:
    today = timezone.localdate()
    results = results_of([found], None).get(found.pk, [])
    return standing_of(found, results, check_ins_of(results, today), request.user, today)


@require_safe
def objective(request: HttpRequest, pk: int) -> HttpResponse:
    """Sentence, key results as they stand today, check-ins."""
    found = _objective(request, pk)
    checks = CheckIn.objects.filter(key_result__objective=found).select_related("by", "key_result")
    standing = _standing(request, found)
    context = {
        "objective": found,
        "standing": standing,
        "check_ins": list(checks[:SHOWN]) if any(not line.result.figure for line in standing.lines) else [],
        "full": len(standing.lines) >= MOST_RESULTS,
        "may_agree": request.user.has_perm("deals.agree_objective", found),
        "may_write": request.user.has_perm("deals.write_objective", found),
        "may_check": request.user.has_perm("deals.check_in", KeyResult(objective=found)),
        "pace_means": PACE_MEANS,
    }
    return render(request, "deals/objectives/objective.html", context)


@require_safe
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Who changed the objective or one of its key results, when, and from what to what."""
    found = _objective(request, pk)
    entries = changes_of(found, limit=SHOWN)
    for result in found.results.all():
        for entry in changes_of(result, limit=SHOWN):
            entry.text = f"Key result: {result.text}"
            entries.append(entry)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return render(request, "deals/objectives/history.html", {"objective": found, "entries": entries})


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Write down an objective."""
    require(request.user, "deals.see_objectives")
    quarter = parse(request.GET.get("quarter", ""), timezone.localdate())
    form = NewObjectiveForm(posted(request), by=request.user, initial={"quarter": str(quarter)})
    if request.method == "POST" and form.is_valid():
        made = actions.propose_objective(request.user, form.objective())
        return done(request, made.get_absolute_url(), "Now say how one would see it: add key results.")
    own = request.user.role in (Role.AE, Role.SE)
    return form_response(
        request, form, title="Propose an objective" if own else "Add an objective", submit="Propose" if own else "Add",
        cancel_url=reverse("insights:objectives"),
        intro="Your manager sees it and agrees." if own else "It counts from when it is agreed on.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change sentence, deadline and who answers for it."""
    found = _objective(request, pk)
    require(request.user, "deals.write_objective", found)
    form = ObjectiveForm(posted(request), instance=found, by=request.user)
    return save_or_show(
        request, form, actions.edit_objective, found.get_absolute_url(), title="Change the objective",
        intro=f"The quarter runs until {last_day(found.quarter):%-d %B %Y}.",
    )  # fmt: skip


@require_POST
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """It counts from now on."""
    found = actions.agree_objective(request.user, _objective(request, pk))
    return done(request, found.get_absolute_url(), "Agreed.")


@require_http_methods(["GET", "HEAD", "POST"])
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it up, with a reason."""
    found = _objective(request, pk)
    require(request.user, "deals.agree_objective", found)
    form, page = DropForm(posted(request)), found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        actions.drop_objective(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "Dropped.")
    return form_response(
        request, form, title="Drop the objective", submit="Drop", cancel_url=page, intro=f"“{found}”", tone="danger"
    )


@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """A dropped one counts again."""
    found = actions.resume_objective(request.user, _objective(request, pk))
    return done(request, found.get_absolute_url(), "It counts again.")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""
    found = _objective(request, pk)
    quarter = found.quarter
    actions.remove_objective(request.user, found)
    return done(request, f"{reverse('insights:objectives')}?period={key_of(quarter)}", "Removed.")


def key_of(quarter: datetime.date) -> str:
    """The quarter as filters name it."""
    return f"{quarter.year}-Q{(quarter.month + 2) // 3}"


@require_http_methods(["GET", "HEAD", "POST"])
def add_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a key result."""
    found = _objective(request, pk)
    require(request.user, "deals.write_objective", found)
    measurable = found.user_id is None or found.user.role in (Role.AE, Role.SE)
    form = KeyResultForm(posted(request), instance=KeyResult(objective=found), measurable=measurable)
    return save_or_show(
        request, form, lambda user, result, _: actions.add_key_result(user, result), found.get_absolute_url(),
        title="Add a key result", submit="Add", message="Added.", intro=f"“{found}”",
        template="deals/objectives/_result_form.html",
        context={"figures": FIGURES.values() if measurable else []},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a key result."""
    found = _result(request, pk)
    require(request.user, "deals.write_objective", found.objective)
    form = KeyResultForm(posted(request), instance=found)
    return save_or_show(
        request, form, actions.edit_key_result, found.objective.get_absolute_url(), title="Change the key result"
    )


@require_POST
def remove_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it out of a proposal."""
    found = _result(request, pk)
    actions.remove_key_result(request.user, found)
    return done(request, found.objective.get_absolute_url(), "Removed.")


@require_http_methods(["GET", "HEAD", "POST"])
def check_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a key result kept by hand stands at."""
    found = _result(request, pk)
    require(request.user, "deals.check_in", found)
    page = found.objective.get_absolute_url()
    today = min(timezone.localdate(), found.objective.deadline)
    form = CheckInForm(posted(request), instance=CheckIn(key_result=found), initial={"on": today})
    if request.method == "POST" and form.is_valid():
        actions.check_in(request.user, form.instance)
        return done(request, page, "Checked in.")
    unit = f" {found.unit}" if found.unit else ""
    return form_response(
        request, form, title="Check in", submit="Check in", cancel_url=page,
        intro=f"{found.text}: from {found.start.normalize():f} to {found.target.normalize():f}{unit}",
    )  # fmt: skip
