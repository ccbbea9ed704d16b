"""A team's rules for its leads."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from leads.actions.policy import save_policy
from leads.forms.policy import PolicyForm
from leads.models import TeamPolicy
from people.models import Team
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted


@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: HttpRequest, team_id: int) -> HttpResponse:
    """How fast a team answers its MQLs."""
    team = get_object_or_404(Team.objects.visible_to(request.user), pk=team_id)
    require(request.user, "leads.change_policy", team)
    stored = TeamPolicy.objects.filter(team=team).first()
    version = stored.version if stored else 0
    form = PolicyForm(posted(request), instance=stored, initial={"version": version})
    status, page = None, reverse("leads:leads")
    if request.method == "POST" and form.is_valid():
        hours = form.cleaned_data["response_hours"]
        try:
            save_policy(request.user, team, response_hours=hours, version=form.cleaned_data["version"])
            return done(request, page, f"{team} has {hours} working hours to answer.")
        except StaleEdit:
            # Without a row the team has the defaults, e.g. where a version was made up.
            now = TeamPolicy.objects.filter(team=team).first() or TeamPolicy(team=team, version=0)
            form.data = {**form.data.dict(), "version": now.version}
            form.add_error("response_hours", f"Now stored: {now.response_hours}. Keep yours by saving again.")
            status = 409
    return form_response(
        request, form, title=f"Response time of {team}", submit="Save", cancel_url=page, status=status,
        intro="An MQL nobody accepts in time is shown in red to the team and its manager.", context={"nav": page},
    )  # fmt: skip
