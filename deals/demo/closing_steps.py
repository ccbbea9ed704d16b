"""Steps up to the signature of deals in negotiation: one list on its way, one with a step that is late."""

import datetime

from deals.actions import closing_steps as actions
from deals.demo.clock import at, days_ago
from deals.models import ClosingStep, Opportunity, Side

# Days from today, or None for no date; whether it is done.
ON_ITS_WAY = [(-9, True), (-4, True), (3, False), (-6, True), (5, False), (8, False), (None, False)]
LATE = [(-12, True), (-3, False), (6, False), (-2, False), (4, False), (None, False), (None, False)]
CONTACTS = {"legal": "Their counsel", "security": "Their information security", "procurement": "Their purchasing"}


def tell() -> None:
    """Both keep the last activity of their deals, so that a deal that rests goes on resting."""
    deals = Opportunity.objects.open().filter(stage__slug="negotiation").exclude(owner=None).exclude(se=None)
    for deal, plan in zip(deals.select_related("owner", "se").order_by("pk"), (ON_ITS_WAY, LATE), strict=False):
        with at(days_ago(14)):
            actions.add_usual_steps(deal.owner, deal)
        for step, (days, is_done) in zip(deal.closing_steps.order_by("pk"), plan, strict=True):
            _date(deal, step, days, is_done)
        Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=deal.last_activity_at)


def _date(deal: Opportunity, step: ClosingStep, days: int | None, is_done: bool) -> None:
    if step.side == Side.OURS:
        step.owner = deal.se if step.kind == "security" else deal.owner
    else:
        step.contact = CONTACTS[step.kind]
    step.due_on = None if days is None else (days_ago(-days)).date()
    with at(days_ago(13)):
        actions.edit_closing_step(deal.owner, step, step.version)
    if is_done:
        day = days_ago(-days) - datetime.timedelta(days=1)
        with at(day):
            actions.settle_closing_step(step.owner or deal.owner, step, done=True)
