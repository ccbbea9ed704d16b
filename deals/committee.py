"""The buying committee as the deal's page shows it: grouped by role, with what is missing said in words."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.urls import reverse

from deals.models import Opportunity, Stakeholder, StakeholderRole
from presales.errors import Missing
from presales.text import key

WANTED = {
    StakeholderRole.ECONOMIC_BUYER: "Nobody is named who can say yes to the money: add the economic buyer",
    StakeholderRole.CHAMPION: "Nobody sells for you when you are away: add the champion",
    StakeholderRole.TECHNICAL_BUYER: "Nobody is named who judges the technology: add the technical buyer",
}
"""The roles every deal wants, with what their absence means."""


@dataclass
class Group:
    """The people in one role."""

    role: StakeholderRole
    people: list[Stakeholder]


@dataclass
class Committee:
    """Everybody on the committee, what it lacks, and what looks wrong about it."""

    groups: list[Group] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    doubles: list[Stakeholder] = field(default_factory=list)

    @property
    def covered(self) -> int:
        """How many of the wanted roles have somebody."""
        return len(WANTED) - len(self.missing)

    @property
    def wanted(self) -> int:
        """How many roles every deal wants."""
        return len(WANTED)


def committee(opportunity: Opportunity, people: Iterable[Stakeholder]) -> Committee:
    """The committee made of `people`; no queries."""
    people = list(people)
    groups = [Group(role, [person for person in people if person.role == role]) for role in StakeholderRole]
    return Committee(
        groups=[group for group in groups if group.people],
        missing=missing_roles(opportunity, people),
        doubles=doubles(people),
    )


def missing_roles(opportunity: Opportunity, people: Iterable[Stakeholder]) -> list[Missing]:
    """Which of the wanted roles nobody has, each with the link that adds somebody."""
    present = {person.role for person in people}
    url = reverse("deals:add_stakeholder", args=[opportunity.pk])
    return [Missing(text, f"{url}?role={role}") for role, text in WANTED.items() if role not in present]


def doubles(people: Iterable[Stakeholder]) -> list[Stakeholder]:
    """Champions who are the economic buyer too, unless somebody said that it is really so."""
    people = list(people)
    buyers = {key(person.name): person for person in people if person.role == StakeholderRole.ECONOMIC_BUYER}
    found = []
    for person in people:
        buyer = buyers.get(key(person.name))
        if person.role == StakeholderRole.CHAMPION and buyer and not (person.is_both or buyer.is_both):
            found.append(person)
    return found
