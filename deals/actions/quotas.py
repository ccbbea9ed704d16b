"""Setting quotas."""

from django.db import IntegrityError, transaction

from deals.models import Quota
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict


@action
def add_quota(actor: User, quota: Quota) -> Quota:
    """Set what a person or a team is to win in a quarter.

    Raises:
        Conflict: there is one for that quarter already.
        NotAllowed: neither an admin nor a manager of the team or the person.
    """
    require(actor, "deals.set_quota", quota)
    try:
        with transaction.atomic():
            quota.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("There is a quota for that quarter. Change that one.") from error
    return quota


@action
def change_quota(actor: User, quota: Quota, version: int) -> Quota:
    """Change the amount; the history keeps what it was.

    Raises:
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.set_quota", quota)
    save_version(quota, ["amount"], version)
    return quota
