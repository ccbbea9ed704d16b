"""Carrying the custom work of a deal's requirements into the statement of work of its proposal."""

from deals.actions.proposals import copy_work, lock, touch
from deals.models import Proposal
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict


@action
def carry_work(actor: User, proposal: Proposal) -> Proposal:
    """Make the statement of work say what the requirements say by now. Repeating it changes nothing.

    Whoever writes proposals may: the words stay those of the SE.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the version has left our hands.
    """
    require(actor, "deals.write_proposal", proposal.opportunity)
    stored = lock(proposal)
    if not stored.is_unsent:
        raise Conflict(f"{stored} is {stored.get_state_display().lower()}: its statement of work stays as it is.")
    copy_work(stored)
    touch(stored.opportunity)
    return stored
