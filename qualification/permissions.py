"""Who may set up frameworks and policies."""

import rules

from people.models import Team, User
from people.permissions import is_admin


@rules.predicate
def manages(user: User, team: Team | None) -> bool:
    """A manager of the team itself, or of one above it."""
    return user.role == "manager" and team is not None and team.pk in user.team_ids


rules.add_perm("qualification.change_frameworks", is_admin)
rules.add_perm("qualification.change_policy", is_admin | manages)
