"""What the demo's people wrote down about their pursuits."""

import datetime
import random
from dataclasses import dataclass, field
from decimal import Decimal

from deals.demo import words
from deals.demo.clock import at
from people.models import User
from qualification.actions.evidence import record_evidence
from qualification.models import Criterion, Dossier, Level
from qualification.status import derive

FRESH_DAYS = 30


@dataclass
class Pursuit:
    """What is true of one customer's project, whatever our people know of it yet."""

    need: str
    project: str
    skills: str
    contact: str
    buyer: str
    budget: Decimal
    decision_on: datetime.date
    seen: dict[str, datetime.datetime] = field(default_factory=dict)


def invent(dice: random.Random, contact: str, decision_on: datetime.date) -> Pursuit:
    """A project with somebody who decides about it."""
    project, need, skills = dice.choice(words.PROJECTS)
    buyer = f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}, {dice.choice(words.BUYERS)}"
    budget = Decimal(dice.choice([55, 60, 72, 80, 95, 110, 140, 180, 240, 310])) * 1000
    return Pursuit(need, project, skills, contact, buyer, budget, decision_on)


def say(
    dice: random.Random, actor: User, dossier: Dossier, key: str, pursuit: Pursuit, moment: datetime.datetime,
    level: int = Level.STATED, text: str = "",
) -> None:  # fmt: skip
    """Record one criterion at `moment`, in the words of the pursuit."""
    criterion = _criteria(dossier)[key]
    facts: dict[str, object] = {}
    decision = min(max(pursuit.decision_on, moment.date() + datetime.timedelta(days=9)),
                   moment.date() + datetime.timedelta(days=172))  # fmt: skip
    if level == Level.NEGATIVE:
        pass
    elif key == "budget":
        facts["amount"] = pursuit.budget
        text = text or f"{pursuit.budget:,.0f} a year is in this year's plan, on the operations cost centre."
    elif key == "authority":
        facts["person_name"] = pursuit.buyer.split(",")[0]
        text = text or f"{pursuit.buyer} signs; nobody above has to agree under half a million."
    elif key == "timeline":
        facts["decision_on"] = decision
        text = text or f"They decide by {decision:%-d %B}: {dice.choice(words.EVENTS).lower()} soon after."
    else:
        text = text or pursuit.need
    source = pursuit.buyer if level == Level.VALIDATED and key != "need" else pursuit.contact
    with at(moment):
        record_evidence(
            actor, dossier, criterion, level=level, observed_on=moment.date(), text=text,
            source_person=source if level >= Level.STATED or level == Level.NEGATIVE else "",
            source_place=dice.choice(words.PLACES), **facts,
        )  # fmt: skip
    pursuit.seen[key] = moment


def confirm(dice: random.Random, actor: User, dossier: Dossier, pursuit: Pursuit, moment: datetime.datetime) -> None:
    """Ask again about whatever would soon be stale."""
    for key in _criteria(dossier):
        if key not in pursuit.seen or (moment - pursuit.seen[key]).days >= FRESH_DAYS:
            say(dice, actor, dossier, key, pursuit, moment)
    judge(dossier, moment)


def judge(dossier: Dossier, moment: datetime.datetime) -> None:
    """The status as the job had derived it at `moment`."""
    with at(moment):
        derive([dossier.pk], moment)


def _criteria(dossier: Dossier) -> dict[str, Criterion]:
    return {found.key: found for found in dossier.framework.criteria.all()}
