"""Moving a deal through its stages, closing it and opening it again."""

import datetime

from django.utils import timezone

from deals.actions import autopsies, handoffs
from deals.actions.queue import end_of_deal, fill_queue
from deals.actions.specialists import end_of_requests
from deals.gates import missing_for
from deals.models import Claim, LostReason, Opportunity, Outcome, Override, QueueEntry, Stage
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, GateRefused, NotAllowed


@action
def move_stage(
    actor: User,
    opportunity: Opportunity,
    stage: Stage,
    *,
    signed_on: datetime.date | None = None,
    lost_reason: str = "",
    lost_to: str = "",
    override: bool = False,
    reason: str = "",
) -> Opportunity:
    """Move the deal to `stage`, forwards through the gates or back without them.

    Args:
        signed_on: the day of signature; won wants it. For lost it is the day of the decision (default today).
        lost_reason: one of LostReason; lost wants it.
        override: a manager goes past an unmet gate; wants `reason`. It is counted and shown with what was missing.

    Raises:
        GateRefused: what is missing, each with the link that mends it; nothing was changed.
        NotAllowed: not in the actor's lane, or an override by somebody who manages nothing.
        Conflict: the stage belongs to another pipeline, the deal is closed, or closing facts are missing.
    """
    require(actor, "deals.move_stage", opportunity)
    opportunity = (
        Opportunity.objects.select_for_update(of=("self",))
        .select_related("stage", "dossier", "lead")
        .get(pk=opportunity.pk)
    )
    if stage.pipeline_id != opportunity.pipeline_id:
        raise Conflict("That stage belongs to another pipeline.")
    if stage.pk == opportunity.stage_id:
        return opportunity
    if not opportunity.is_open:
        raise Conflict("The deal is closed. Open it again first.")
    if stage.outcome == Outcome.NO_GO:
        raise Conflict("Call a no-go from the deal's page: it wants the technical reason.")
    if stage.outcome != Outcome.LOST and stage.order > opportunity.stage.order:
        _pass_gates(actor, opportunity, opportunity.stage, stage, override, reason)
    if stage.outcome == Outcome.WON:
        if signed_on is None:
            raise Conflict("Say on which day the customer signed.")
        return close(opportunity, stage, signed_on)
    if stage.outcome == Outcome.LOST:
        if lost_reason not in LostReason.values:
            raise Conflict("Say why the deal was lost.")
        opportunity.lost_reason, opportunity.lost_to = lost_reason, lost_to
        return close(opportunity, stage, signed_on or timezone.localdate(), note=reason)
    opportunity.stage = stage
    _save(opportunity, ["stage"])
    return opportunity


def _pass_gates(actor: User, opportunity: Opportunity, start: Stage, stage: Stage, override: bool, reason: str) -> None:
    """Hold the locked deal back where a required criterion on the way is unmet, or write down who let it go on."""
    missing = [item for item in missing_for(opportunity, stage, start) if not item.advisory]
    if not missing:
        return
    may_override = actor.has_perm("deals.override_gate", opportunity)
    if not override:
        raise GateRefused(f"{start} cannot be left for {stage} yet", missing, may_override=may_override)
    if not may_override:
        raise NotAllowed("Only a manager of the team goes past a gate.")
    if not reason.strip():
        raise Conflict("An override wants a written reason.")
    Override.objects.create(
        opportunity=opportunity, from_stage=start, to_stage=stage, by=actor, reason=reason.strip()[:500],
        missing=[item.what for item in missing],
    )  # fmt: skip


@action
def reopen(actor: User, opportunity: Opportunity, stage: Stage, *, reason: str, override: bool = False) -> Opportunity:
    """Open a closed deal again, in an open stage; its history stays. Its SE has to claim it anew.

    Beyond the stage it was closed in, it goes through the gates as if it had never been closed.

    Raises:
        GateRefused: it had not come that far, and something is missing.
        Conflict: the deal is open, or the stage is not an open one of its pipeline.
    """
    require(actor, "deals.move_stage", opportunity)
    opportunity = Opportunity.objects.select_for_update(of=("self",)).select_related("dossier").get(pk=opportunity.pk)
    if opportunity.is_open:
        raise Conflict("The deal is open.")
    if stage.pipeline_id != opportunity.pipeline_id or not stage.is_open:
        raise Conflict("Choose an open stage of the deal's pipeline.")
    opportunity.se = None
    last = last_open_stage(opportunity)
    if last is not None and stage.order > last.order:
        _pass_gates(actor, opportunity, last, stage, override, reason)
    handoffs.keep_as_record(opportunity)
    autopsies.keep_as_record(opportunity)
    opportunity.stage, opportunity.outcome, opportunity.closed_on = stage, Outcome.OPEN, None
    opportunity.lost_reason = opportunity.lost_to = opportunity.no_go_reason = ""
    _save(opportunity, ["stage", "outcome", "closed_on", "se", "lost_reason", "lost_to", "no_go_reason"])
    fill_queue([opportunity.pk])
    return opportunity


def last_open_stage(opportunity: Opportunity) -> Stage | None:
    """The open stage a closed deal stood in last, by its history; the first stage where it never stood in one."""
    stages = Stage.objects.filter(pipeline=opportunity.pipeline_id, outcome=Outcome.OPEN).order_by("order")
    event = opportunity.events.filter(outcome=Outcome.OPEN).order_by("-pgh_id").only("stage_id").first()
    return (stages.filter(pk=event.stage_id).first() if event else None) or stages.first()


def close(opportunity: Opportunity, stage: Stage, closed_on: datetime.date, note: str = "") -> Opportunity:
    """Write the end of a locked deal; called by the actions, inside their transaction."""
    opportunity.stage, opportunity.outcome, opportunity.closed_on = stage, stage.outcome, closed_on
    _save(opportunity, ["stage", "outcome", "closed_on", "lost_reason", "lost_to", "no_go_reason"])
    if stage.outcome == Outcome.WON:
        handoffs.signed(opportunity)
    elif stage.outcome == Outcome.LOST:
        autopsies.owe(opportunity)
    end_of_requests(opportunity)
    no_go = stage.outcome == Outcome.NO_GO
    end_of_deal(
        opportunity,
        Claim.End.NO_GO if no_go else Claim.End.CLOSED,
        QueueEntry.Result.NO_GO if no_go else QueueEntry.Result.CLOSED,
        note,
    )
    return opportunity


def _save(opportunity: Opportunity, fields: list[str]) -> None:
    opportunity.stage_since = opportunity.last_activity_at = timezone.now()
    opportunity.version += 1
    opportunity.save(update_fields=[*fields, "stage_since", "last_activity_at", "version"])
    mark_stale([opportunity.pk])
