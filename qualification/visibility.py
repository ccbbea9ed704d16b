"""Who sees and who works on a dossier: whoever sees, or works on, the lead or opportunity it belongs to.

Leads and deals live above this room, so they register their answers here when the site starts.
"""

from collections.abc import Callable

from django.db.models import Q

from people.models import Role, User

seen_hooks: list[Callable[[User], Q]] = []
"""Each returns the dossiers the user sees, as a Q on Dossier."""


def dossiers_visible_to(user: User) -> Q:
    """A Q on Dossier; an admin sees all."""
    if user.role == Role.ADMIN:
        return Q()
    seen = Q(pk__in=())
    for hook in seen_hooks:
        seen |= hook(user)
    return seen
