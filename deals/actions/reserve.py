"""Keeping an idea in reserve for the AE, and the AE's word on it.

What is written and answered never travels as an action's `reason`: the history would show that to others.
"""

from django.utils import timezone

from deals.models import Opportunity, ReserveNote
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict


@action
def keep_in_reserve(actor: User, opportunity: Opportunity, text: str) -> ReserveNote:
    """The SE records an idea for the AE, before anyone says it to the customer.

    Raises:
        NotAllowed: not in the technical lane of the deal.
        Conflict: the deal is closed.
    """
    require(actor, "deals.keep_in_reserve", opportunity)
    opportunity = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    return ReserveNote.objects.create(opportunity=opportunity, text=text, author=actor)


@action
def edit_reserve_note(actor: User, note: ReserveNote, version: int) -> ReserveNote:
    """The author changes the words of an idea that the AE has not decided on.

    Raises:
        NotAllowed: somebody else wrote it.
        Conflict: it was released or held back.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.edit_reserve_note", note)
    if not _lock(note).is_undecided:
        raise Conflict(f"{note.opportunity.owner or 'The AE'} has decided on it. Write a new one.")
    save_version(note, ["text"], version)
    return note


@action
def release(actor: User, note: ReserveNote, *, answer: str = "") -> ReserveNote:
    """The AE lets the idea be said to the customer; one that was held back may be released later.

    Repeating it is a success.
    """
    require(actor, "deals.decide_reserve_note", note)
    return _decide(actor, _lock(note), ReserveNote.State.RELEASED, answer)


@action
def hold(actor: User, note: ReserveNote, *, answer: str = "") -> ReserveNote:
    """The AE keeps the idea from the customer. Repeating it is a success.

    Raises:
        Conflict: it was released, so it may have been said.
    """
    require(actor, "deals.decide_reserve_note", note)
    note = _lock(note)
    if note.is_released:
        raise Conflict("It was released already, and may have been said.")
    return _decide(actor, note, ReserveNote.State.HELD, answer)


def _decide(actor: User, note: ReserveNote, state: str, answer: str) -> ReserveNote:
    if note.state != state:
        note.state, note.answer = state, answer.strip()
        note.decided_by, note.decided_at = actor, timezone.now()
        save_version(note, ["state", "answer", "decided_by", "decided_at"], note.version)
    return note


def _lock(note: ReserveNote) -> ReserveNote:
    return ReserveNote.objects.select_for_update(of=("self",)).select_related("opportunity__owner").get(pk=note.pk)
