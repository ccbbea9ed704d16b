"""Listing the steps up to the signature and settling them: the AE's lane; who has to do one may say that it is done."""

from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import ClosingStep, Opportunity, Side, StepKind
from deals.models.closing_steps import MOST
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["what", "kind", "side", "owner", "contact", "due_on"]
USUAL = [
    ("They send their remarks on our terms", StepKind.LEGAL, Side.THEIRS),
    ("We answer their remarks", StepKind.LEGAL, Side.OURS),
    ("Data processing agreement", StepKind.LEGAL, Side.OURS),
    ("Their security questionnaire", StepKind.SECURITY, Side.OURS),
    ("Their security people give their word", StepKind.SECURITY, Side.THEIRS),
    ("We are entered as a supplier", StepKind.PROCUREMENT, Side.THEIRS),
    ("Purchase order", StepKind.PROCUREMENT, Side.THEIRS),
]
"""What hardly any contract goes without: something to begin with."""


@action
def add_closing_step(actor: User, opportunity: Opportunity, step: ClosingStep) -> ClosingStep:
    """List an unsaved `step` on the deal.

    Raises:
        NotAllowed: outside the commercial lane.
        Conflict: the deal is closed, or has more steps than anybody reads.
    """
    require(actor, "deals.work_commercial", opportunity)
    _room_for(opportunity, 1)
    step.opportunity, step.created_by = opportunity, actor
    step.save(force_insert=True)
    return step


@action
def add_usual_steps(actor: User, opportunity: Opportunity) -> int:
    """List the usual steps where none is listed yet, to be dated and given to somebody; how many were added.

    Raises:
        NotAllowed: outside the commercial lane.
        Conflict: the deal is closed.
    """
    require(actor, "deals.work_commercial", opportunity)
    _room_for(opportunity, len(USUAL))
    if ClosingStep.objects.filter(opportunity=opportunity.pk).exists():
        return 0
    for what, kind, side in USUAL:
        ClosingStep.objects.create(opportunity=opportunity, what=what, kind=kind, side=side, created_by=actor)
    return len(USUAL)


@action
def edit_closing_step(actor: User, step: ClosingStep, version: int) -> ClosingStep:
    """Save the changed fields of `step`.

    Raises:
        NotAllowed: outside the commercial lane.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_commercial", step.opportunity)
    hold_deal(step.opportunity)
    save_version(step, FIELDS, version)
    return step


@action
def settle_closing_step(actor: User, step: ClosingStep, *, done: bool) -> ClosingStep:
    """It is done, or it is not after all. Repeating it changes nothing; who said so first stays.

    Raises:
        NotAllowed: outside the commercial lane, and not who of us has to do it.
    """
    require(actor, "deals.settle_closing_step", step)
    hold_deal(step.opportunity)
    stored = ClosingStep.objects.select_for_update(of=("self",)).filter(pk=step.pk).first()
    if stored is None:
        raise Conflict("Somebody removed this step.")
    if stored.is_done != done:
        stored.done_at, stored.done_by = (timezone.now(), actor) if done else (None, None)
        stored.save(update_fields=["done_at", "done_by"])
    return stored


@action
def remove_closing_step(actor: User, step: ClosingStep, *, reason: str = "") -> None:
    """It is not wanted; the history keeps it. Repeating it changes nothing."""
    require(actor, "deals.work_commercial", step.opportunity)
    hold_deal(step.opportunity)
    ClosingStep.objects.filter(pk=step.pk).delete()


def _room_for(opportunity: Opportunity, number: int) -> None:
    hold_deal(opportunity)
    if not Opportunity.objects.get(pk=opportunity.pk).is_open:
        raise Conflict("The deal is closed.")
    if ClosingStep.objects.filter(opportunity=opportunity.pk).count() + number > MOST:
        raise Conflict(f"A deal has at most {MOST} steps.")
