"""When people are away: one's own absences and, for managers, those of the team."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from people.actions import absences as actions
from people.forms.absences import AbsenceForm
from people.models import Absence, User
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show


def _person(request: HttpRequest, pk: int) -> User:
    person = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    require(request.user, "people.plan_absences", person)
    return person


def _absence(request: HttpRequest, pk: int) -> Absence:
    found = get_object_or_404(Absence.objects.visible_to(request.user).select_related("user"), pk=pk)
    require(request.user, "people.plan_absences", found.user)
    return found


def _page(request: HttpRequest, person: int) -> str:
    """Where the absences are listed: the own ones on the account page."""
    if person == request.user.pk:
        return reverse("people:account")
    return reverse("people:absences", args=[person])


@require_safe
def absences(request: HttpRequest, pk: int) -> HttpResponse:
    """The absences of one person that are not over."""
    person = _person(request, pk)
    context = {"person": person, "absences": person.absences.not_over()}
    return render(request, "people/absences/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """One more absence."""
    person = _person(request, pk)
    form = AbsenceForm(posted(request), person=person)
    page = _page(request, pk)
    if request.method == "POST" and form.is_valid():
        actions.add_absence(request.user, person, **form.cleaned_data)
        return done(request, page, "Planned.")
    title = "Plan an absence" if person == request.user else f"Plan an absence of {person}"
    return form_response(request, form, title=title, submit="Save", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Other days."""
    found = _absence(request, pk)
    form = AbsenceForm(posted(request), instance=found, person=found.user)
    return save_or_show(
        request, form, lambda user, *_: actions.change_absence(user, found, **form.cleaned_data),
        _page(request, found.user_id), title="Change the absence",
    )  # fmt: skip


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """It will not be."""
    found = _absence(request, pk)
    actions.remove_absence(request.user, found)
    return done(request, _page(request, found.user_id), "Removed.")
