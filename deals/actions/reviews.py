"""Reviewing deals: what a manager notes down, and the tasks that come of it."""

import datetime

from django.utils import timezone

from deals.models import DealReview, DealTask, Opportunity
from deals.scrubs import claim_and_evidence
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict


@action
def mark_reviewed(actor: User, opportunity: Opportunity, *, note: str = "") -> DealReview:
    """The deal was gone through today, by the actor's clock. A second time on the same day replaces the note.

    Raises:
        NotAllowed: not a manager of the deal's team.
        Conflict: the deal is closed.
    """
    require(actor, "deals.review_deal", opportunity)
    deal = _held(opportunity)
    claimed, evidenced = claim_and_evidence(deal)
    told = {"note": note, "at": timezone.now(), "claimed": claimed, "evidenced": evidenced}
    made, _ = DealReview.objects.update_or_create(opportunity=deal, by=actor, on=actor.today, defaults=told)
    return made


@action
def set_task(
    actor: User, opportunity: Opportunity, *, what: str, assignee: User, due_on: datetime.date
) -> DealTask:  # fmt: skip
    """One of the two does one thing by a day. What stands there already to be done is not written twice.

    Raises:
        NotAllowed: in neither lane of the deal.
        Conflict: the deal is closed, or it is for somebody who is not on it.
    """
    require(actor, "deals.set_task", opportunity)
    deal = _held(opportunity)
    if assignee.pk not in (deal.owner_id, deal.se_id):
        raise Conflict("A task is for the AE or the SE of the deal.")
    same = DealTask.objects.filter(opportunity=deal, what=what, assignee=assignee, due_on=due_on, done_at=None)
    return same.first() or DealTask.objects.create(
        opportunity=deal, what=what, assignee=assignee, due_on=due_on, created_by=actor
    )


def _held(opportunity: Opportunity) -> Opportunity:
    deal = Opportunity.objects.select_for_update(of=("self",)).select_related("stage").get(pk=opportunity.pk)
    if not deal.is_open:
        raise Conflict("The deal was closed in the meantime.")
    return deal
