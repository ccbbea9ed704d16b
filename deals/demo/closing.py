"""How the demo's deals end: what was promised is handed over, and what was lost is looked into."""

import datetime

from deals.actions import autopsies, handoffs, rivals
from deals.custom_work import custom_work_of, in_words
from deals.demo.clock import at, days_ago
from deals.demo.technical import dice_of
from deals.models import Autopsy, AutopsyView, Handoff, Opportunity, Rival
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
        carried = in_words(custom_work_of(deal))
        handoff.custom_work, handoff.risks = carried or dice.choice(CUSTOM), dice.choice(RISKS)
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


MISSED = [
    "Their auditors had a say, and nobody of us had met them.",
    "The date on which the old contract renews itself; we asked for it in the last week.",
    "Our contact liked us and decided nothing. We took the one for the other.",
    "They wanted it to run in their own network from the first call on; it is in my notes, and I read over it.",
]
FIRST_KNOWN = [
    "When the second reference call was asked for, and nobody asked why.",
    "The first answer that took a week instead of a day.",
    "In the demo, when their lead architect left after ten minutes.",
]
AGAIN = [
    "The workshop on their own data; they still talk about it.",
    "Writing the decision down together and sending it the same day.",
    "Bringing in the SE before the first price was said.",
]
LESSONS = [
    "Ask in the first call who can still say no after everybody has said yes, and meet that person before the demo.",
    "A date without an event behind it is a wish. No evaluation without knowing what happens if they do nothing.",
    "When the champion cannot name the price of doing nothing, we have a friend, not a champion.",
]
# Who they are, where they are strong and weak, and how we win against them.
RIVALS = {
    "Conduitly": (
        "Quick to install, and known to everybody who came from a smaller company.",
        "Breaks with the first change of a source; support is a forum.",
        "Ask what happened the last time a source changed its format, and who was called. Bring the recorded replay.",
    ),
    "Mergeform": (
        "Looks finished in the first demo, and undercuts every offer in the last week.",
        "Priced by the record; the bill of the second year is three times that of the first.",
        "Put their growth into a sheet together with their controller before prices are spoken about.",
    ),
    "Pipewright": (
        "The ear of the head of IT, through a consultancy that resells it.",
        "Every change is a project of the consultancy's.",
        "Let their own team change something in the evaluation, without us in the room.",
    ),
}


def look_back(deal: Opportunity, owner: User, se: User, moment: datetime.datetime) -> None:
    """AE and SE look back at the lost deal and agree on a lesson; of each AE's, one is still owed."""
    dice = dice_of(deal)
    owed = Autopsy.objects.filter(opportunity__owner=owner).exclude(opportunity=deal).count() == 1
    for number, author in enumerate([se] if owed else [owner, se]):
        evidence = deal.dossier.evidence.current().order_by("pk")[number : number + 1]
        view = AutopsyView(
            missed=MISSED[(number + dice.randrange(2) * 2) % 4], first_known=dice.choice(FIRST_KNOWN),
            again=AGAIN[(number + dice.randrange(2)) % 3], wrong="We took what we were told for what was decided.",
        )  # fmt: skip
        with at(moment + datetime.timedelta(hours=4 + number)):
            autopsies.write_view(author, deal, view, evidence)
    if not owed:
        with at(moment + datetime.timedelta(hours=8)):
            autopsy = Autopsy.objects.current().get(opportunity=deal)
            autopsies.agree_lesson(owner, autopsy, dice.choice(LESSONS), autopsy.version)


def tell(people: dict[str, User]) -> None:
    """What everybody knows of the competitors."""
    for (name, (strengths, weaknesses, how_to_win)), login in zip(RIVALS.items(), ("se", "ae", "se3"), strict=True):
        with at(days_ago(150)):
            rival = Rival(name=name, strengths=strengths, weaknesses=weaknesses, how_to_win=how_to_win)
            rivals.add_rival(people[login], rival)
