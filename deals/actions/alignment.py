"""Rating a pairing, and letting the partner read it."""

from django.utils import timezone

from deals.actions.pairings import lock_pairing
from deals.models import AlignmentCheck, AlignmentWish, Pairing
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict


@action
def rate_pairing(
    actor: User, pairing: Pairing, score: int, *, wish: str = "", is_shared: bool = False
) -> AlignmentCheck:
    """One of the two rates working together, today. Rating again on the same day replaces what was said.

    Args:
        wish: what would make it a 10; read by the writer alone unless `is_shared`.

    Raises:
        NotAllowed: neither of the two.
        Conflict: the pairing has ended.
    """
    require(actor, "deals.rate_pairing", pairing)
    if lock_pairing(pairing).ended_on is not None:
        raise Conflict("This pairing has ended.")
    check, _ = AlignmentCheck.objects.update_or_create(
        pairing=pairing, author=actor, rated_on=timezone.localdate(), defaults={"score": score, "is_shared": is_shared}
    )
    if wish.strip():
        AlignmentWish.objects.update_or_create(check_of=check, defaults={"text": wish.strip()})
    else:
        AlignmentWish.objects.filter(check_of=check).delete()
    return check


@action
def share_rating(actor: User, check: AlignmentCheck, *, shared: bool) -> AlignmentCheck:
    """The writer lets the partner read score and wish, or no longer does. Repeating it changes nothing.

    Raises:
        NotAllowed: somebody else wrote it.
    """
    require(actor, "deals.share_rating", check)
    check = AlignmentCheck.objects.select_for_update(of=("self",)).get(pk=check.pk)
    if check.is_shared != shared:
        check.is_shared = shared
        check.save(update_fields=["is_shared"])
    return check
