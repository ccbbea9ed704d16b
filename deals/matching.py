"""How well a waiting deal suits an SE, 0 to 100, with the reasons in words.

Points: 40 for skills (the share of the needed ones the SE brings; 20 where none are named), 25 for knowing the
customer's industry, 15 for the own territory, 20 for free capacity (the share of the capacity that is free).
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from deals.models import QueueEntry
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
    longest wait. One query."""
    waiting = QueueEntry.objects.claimable_by(se).order_by("entered_at", "pk")
    found = waiting.values_list(
        "pk", "opportunity__needed_skills", "opportunity__company__industry", "opportunity__team"
    )[:COMPARED]

    @cache
    def matched(needed_skills: str, industry: str | None, team: int | None) -> Match:
        return match(se, load, needed_skills=needed_skills, industry=industry or "", team=team)

    # Sorting keeps the order of those that match equally well.
    return sorted(((pk, matched(*wanted)) for pk, *wanted in found), key=lambda entry: -entry[1].points)


def match(se: User, load: Decimal, *, needed_skills: str, industry: str, team: int | None) -> Match:
    """How well a deal that needs `needed_skills` (comma-separated), of a customer in `industry`, in `team`'s territory
    suits `se`, who carries `load` now. No queries."""
    good, bad = [], []
    points = _skills(needed_skills, se, good, bad) + _industry(industry, se, good, bad)
    if team in se.team_ids:
        points += 15
        good.append("your territory")
    points += _capacity(se, load, good, bad)
    return Match(round(points), good, bad)


def _skills(needed_skills: str, se: User, good: list[str], bad: list[str]) -> float:
    needed = [skill.strip() for skill in needed_skills.split(",") if skill.strip()]
    if not needed:
        return 20
    brought = se.has_skills(needed)
    if brought:
        good.append("you bring " + ", ".join(sorted(brought)))
    lacking = [skill for skill in needed if skill not in brought]
    if lacking:
        bad.append("wants " + ", ".join(lacking))
    return 40 * len(brought) / len(needed)


def _industry(industry: str, se: User, good: list[str], bad: list[str]) -> float:
    if not industry or not se.verticals:
        return 0
    if industry.casefold() in {vertical.casefold() for vertical in se.verticals}:
        good.append(f"you know {industry}")
        return 25
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
