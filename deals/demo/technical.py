"""What the demo's SEs do in the technical lane of a deal, at the moment when its story gets there."""

import datetime
import random

from deals.actions.competitors import add_competitor
from deals.actions.stakeholders import add_stakeholder
from deals.actions.technical_wins import record_technical_win
from deals.demo import words
from deals.demo.clock import at
from deals.models import (
    Competitor,
    Influence,
    Opportunity,
    Stakeholder,
    StakeholderRole,
    Stance,
    TechnicalState,
    TechnicalWin,
)
from people.models import User

RIVALS = ["Mergeform", "Stitchbase"]
SAID = {
    TechnicalState.WON: [
        "Signed the result of the evaluation: every criterion met, two of them better than asked.",
        "“We would put this in tomorrow”, in front of the whole group; the minutes say so too.",
        "Their architecture board has released us; the letter is in the deal's folder.",
    ],
    TechnicalState.LOST: [
        "Their board prefers what runs inside their own network; ours would have had to wait for it."
    ],
}


def dice_of(deal: Opportunity) -> random.Random:
    """Dice of the deal's own, which leave the rest of the story as it is."""
    return random.Random(deal.name)  # noqa: S311  a story, not a secret


def technical_buyer(deal: Opportunity, se: User, moment: datetime.datetime) -> Stakeholder:
    """Who judges the technology at the customer; met by now at the latest."""
    known = deal.stakeholders.filter(role=StakeholderRole.TECHNICAL_BUYER).first()
    if known:
        return known
    dice = dice_of(deal)
    person = Stakeholder(
        name=f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}", known_by=se,
        job_title=dice.choice(["VP Engineering", "VP Data and Architecture", "VP IT Operations"]),
        role=StakeholderRole.TECHNICAL_BUYER, influence=Influence.HIGH, stance=Stance.NEUTRAL,
        note="Wants to see how we fail, not how we work; decides what is measured.",
    )  # fmt: skip
    with at(moment):
        return add_stakeholder(se, deal, person)


def decide(deal: Opportunity, owner: User, se: User, state: str, moment: datetime.datetime) -> None:
    """Their technical people decide; half of the time there was somebody else in the running."""
    dice = dice_of(deal)
    buyer = technical_buyer(deal, se, moment - datetime.timedelta(days=1))
    rival = None
    if dice.random() < 0.5:
        with at(moment - datetime.timedelta(hours=20)):
            name = dice.choice(RIVALS)
            rival = add_competitor(owner, deal, Competitor(name=name, note="Shown in the same week as ours."))
    won = state == TechnicalState.WON
    decision = TechnicalWin(
        state=state, decided_on=moment.date(), signed_off_by=buyer, against=rival, note=dice.choice(SAID[state]),
        satisfaction=dice.choice([4, 4, 5, 3]) if won else dice.choice([2, 3]),
    )  # fmt: skip
    with at(moment):
        record_technical_win(se, deal, decision)
