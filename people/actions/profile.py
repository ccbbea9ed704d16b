"""What people change about themselves."""

from django.db.models import F

from people.models import User
from presales.actions import action
from presales.editing import save_version
from presales.errors import NotAllowed

FIELDS = ["name", "title", "time_zone", "skills", "verticals", "weekly_mail"]


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


@action
def stop_weekly_mail(actor: User | None, user: User, *, reason: str = "Turned off by the link of a mail") -> None:
    """No more weekly mail to `user`, by themselves or by the link of a mail (`actor` None). Repeating it is a success.

    Raises:
        NotAllowed: somebody else's.
    """
    if actor is not None and actor.pk != user.pk:
        raise NotAllowed("You can change your own profile only.")
    User.objects.filter(pk=user.pk, weekly_mail=True).update(weekly_mail=False, version=F("version") + 1)
