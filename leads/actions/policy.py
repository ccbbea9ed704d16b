"""A team's rules for its leads."""

from leads.models import TeamPolicy
from leads.routing import lock_policy
from people.models import Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import StaleEdit


@action
def save_policy(actor: User, team: Team, *, response_hours: int, version: int, reason: str = "") -> TeamPolicy:
    """Set how many working hours the team has to answer; leads already waiting keep the time they were given.

    `version` is 0 for a team that had no policy of its own yet.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
    """
    require(actor, "leads.change_policy", team)
    is_new = not TeamPolicy.objects.filter(pk=team.pk).exists()
    policy = lock_policy(team.pk)
    if not version and not is_new:
        raise StaleEdit("Somebody else saved this while you were editing. Nothing was overwritten.")
    policy.response_hours = response_hours
    save_version(policy, ["response_hours"], version or policy.version)
    return policy
