"""How the demo's SEs would build it: a first design before the demo, and what changed until the decision."""

import datetime

from deals.actions.designs import save_design
from deals.demo.clock import at
from deals.demo.technical import dice_of
from deals.models import Opportunity, SolutionDesign
from people.models import User

FIRST = """\
What it is
One hub between the systems that exist today. Nothing of theirs is replaced on the first day.

Parts
- A connector to the {source}, which reads what has changed every five minutes.
- The hub in {place}, with a queue per receiving system, so that one that is slow holds up nobody else.
- A connector to the {target}, which writes what the hub releases and says what it refused.

Data flow
1. A change in the {source} becomes an event with its time and its author.
2. Rules of theirs check it. What fails waits in a list that its owner works on in the browser.
3. What passes goes to the {target} within the minute.

Operations
Their own people run it. We watch the queues and call them when one grows.

Not part of it
History older than three years stays where it is."""
CHANGES = [
    ("every five minutes", "every minute",
     "Their planners cannot wait five minutes for a stock figure."),
    ("Their own people run it. We watch the queues and call them when one grows.",
     "We run it for the first quarter together with two of their people, who take it over then.\n"
     "A growing queue calls whoever is on duty, theirs or ours.",
     "Agreed with their head of operations: they have nobody to spare before spring."),
    ("History older than three years stays where it is.",
     "History older than three years stays where it is, but can be looked up from the hub.",
     "Their auditors look at seven years."),
]  # fmt: skip
LINKS = """\
https://drawings.example/{name}/data-flow Data flow, one page
https://drawings.example/{name}/network Network and ports"""


def _slug(deal: Opportunity) -> str:
    return deal.company.name.lower().replace(" ", "-")


def draw(deal: Opportunity, se: User, moment: datetime.datetime) -> None:
    """The first version, before it is presented."""
    dice = dice_of(deal)
    parts = {
        "source": dice.choice(["ERP", "order system", "plant historian"]),
        "target": dice.choice(["warehouse system", "data warehouse", "planning system"]),
        "place": dice.choice(["their AWS account in Frankfurt", "our cloud, region EU", "their own data centre"]),
    }
    with at(moment):
        design = SolutionDesign(text=FIRST.format(**parts), links=LINKS.format(name=_slug(deal)))
        save_design(se, deal, design)


def refine(deal: Opportunity, se: User, until: datetime.datetime) -> None:
    """One to three changes, as they came up while the customer evaluated it."""
    design = SolutionDesign.objects.filter(opportunity=deal).first()
    if design is None:
        return
    dice = dice_of(deal)
    for number, (old, new, note) in enumerate(dice.sample(CHANGES, dice.randint(1, 3))):
        moment = design.saved_at + (until - design.saved_at) / 4 * (number + 1)
        design.text = design.text.replace(old, new)
        with at(moment):
            save_design(se, deal, design, design.version, note=note)
