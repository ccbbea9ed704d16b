"""The handoff of a won deal: written by AE and SE, each in their lane, and accepted or returned by its receiver."""

from django.utils import timezone

from deals.custom_work import unmentioned
from deals.models import Handoff, HandoffPerson, HandoffState, Opportunity, Outcome, Stakeholder
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, Missing, StaleEdit
from presales.history import version_of

LANES = {
    "commercial": ("promises", "success_metrics", "receiver"),
    "technical": ("custom_work", "risks"),
}
"""Which lane fills which fields."""

WANTED = {
    "promises": "Say what we promised",
    "success_metrics": "Say what success is measured by",
    "receiver": "Name who receives it",
    "custom_work": "Say what is built for them alone, or that nothing is",
    "risks": "Say what could go wrong, or that nothing is known",
}


def missing_of(handoff: Handoff) -> list[Missing]:
    """What is missing before the receiver can have it. A deal without an SE wants no technical words."""
    deal = handoff.opportunity
    fields = [*LANES["commercial"], *(LANES["technical"] if deal.se_id else ())]
    lacking = [Missing(WANTED[name]) for name in fields if not getattr(handoff, name)]
    if handoff.custom_work:
        lacking += [Missing(f"Say what becomes of “{title}” under custom work") for title in unmentioned(handoff)]
    if deal.outcome != Outcome.WON:
        lacking.append(Missing("The deal is not won yet"))
    return lacking


@action
def write_handoff(
    actor: User, opportunity: Opportunity, handoff: Handoff, lane: str, version: int | None = None
) -> Handoff:
    """Keep what one lane has written: the first words, which start the handoff, or changed ones that had `version`.

    Raises:
        NotAllowed: the other lane's fields.
        Conflict: the deal is lost, the receiver has the handoff, nothing was written, or nobody else receives it.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, f"deals.work_{lane}", opportunity)
    # Holding the deal keeps two people from starting it at once.
    deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    handoff.opportunity = deal
    if handoff.receiver_id is not None and handoff.receiver_id == deal.owner_id:
        raise Conflict("A handoff goes to somebody else than the AE of the deal.")
    if not any(getattr(handoff, name) for name in LANES[lane]):
        raise Conflict("Write something first.")
    if handoff.pk:
        stored = Handoff.objects.select_for_update(of=("self",)).get(pk=handoff.pk)
        _writable(stored)
        save_version(handoff, list(LANES[lane]), _version_for(stored, lane, version))
    else:
        if deal.outcome not in (Outcome.OPEN, Outcome.WON):
            raise Conflict("The deal is not won; there is nothing to hand over.")
        if Handoff.objects.current().filter(opportunity=deal).exists():
            raise StaleEdit("Somebody else has started the handoff meanwhile. Nothing was overwritten.")
        handoff.started_by, handoff.closed_on = actor, deal.closed_on
        handoff.save(force_insert=True)
    _touch(deal)
    return handoff


def _version_for(stored: Handoff, lane: str, version: int | None) -> int | None:
    """The stored version where only the other lane has written since `version`: nothing of this lane is overwritten."""
    if version is None or version == stored.version:
        return version
    opened = version_of(stored, version)
    columns = [Handoff._meta.get_field(name).attname for name in LANES[lane]]
    same = opened is not None and all(getattr(opened, name) == getattr(stored, name) for name in columns)
    return stored.version if same else version


@action
def add_person(actor: User, handoff: Handoff, stakeholder: Stakeholder, note: str = "") -> HandoffPerson:
    """Name somebody of the buying committee whom the receiver should know.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: of another deal, named already, or the receiver has the handoff.
    """
    require(actor, "deals.work_stakeholders", handoff.opportunity)
    handoff = _lock(handoff)
    _writable(handoff)
    if stakeholder.opportunity_id != handoff.opportunity_id:
        raise Conflict(f"{stakeholder} belongs to another deal.")
    if handoff.people.filter(stakeholder=stakeholder).exists():
        raise Conflict(f"{stakeholder} is named already.")
    _touch(handoff.opportunity)
    return HandoffPerson.objects.create(
        handoff=handoff, stakeholder=stakeholder, name=stakeholder.name, job_title=stakeholder.job_title,
        role=stakeholder.role, note=note,
    )  # fmt: skip


@action
def remove_person(actor: User, person: HandoffPerson) -> None:
    """Take somebody off. Repeating it changes nothing."""
    require(actor, "deals.work_stakeholders", person.handoff.opportunity)
    _writable(_lock(person.handoff))
    HandoffPerson.objects.filter(pk=person.pk).delete()


@action
def hand_over(actor: User, handoff: Handoff, *, answer: str = "") -> Handoff:
    """Give the handoff to its receiver. Repeating it is a success.

    Raises:
        NotAllowed: not in the commercial lane.
        Conflict: something is missing, the receiver's question has no answer, or it is accepted or a record.
    """
    require(actor, "deals.work_commercial", handoff.opportunity)
    handoff = _lock(handoff)
    if handoff.waits:
        return handoff
    _writable(handoff)
    lacking = missing_of(handoff)
    if lacking:
        raise Conflict(f"It cannot be handed over yet: {'; '.join(item.what.lower() for item in lacking)}.")
    if not handoff.receiver.is_active:
        raise Conflict(f"{handoff.receiver} has left. Name another receiver.")
    if handoff.is_returned and not answer.strip():
        raise Conflict("Answer the question first.")
    handoff.state, handoff.answer = HandoffState.HANDED_OVER, answer.strip()
    handoff.handed_over_by, handoff.handed_over_at = actor, timezone.now()
    save_version(handoff, ["state", "answer", "handed_over_by", "handed_over_at"], handoff.version)
    _touch(handoff.opportunity)
    return handoff


@action
def accept_handoff(actor: User, handoff: Handoff) -> Handoff:
    """The receiver takes it on. Repeating it is a success.

    Raises:
        NotAllowed: somebody else than the receiver.
        Conflict: it was not handed over, or the deal is open again.
    """
    require(actor, "deals.receive_handoff", handoff)
    handoff = _lock(handoff)
    require(actor, "deals.receive_handoff", handoff)
    if handoff.is_accepted:
        return handoff
    _must_wait(handoff)
    handoff.state, handoff.accepted_at = HandoffState.ACCEPTED, timezone.now()
    save_version(handoff, ["state", "accepted_at"], handoff.version)
    return handoff


@action
def return_handoff(actor: User, handoff: Handoff, question: str) -> Handoff:
    """The receiver gives it back with a question, which AE and SE answer before it comes again.

    Raises:
        NotAllowed: somebody else than the receiver.
        Conflict: no question, it was not handed over, or the deal is open again.
    """
    require(actor, "deals.receive_handoff", handoff)
    handoff = _lock(handoff)
    require(actor, "deals.receive_handoff", handoff)
    _must_wait(handoff)
    if not question.strip():
        raise Conflict("Say what you want to know.")
    handoff.state, handoff.question, handoff.answer = HandoffState.RETURNED, question.strip(), ""
    save_version(handoff, ["state", "question", "answer"], handoff.version)
    return handoff


def signed(opportunity: Opportunity) -> None:
    """The deal has just been won: what was started belongs to this closing. Called inside the closing action."""
    handoffs = Handoff.objects.current().filter(opportunity=opportunity)
    handoffs.update(closed_on=opportunity.closed_on)


def keep_as_record(opportunity: Opportunity) -> None:
    """The deal is opened again: its handoff stays as a record of that closing. Called inside `reopen`."""
    handoffs = Handoff.objects.current().filter(opportunity=opportunity).exclude(closed_on=None)
    handoffs.update(reopened_at=timezone.now())


def _lock(handoff: Handoff) -> Handoff:
    """The handoff as it stands, held with its deal; the deal first, as everywhere."""
    Opportunity.objects.select_for_update(of=("self",)).get(pk=handoff.opportunity_id)
    locked = Handoff.objects.select_for_update(of=("self",)).select_related("opportunity", "receiver")
    return locked.get(pk=handoff.pk)


def _writable(handoff: Handoff) -> None:
    if handoff.is_record:
        raise Conflict("The deal was opened again. This is the record of an earlier closing.")
    if handoff.is_accepted:
        raise Conflict(f"{handoff.receiver} has accepted it. Nothing is changed behind their back.")
    if handoff.waits:
        raise Conflict(f"It lies with {handoff.receiver}, who accepts it or returns it.")


def _must_wait(handoff: Handoff) -> None:
    if not handoff.waits:
        raise Conflict("This handoff is not waiting for you.")


def _touch(opportunity: Opportunity) -> None:
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
