"""Making and changing teams."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from people.models import Membership, Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "parent", "regions", "verticals", "min_employees", "max_employees"]


@action
def add_team(actor: User, team: Team, members: list[User]) -> Team:
    """Create `team`, unsaved so far, with `members`.

    Raises:
        NotAllowed: the actor is no admin.
        Conflict: the name is taken.
    """
    require(actor, "people.manage_people")
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise Conflict("There is a team of this name already.") from error
    Membership.objects.bulk_create(Membership(team=team, user=user) for user in members)
    return team


@action
def change_team(actor: User, team: Team, members: list[User], version: int) -> Team:
    """Save FIELDS of `team` and make exactly `members` belong to it.

    Raises:
        NotAllowed: the actor is no admin.
        StaleEdit: saved elsewhere in between.
        Conflict: the team would be below itself.
    """
    require(actor, "people.manage_people")
    # The tree is small and changes rarely: all its rows are locked, so that two moves cannot close a circle.
    list(Team.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    try:
        team.clean()
    except ValidationError as error:
        raise Conflict("A team cannot be below itself.") from error
    save_version(team, FIELDS, version)
    wanted = {user.pk for user in members}
    team.memberships.exclude(user__in=wanted).delete()
    had = set(team.memberships.values_list("user_id", flat=True))
    Membership.objects.bulk_create(Membership(team=team, user_id=pk) for pk in sorted(wanted - had))
    return team
