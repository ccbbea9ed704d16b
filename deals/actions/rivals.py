"""The directory of competitors: whoever sells writes in it."""

from django.db.models import Value
from django.db.models.functions import Lower

from deals.models import Rival
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "notes", "strengths", "weaknesses", "how_to_win"]


@action
def add_rival(actor: User, rival: Rival) -> Rival:
    """Put an unsaved `rival` into the directory. Deals that name it need no change.

    Raises:
        NotAllowed: marketing reads the directory only.
        Conflict: it is there already.
    """
    require(actor, "deals.work_rivals")
    _must_be_new(rival)
    rival.save(force_insert=True)
    return rival


@action
def edit_rival(actor: User, rival: Rival, version: int) -> Rival:
    """Save the changed fields of `rival`. With another name it is found on the deals that name it so.

    Raises:
        NotAllowed: marketing reads the directory only.
        Conflict: another one has that name.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_rivals")
    _must_be_new(rival)
    save_version(rival, FIELDS, version)
    return rival


def _must_be_new(rival: Rival) -> None:
    others = Rival.objects.exclude(pk=rival.pk).alias(key=Lower("name"))
    if others.filter(key=Lower(Value(rival.name))).exists():
        raise Conflict(f"{rival.name} is in the directory already.")
