"""Frameworks, their criteria, and each team's policy."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from people.models import Role, Team
from people.permissions import require
from presales.errors import NotAllowed
from presales.forms import done, form_response, posted, save_or_show
from qualification.actions import frameworks as actions
from qualification.forms.frameworks import CriterionForm, FrameworkForm, PolicyForm
from qualification.models import Criterion, Framework, TeamPolicy
from qualification.policy import policy_for


@require_safe
def frameworks(request: HttpRequest) -> HttpResponse:
    """The frameworks, and which team uses which."""
    if request.user.role not in (Role.ADMIN, Role.MANAGER):
        raise NotAllowed("Frameworks are set up by admins and managers.")
    found = Framework.objects.visible_to(request.user).prefetch_related("criteria")
    policies = {policy.team_id: policy for policy in TeamPolicy.objects.select_related("framework")}
    default = policy_for(None)
    teams = [(team, policies.get(team.pk, default)) for team in Team.objects.visible_to(request.user)]
    return render(request, "qualification/frameworks.html", {"frameworks": found, "teams": teams})


@require_safe
def framework(request: HttpRequest, pk: int) -> HttpResponse:
    """One framework: its criteria and what to ask."""
    found = get_object_or_404(Framework.objects.visible_to(request.user), pk=pk)
    criteria = found.criteria.prefetch_related("questions")
    return render(request, "qualification/framework.html", {"framework": found, "criteria": criteria})


def _framework_form(request: HttpRequest, instance: Framework, title: str, cancel_url: str) -> HttpResponse:
    require(request.user, "qualification.change_frameworks")
    form = FrameworkForm(posted(request), instance=instance)
    return save_or_show(
        request, form, actions.save_framework, lambda saved: reverse("qualification:framework", args=[saved.pk]),
        title=title, cancel_url=cancel_url,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A framework of the own."""
    return _framework_form(request, Framework(), "Add a framework", reverse("qualification:frameworks"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a framework or retire it."""
    found = get_object_or_404(Framework.objects.visible_to(request.user), pk=pk)
    return _framework_form(request, found, f"Edit {found}", reverse("qualification:framework", args=[pk]))


def _criterion_form(request: HttpRequest, instance: Criterion, framework: Framework, title: str) -> HttpResponse:
    require(request.user, "qualification.change_frameworks")
    form = CriterionForm(posted(request), instance=instance, framework=framework)
    page = reverse("qualification:framework", args=[framework.pk])
    if request.method == "POST" and form.is_valid():
        actions.save_criterion(request.user, form.instance, form.cleaned_data["questions"])
        return done(request, page, "Saved. The dossiers of this framework are judged anew in the background.")
    return form_response(request, form, title=title, submit="Save", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def add_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """One more criterion."""
    found = get_object_or_404(Framework.objects.visible_to(request.user), pk=pk)
    return _criterion_form(request, Criterion(framework=found), found, f"Add a criterion to {found}")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a criterion and its questions."""
    visible = Criterion.objects.filter(framework__in=Framework.objects.visible_to(request.user))
    found = get_object_or_404(visible.select_related("framework"), pk=pk)
    return _criterion_form(request, found, found.framework, f"Edit {found}")


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, team_id: int) -> HttpResponse:
    """A team's framework and thresholds."""
    team = get_object_or_404(Team.objects.visible_to(request.user), pk=team_id)
    require(request.user, "qualification.change_policy", team)
    stored = TeamPolicy.objects.filter(team=team).first()
    form = PolicyForm(posted(request), instance=stored or policy_for(team.pk), is_new=stored is None)
    return save_or_show(
        request, form, lambda user, policy, version: actions.save_policy(user, policy, team, version),
        reverse("qualification:frameworks"), message=f"Saved for {team}.", title=f"Qualification in {team}",
    )  # fmt: skip
