"""Teams: how they nest, what they cover, who is in them and how full everybody is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from people.actions.teams import add_team, change_team
from people.forms.teams import TeamForm
from people.models import Membership, Team, User
from people.models.absences import read_absences
from people.permissions import require
from people.workload import loads
from presales.forms import done, form_response, posted, save_or_show


@require_safe
def teams(request: HttpRequest) -> HttpResponse:
    """The teams the person manages, the upper ones first, each with its people and their load."""
    require(request.user, "people.see_teams")
    visible = list(Team.objects.visible_to(request.user).select_related("parent"))
    people: dict[int, list[User]] = {team.pk: [] for team in visible}
    memberships = (
        Membership.objects.filter(team__in=visible, user__is_active=True)
        .select_related("user")
        .order_by("user__role", "user__name")
    )
    for membership in memberships:
        people[membership.team_id].append(membership.user)
    read_absences(person for members in people.values() for person in members)
    everybody = {person.pk: person for members in people.values() for person in members}
    context = {
        "rows": [(team, depth, people[team.pk]) for team, depth in _in_order(visible)],
        "loads": loads(everybody.values()),
    }
    return render(request, "people/teams/list.html", context)


def _in_order(teams: list[Team]) -> list[tuple[Team, int]]:
    """Each team followed by those below it, with its depth among `teams`."""
    known = {team.pk for team in teams}
    below: dict[int | None, list[Team]] = {}
    for team in teams:
        below.setdefault(team.parent_id if team.parent_id in known else None, []).append(team)
    ordered: list[tuple[Team, int]] = []

    def walk(parent: int | None, depth: int) -> None:
        for team in below.get(parent, []):
            ordered.append((team, depth))
            walk(team.pk, depth + 1)

    walk(None, 0)
    return ordered


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new team."""
    require(request.user, "people.manage_people")
    form = TeamForm(posted(request))
    if request.method == "POST" and form.is_valid():
        team = add_team(request.user, form.save(commit=False), list(form.cleaned_data["members"]))
        return done(request, reverse("people:teams"), f"Team {team.name} added.")
    return form_response(request, form, title="Add a team", submit="Add team", cancel_url=reverse("people:teams"))


@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a team."""
    require(request.user, "people.manage_people")
    record = get_object_or_404(Team.objects.visible_to(request.user), pk=pk)
    title = f"Team {record.name}"
    form = TeamForm(posted(request), instance=record)
    return save_or_show(
        request, form,
        lambda user, team, version: change_team(user, team, list(form.cleaned_data["members"]), version),
        reverse("people:teams"), title=title,
    )  # fmt: skip
