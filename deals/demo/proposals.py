"""What the demo's pairs offer their customers: written, approved where it has to be, sent, and answered."""

import datetime
import random
from dataclasses import dataclass
from decimal import Decimal

from deals.actions.proposal_states import (
    accept_proposal,
    approve_proposal,
    ask_approval,
    decline_proposal,
    send_back_proposal,
    send_proposal,
)
from deals.actions.proposals import price_proposal, start_proposal, write_section
from deals.demo.clock import at, days_ago
from deals.demo.technical import dice_of
from deals.models import Opportunity, Proposal, ProposalLine, Recurrence, SectionKind, StakeholderRole
from deals.models.proposals import half_up
from people.models import User

SOLUTION = [
    "One hub between the systems you have, with a connector to each. What changes in one is in the others within "
    "seconds, and what could not be delivered is kept and shown, never lost.",
    "Your data goes through a pipeline that checks it against rules which your own people write. Nothing runs at night "
    "any more; a failed record waits for its owner, and the rest goes on.",
    "A connector reads what each plant writes down, in its own words, and gives it to the platform in yours. It runs "
    "in your network; only what you release leaves it.",
]
APPROACH = (
    "You have seen it on your own data, and your people have judged it. Nothing has to be replaced, so the first "
    "system is connected in the second week.\n\nWeeks 1 and 2: access and the first system. Weeks 3 to 6: the others, "
    "one after the other. Week 8: your people run it, and we stand by."
)
TERMS = (
    "Payable yearly in advance, thirty days after the invoice. Prices without tax.\n\nSupport on working days from 8 "
    "to 18, answered within two hours. Travel only as agreed before."
)
ASKED = "They sign for the whole term, and the next plant is to follow within the year."
GIVEN = "Three references in their industry are worth it to us. Not again at renewal."
BACK = "Twenty-five is too much for one year. Offer it for three, or fifteen now."


@dataclass
class Offer:
    """Who makes it for which deal, and between which moments."""

    deal: Opportunity
    owner: User
    boss: User
    begin: datetime.datetime
    end: datetime.datetime

    @property
    def dice(self) -> random.Random:
        """Dice of the offer's own, which leave the rest of the story as it is."""
        return dice_of(self.deal)

    def moment(self, part: float) -> datetime.datetime:
        """The moment when so much of the time has passed."""
        return self.begin + (self.end - self.begin) * part

    def draft(self, discount: Decimal, part: float) -> Proposal:
        """A version with all its texts and the deal's own amount, at this discount; started, written, priced."""
        with at(self.moment(part)):
            proposal = start_proposal(self.owner, self.deal)
        texts = {
            SectionKind.SOLUTION: self.dice.choice(SOLUTION), SectionKind.APPROACH: APPROACH, SectionKind.TERMS: TERMS,
        }  # fmt: skip
        for section in proposal.sections.exclude(text__gt=""):
            if section.kind in texts:
                section.text = texts[section.kind]
                author = self.deal.se if section.kind == SectionKind.SOLUTION else self.owner
                with at(self.moment(part + 0.05)):
                    write_section(author or self.boss, section, section.version)
        proposal.valid_until = max((self.end + datetime.timedelta(days=24)).date(), proposal.valid_until)
        with at(self.moment(part + 0.1)):
            price_proposal(self.owner, proposal, self._lines(discount), proposal.version)
        return proposal

    def _lines(self, discount: Decimal) -> list[ProposalLine]:
        """A licence for so many at the discount, support for the rest of the amount, and the one-off fees."""
        seats = Decimal(self.dice.choice([20, 25, 40, 50]))
        unit = half_up(self.deal.amount * Decimal("0.8") / seats / (100 - discount) * 100)
        licence = ProposalLine(
            description="Integration platform, per connected system", quantity=seats, unit_price=unit, discount=discount
        )
        support = ProposalLine(
            description="Support and monitoring", quantity=Decimal(1), unit_price=self.deal.amount - licence.total,
            discount=Decimal(0),
        )  # fmt: skip
        lines = [licence, support]
        if self.deal.one_off:
            lines.append(
                ProposalLine(
                    description="Set-up and training on site", quantity=Decimal(1), unit_price=self.deal.one_off,
                    discount=Decimal(0), recurrence=Recurrence.ONCE,
                )
            )  # fmt: skip
        return lines

    def ask(self, proposal: Proposal, part: float) -> None:
        """The AE asks for the discount."""
        with at(self.moment(part)):
            ask_approval(self.owner, proposal, reason=ASKED)

    def send(self, proposal: Proposal, part: float) -> None:
        """It goes to whoever releases the money."""
        buyer = self.deal.stakeholders.filter(role=StakeholderRole.ECONOMIC_BUYER).first()
        contact = self.deal.lead.name if self.deal.lead else "Their operations lead"
        moment = self.moment(part)
        with at(moment):
            send_proposal(self.owner, proposal, sent_on=moment.date(), sent_to=buyer.name if buyer else contact)


def conclude(deal: Opportunity, owner: User, boss: User, end: datetime.datetime, *, won: bool) -> None:
    """The whole way of a deal that was negotiated: some after a first version that was declined, some with approval."""
    deal = Opportunity.objects.select_related("lead", "se", "company", "dossier").get(pk=deal.pk)
    offer = Offer(deal, owner, boss, deal.stage_since, end - datetime.timedelta(hours=1))
    dice = offer.dice
    if dice.random() < 0.3:
        first = offer.draft(Decimal(5), 0.05)
        offer.send(first, 0.2)
        _answer(offer, first, 0.4, False, "Too dear for a first year.")
    discount = dice.choice([Decimal(0), Decimal(10), Decimal("12.5"), Decimal(20)])
    last = offer.draft(discount, 0.5)
    if discount > 15:
        offer.ask(last, 0.65)
        with at(offer.moment(0.7)):
            approve_proposal(boss, last, reason=GIVEN)
    offer.send(last, 0.75)
    note = "Signed and sent back the same day." if won else "They have decided otherwise."
    _answer(offer, last, 1, won, note)


def _answer(offer: Offer, proposal: Proposal, part: float, accepted: bool, note: str) -> None:
    moment = offer.moment(part)
    proposal.refresh_from_db()
    with at(moment):
        act = accept_proposal if accepted else decline_proposal
        act(offer.owner, proposal, answered_on=moment.date(), answered_by=proposal.sent_to, answer_note=note)


def tell(people: dict[str, User]) -> None:
    """What is on its way today: a discount that waits for the manager, one that was sent back, and one sent."""
    found = Opportunity.objects.open().filter(stage__slug="negotiation")
    found = found.select_related("lead", "se", "owner", "team", "company", "dossier").order_by("-amount", "pk")
    for number, deal in enumerate(found):
        boss = people["manager" if deal.team.name == "Atlantic" else "manager2"]
        now = min(deal.last_activity_at + datetime.timedelta(hours=3), days_ago(0.05))
        offer = Offer(deal, deal.owner, boss, deal.stage_since, now)
        match number % 3:
            case 0:
                offer.ask(offer.draft(Decimal(22), 0.6), 1)
            case 1:
                offer.send(offer.draft(Decimal(10), 0.5), 1)
            case _:
                proposal = offer.draft(Decimal(25), 0.5)
                offer.ask(proposal, 0.8)
                with at(offer.moment(1)):
                    send_back_proposal(boss, proposal, reason=BACK)
