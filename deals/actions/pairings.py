"""Starting and ending pairings, proposing a charter and accepting it."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.charter import default_charter
from deals.models import Charter, Pairing
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, NotAllowed, StaleEdit
from qualification.policy import thresholds_for

TERMS = [
    "budget_required", "sponsor_required", "timeline_months", "prep_minutes", "prep_hours_ahead", "rescue_phrase",
    "pricing_by_ae", "scrub_weeks", "alignment_weeks", "note",
]  # fmt: skip


@action
def start_pairing(actor: User, ae: User, se: User) -> Pairing:
    """Pair an AE with an SE; a first charter with the team's defaults is proposed. Repeating it is a success.

    Raises:
        NotAllowed: the actor is neither of the two, nor manages both.
        Conflict: not an active AE and an active SE who share a team.
    """
    require(actor, "deals.start_pairing")
    shared = ae.team_ids & se.team_ids
    if actor is not None and actor.pk not in (ae.pk, se.pk):
        manages = actor.role == Role.ADMIN or (actor.role == Role.MANAGER and shared & actor.team_ids)
        if not manages:
            raise NotAllowed("You pair yourself, or people of the teams you manage.")
    if not (ae.is_active and se.is_active and ae.role == Role.AE and se.role == Role.SE and shared):
        raise Conflict("A pairing takes an AE and an SE of the same team.")
    existing = Pairing.objects.active().filter(ae=ae, se=se).first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            pairing = Pairing.objects.create(ae=ae, se=se)
    except IntegrityError:  # somebody paired them in this very moment
        return Pairing.objects.active().get(ae=ae, se=se)
    defaults = default_charter(thresholds_for(min(shared)))
    _propose(actor, pairing, {name: getattr(defaults, name) for name in TERMS}, number=1)
    return pairing


@action
def end_pairing(actor: User, pairing: Pairing, *, reason: str = "") -> Pairing:
    """The two do not work as a pair any more; their charters stay on record. Repeating it is a success."""
    require(actor, "deals.work_pairing", pairing)
    pairing = lock_pairing(pairing)
    if pairing.ended_on is None:
        pairing.ended_on = timezone.localdate()
        pairing.save(update_fields=["ended_on"])
    return pairing


@action
def propose_charter(actor: User, pairing: Pairing, terms: dict[str, object], *, based_on: int) -> Charter:
    """Propose a new version, which wants both acceptances anew; who proposes it has accepted it.

    Args:
        terms: every field in TERMS.
        based_on: the number of the version that was on the proposer's screen.

    Raises:
        StaleEdit: somebody proposed a version in between; `theirs` are its terms.
        Conflict: the pairing has ended.
    """
    require(actor, "deals.work_pairing", pairing)
    pairing = lock_pairing(pairing)
    if pairing.ended_on is not None:
        raise Conflict("This pairing has ended.")
    newest = pairing.charters.order_by("-number").first()
    if newest is not None and newest.number != based_on:
        raise StaleEdit(
            f"Version {newest.number} was proposed while you were writing. Nothing was overwritten.",
            {name: getattr(newest, name) for name in TERMS},
        )
    return _propose(actor, pairing, {name: terms[name] for name in TERMS}, number=newest.number + 1 if newest else 1)


def _propose(actor: User | None, pairing: Pairing, terms: dict[str, object], number: int) -> Charter:
    now = timezone.now()
    return Charter.objects.create(
        pairing=pairing, number=number, proposed_by=actor, proposed_at=now,
        accepted_by_ae_at=now if actor and actor.pk == pairing.ae_id else None,
        accepted_by_se_at=now if actor and actor.pk == pairing.se_id else None,
        **terms,
    )  # fmt: skip


@action
def accept_charter(actor: User, charter: Charter) -> Charter:
    """One of the two accepts a version; with the second acceptance it is in force. Repeating it is a success.

    Raises:
        NotAllowed: neither of the two.
        Conflict: a newer version is proposed, or the pairing has ended.
    """
    require(actor, "deals.accept_charter", charter.pairing)
    pairing = lock_pairing(charter.pairing)
    charter = Charter.objects.select_for_update().get(pk=charter.pk)
    if pairing.ended_on is not None:
        raise Conflict("This pairing has ended.")
    if pairing.charters.filter(number__gt=charter.number).exists():
        raise Conflict("A newer version is proposed. Read that one.")
    side = "accepted_by_ae_at" if actor.pk == pairing.ae_id else "accepted_by_se_at"
    if getattr(charter, side) is None:
        setattr(charter, side, timezone.now())
        charter.save(update_fields=[side])
    return charter


def lock_pairing(pairing: Pairing) -> Pairing:
    """The stored row, held until the end of the transaction."""
    return Pairing.objects.select_for_update(of=("self",)).get(pk=pairing.pk)
