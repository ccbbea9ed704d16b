"""Deciding in a pipeline scrub: keep a deal, fix it with a task, or kill it.

The first decision begins a scrub, the last one finishes it. Lock order: the pairing, then the opportunity.
"""

import datetime

from django.utils import timezone

from deals.actions.opportunities import update_commercial
from deals.actions.pairings import lock_pairing
from deals.actions.queue import call_no_go
from deals.actions.stages import move_stage
from deals.models import DealTask, Decision, Opportunity, Outcome, Pairing, Scrub, ScrubDecision
from deals.scrubs import claim_and_evidence, undecided
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, StaleEdit

KILLS = {Outcome.LOST: "deals.move_stage", Outcome.NO_GO: "deals.call_no_go"}
"""The two ways to kill a deal, and whose they are: losing it the AE's, a no-go the SE's."""


@action
def keep(
    actor: User, pairing: Pairing, opportunity: Opportunity, *, note: str = "", version: int = 0,
    look_again_on: datetime.date | None = None, close_date: datetime.date | None = None, deal_version: int = 0,
) -> ScrubDecision:  # fmt: skip
    """The deal is sound: look at it again in the next scrub, or not before `look_again_on`.

    Args:
        version: of the decision that was on the screen; 0 for none.
        close_date: as the AE confirms or moves it, on the deal as of `deal_version`.

    Raises:
        NotAllowed: in neither lane of the deal, or a close date outside the commercial lane.
        Conflict: not an open deal of the two any more, or the partner decided in between.
        StaleEdit: the deal was saved elsewhere in between; nothing was written.
    """
    scrub, deal, before = _begin(actor, pairing, opportunity, version)
    if close_date is not None and close_date != deal.close_date:
        require(actor, "deals.work_commercial", deal)
        deal.close_date = close_date
        update_commercial(actor, deal, deal_version)
    return _decide(actor, scrub, deal, before, Decision.KEEP, note, look_again_on=look_again_on)


@action
def fix(
    actor: User, pairing: Pairing, opportunity: Opportunity, *, what: str, assignee: User, due_on: datetime.date,
    as_next_step: bool = False, note: str = "", version: int = 0, deal_version: int = 0,
) -> ScrubDecision:  # fmt: skip
    """The deal lacks something: one of the two does it by a day.

    Args:
        as_next_step: also write it down as the deal's next step, which is the AE's lane.

    Raises:
        NotAllowed, Conflict, StaleEdit: as in `keep`; a Conflict also for an assignee who is neither of the two.
    """
    scrub, deal, before = _begin(actor, pairing, opportunity, version)
    if assignee.pk not in (deal.owner_id, deal.se_id):
        raise Conflict("A task of a scrub is for one of the two.")
    if as_next_step:
        require(actor, "deals.work_commercial", deal)
        deal.next_step, deal.next_step_on, deal.next_step_owner = what, due_on, assignee
        update_commercial(actor, deal, deal_version)
    task = DealTask.objects.create(opportunity=deal, what=what, assignee=assignee, due_on=due_on, created_by=actor)
    return _decide(actor, scrub, deal, before, Decision.FIX, note, task=task)


@action
def kill(
    actor: User, pairing: Pairing, opportunity: Opportunity, *, way: str, lost_reason: str = "", lost_to: str = "",
    no_go_reason: str = "", note: str = "", version: int = 0,
) -> ScrubDecision:  # fmt: skip
    """The deal ends: as lost, which is the AE's lane, or as a technical no-go, which is the SE's.

    Raises:
        NotAllowed: that way is not in the actor's lane.
        Conflict: as in `keep`, or the reason of that way is missing.
    """
    scrub, deal, before = _begin(actor, pairing, opportunity, version)
    if way not in KILLS:
        raise Conflict("Say whether the deal is lost or a no-go.")
    # The figures as they stood: a closed deal has none.
    decision = _decide(actor, scrub, deal, before, Decision.KILL, note, finish=False)
    if way == Outcome.NO_GO:
        call_no_go(actor, deal, no_go_reason=no_go_reason, reason=note)
    else:
        stage = deal.pipeline.stages.filter(outcome=Outcome.LOST).first()
        if stage is None:
            raise Conflict("This pipeline has no stage for lost deals.")
        move_stage(actor, deal, stage, lost_reason=lost_reason, lost_to=lost_to, reason=note)
    _finish_if_through(scrub)
    return decision


@action
def finish_scrub(actor: User, pairing: Pairing) -> Scrub | None:
    """End the scrub that is under way, with what is left undecided counted; None where none is."""
    require(actor, "deals.work_pairing", pairing)
    lock_pairing(pairing)
    scrub = Scrub.objects.filter(pairing=pairing, finished_at=None).first()
    if scrub is not None:
        _finish(scrub, undecided(pairing, scrub).count())
    return scrub


def _begin(
    actor: User, pairing: Pairing, opportunity: Opportunity, version: int
) -> tuple[Scrub, Opportunity, ScrubDecision | None]:
    """The scrub under way, the locked deal, and the decision on it so far."""
    require(actor, "deals.work_pairing", pairing)
    require(actor, "deals.scrub_deal", opportunity)
    pairing = lock_pairing(pairing)
    if pairing.ended_on is not None:
        raise Conflict("This pairing has ended.")
    locked = Opportunity.objects.select_for_update(of=("self",)).select_related("pipeline", "stage", "owner", "se")
    deal = locked.get(pk=opportunity.pk)
    if not deal.is_open:
        raise Conflict("The deal was closed in the meantime.")
    if (deal.owner_id, deal.se_id) != (pairing.ae_id, pairing.se_id):
        raise Conflict("The two do not share this deal any more.")
    scrub, _ = Scrub.objects.get_or_create(pairing=pairing, finished_at=None, defaults={"started_by": actor})
    before = scrub.decisions.select_related("by", "task").filter(opportunity=deal).first()
    if version != (before.version if before else 0):
        found = f"{before.by} decided to {before.decision} it" if before else "The scrub was finished"
        raise StaleEdit(f"{found} in the meantime. Nothing was overwritten.")
    return scrub, deal, before


def _decide(
    actor: User, scrub: Scrub, deal: Opportunity, before: ScrubDecision | None, decision: str, note: str, *,
    finish: bool = True, look_again_on: datetime.date | None = None, task: DealTask | None = None,
) -> ScrubDecision:  # fmt: skip
    claimed, evidenced = claim_and_evidence(deal)
    old_task = before.task if before else None
    made = before or ScrubDecision(scrub=scrub, opportunity=deal, version=0)
    made.decision, made.note, made.look_again_on, made.task = decision, note, look_again_on, task
    made.claimed, made.evidenced, made.by, made.at = claimed, evidenced, actor, timezone.now()
    made.version += 1
    made.save()
    if old_task is not None and old_task.done_at is None:
        old_task.delete()  # the pair thought better of it; the history keeps it
    if finish:
        _finish_if_through(scrub)
    return made


def _finish_if_through(scrub: Scrub) -> None:
    if not undecided(scrub.pairing, scrub).exists():
        _finish(scrub, 0)


def _finish(scrub: Scrub, left: int) -> None:
    scrub.finished_at, scrub.left_open = timezone.now(), left
    scrub.save(update_fields=["finished_at", "left_open"])
