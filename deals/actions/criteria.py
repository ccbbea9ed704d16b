"""The exit criteria of a stage: the admin's to add, change, order and remove."""

from deals.gates import GATES
from deals.models import ExitCriterion, Stage
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict


@action
def add_criterion(actor: User, stage: Stage, gate: str, *, is_required: bool) -> ExitCriterion:
    """Let `stage` want the gate `gate`, after those it wants already.

    Raises:
        Conflict: the stage is closed or wants that gate already, or nobody knows the gate.
    """
    require(actor, "deals.change_stages")
    stage = Stage.objects.select_for_update().get(pk=stage.pk)
    if not stage.is_open:
        raise Conflict("Nothing leaves a closed stage through gates.")
    if gate not in GATES:
        raise Conflict("There is no such gate.")
    wanted = list(stage.criteria.all())
    if gate in {criterion.gate for criterion in wanted}:
        raise Conflict(f"{stage} wants that already.")
    order = max((criterion.order for criterion in wanted), default=-1) + 1
    return ExitCriterion.objects.create(stage=stage, gate=gate, is_required=is_required, order=order)


@action
def change_criterion(actor: User, criterion: ExitCriterion, *, is_required: bool, position: int) -> ExitCriterion:
    """Make a criterion required or advisory, and put it at `position` (from 1) in its stage's list.

    Raises:
        Conflict: somebody removed it in between.
    """
    require(actor, "deals.change_stages")
    Stage.objects.select_for_update().get(pk=criterion.stage_id)
    wanted = list(ExitCriterion.objects.filter(stage=criterion.stage_id))
    found = next((row for row in wanted if row.pk == criterion.pk), None)
    if found is None:
        raise Conflict("Somebody removed this criterion in between.")
    wanted.remove(found)
    wanted.insert(max(position, 1) - 1, found)
    for order, row in enumerate(wanted):
        changed = row.order != order or (row is found and row.is_required != is_required)
        if changed:
            row.order = order
            if row is found:
                row.is_required = is_required
            row.save(update_fields=["order", "is_required"])
    return found


@action
def remove_criterion(actor: User, criterion: ExitCriterion) -> None:
    """The stage wants it no longer. Removing what is gone is a success."""
    require(actor, "deals.change_stages")
    Stage.objects.select_for_update().get(pk=criterion.stage_id)
    ExitCriterion.objects.filter(pk=criterion.pk).delete()
