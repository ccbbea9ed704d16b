"""How well a waiting deal suits an SE, 0 to 100, with the reasons in words.

Points, 100 in all: 34 for skills (the share of the needed ones the SE brings; 17 where none are named), 20 for
knowing the customer's industry, 16 for being paired with the deal's AE, 10 for the own territory, 20 for free
capacity (the share of the capacity that is free).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from deals.models import Pairing, QueueEntry
from people.models import User

LEAST_ROOM = Decimal("0.5")  # less than that does not count as free
COMPARED = 1000
"""How many waiting deals are compared; those beyond wait less long than all of these."""


@dataclass
class Match:
    """A figure and what speaks for and against it."""

    points: int
    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)


def ranked(se: User, load: Decimal) -> list[tuple[int, Match]]:
    """`(key of a queue entry, match)` of what `se`, who carries `load`, can claim: the best match first, then the
    longest wait. Two queries."""
    partners = dict(Pairing.objects.active().filter(se=se).values_list("ae", "ae__name"))
    waiting = QueueEntry.objects.claimable_by(se).order_by("entered_at", "pk")
    found = waiting.values_list(
        "pk", "opportunity__needed_skills", "opportunity__company__industry", "opportunity__team", "opportunity__owner"
    )[:COMPARED]

    @cache
    def matched(needed_skills: str, industry: str | None, team: int | None, partner: str) -> Match:
        return match(se, load, needed_skills=needed_skills, industry=industry or "", team=team, partner=partner)

    matches = ((pk, matched(*wanted, partners.get(owner, ""))) for pk, *wanted, owner in found)
    # Sorting keeps the order of those that match equally well.
    return sorted(matches, key=lambda entry: -entry[1].points)


def match(
    se: User, load: Decimal, *, needed_skills: str, industry: str, team: int | None, partner: str = ""
) -> Match:  # fmt: skip
    """How well a deal that needs `needed_skills` (comma-separated), of a customer in `industry`, in `team`'s territory
    suits `se`, who carries `load` now; `partner` is the deal's AE, if `se` is paired with them. No queries."""
    good, bad = [], []
    points = _skills(needed_skills, se, good, bad) + _industry(industry, se, good, bad)
    if partner:
        points += 16
        good.append(f"you work with {partner}")
    if team in se.team_ids:
        points += 10
        good.append("your territory")
    points += _capacity(se, load, good, bad)
    return Match(round(points), good, bad)


def _skills(needed_skills: str, se: User, good: list[str], bad: list[str]) -> float:
    needed = [skill.strip() for skill in needed_skills.split(",") if skill.strip()]
    if not needed:
        return 17
    brought = se.has_skills(needed)
    if brought:
        good.append("you bring " + ", ".join(sorted(brought)))
    lacking = [skill for skill in needed if skill not in brought]
    if lacking:
        bad.append("wants " + ", ".join(lacking))
    return 34 * len(brought) / len(needed)


def _industry(industry: str, se: User, good: list[str], bad: list[str]) -> float:
    if not industry or not se.verticals:
        return 0
    if industry.casefold() in {vertical.casefold() for vertical in se.verticals}:
        good.append(f"you know {industry}")
        return 20
    bad.append(f"{industry} is not your industry")
    return 0


def _capacity(se: User, load: Decimal, good: list[str], bad: list[str]) -> float:
    capacity = se.effective_capacity or 0
    free = capacity - load
    if free < LEAST_ROOM:
        bad.append(f"you carry {load.normalize():f} of {capacity}")
        return 0
    good.append(f"{free.normalize():f} of {capacity} free")
    return 20 * float(free) / capacity if capacity else 0
