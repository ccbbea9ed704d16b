"""How the demo's deals end: what was promised is handed over, and what was lost is looked into."""

import datetime

from deals.actions import handoffs
from deals.demo.clock import at
from deals.demo.technical import dice_of
from deals.models import Handoff, Opportunity
from people.models import User

PROMISES = [
    "Order data in their warehouse within five minutes, from the first day on.\n"
    "A named person for the first ninety days.",
    "Single sign-on with their directory before anybody else than the pilot group works with it.\nThe price per seat "
    "holds for the second year.",
    "Their archive of three years is loaded before go-live.\nTwo workshops for their planners, on site.",
]
MEASURES = [
    "Reports that took until noon are there at eight. Their controller counts the late ones every month.",
    "Half as many tickets about missing records by the end of the second quarter.",
    "The old system is switched off on the day its contract ends.",
]
CUSTOM = [
    "A connector to their warehouse system; twelve days, described in the statement of work.",
    "None. Everything is configuration.",
    "An export in the format of their auditors; four days, reviewed by their team.",
]
RISKS = [
    "Their head of integration leaves in spring and has not been replaced.",
    "The test system has no real data; the first load will bring surprises.",
    "None known. Their team has done this before with another vendor.",
]


def begin(deal: Opportunity, owner: User, se: User, receiver: User, moment: datetime.datetime) -> None:
    """AE and SE write the handoff down, a day or so before the signature."""
    dice = dice_of(deal)
    with at(moment):
        words = Handoff(promises=dice.choice(PROMISES), success_metrics=dice.choice(MEASURES), receiver=receiver)
        handoff = handoffs.write_handoff(owner, deal, words, "commercial")
        handoff.custom_work, handoff.risks = dice.choice(CUSTOM), dice.choice(RISKS)
        handoffs.write_handoff(se, deal, handoff, "technical", handoff.version)
        for person in deal.stakeholders.order_by("pk")[:2]:
            handoffs.add_person(owner, handoff, person, "Has seen every step of the evaluation.")


def give(deal: Opportunity, owner: User, moment: datetime.datetime, *, accepted: bool) -> None:
    """The signed deal goes to its receiver, who takes it on two days later, or has not come to it yet."""
    with at(moment):
        handoff = handoffs.hand_over(owner, Handoff.objects.current().get(opportunity=deal))
    if accepted:
        with at(moment + datetime.timedelta(days=2)):
            handoffs.accept_handoff(handoff.receiver, handoff)
