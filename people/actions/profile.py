"""What people change about themselves."""

from people.models import User
from presales.actions import action
from presales.editing import save_version
from presales.errors import NotAllowed

FIELDS = ["name", "title", "time_zone", "skills", "verticals"]


@action
def update_profile(actor: User, user: User, version: int) -> User:
    """Save the fields in FIELDS of `user`, who must be the actor.

    Raises:
        NotAllowed: somebody else's profile.
        StaleEdit: saved elsewhere in between.
    """
    if actor.pk != user.pk:
        raise NotAllowed("You can change your own profile only.")
    save_version(user, FIELDS, version)
    return user
