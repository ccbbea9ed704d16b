"""How well a deal suits an SE, 0 to 100, with the reasons in words.

Points, 100 in all: 34 for skills (the share of the needed ones the SE brings; 17 where none are named), 20 for
knowing the customer's industry, 16 for being paired with the deal's AE, 10 for the own territory, 20 for free
capacity (the share of the capacity that is free). Who is away comes after everybody who is at work.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from django.db.models import BigIntegerField, QuerySet

from deals.loads import weight_of, with_load
from deals.models import Opportunity, Pairing, QueueEntry
from people.models import Role, User
from people.viewers import Viewer, viewer_of
from people.workload import Load
from presales.prepared import Given, prepared

LEAST_ROOM = Decimal("0.5")  # less than that does not count as free
COMPARED = 1000
"""How many waiting deals are compared; those beyond wait less long than all of these."""

# How a reason is put to the SE, and how to a manager who looks for one.
TO_SE = {
    "brings": "you bring", "knows": "you know", "stranger": "is not your industry", "works": "you work with",
    "home": "your territory", "carries": "you carry", "away": "you are away until",
}  # fmt: skip
TO_MANAGER = {
    "brings": "brings", "knows": "knows", "stranger": "is new to them", "works": "works with",
    "home": "own territory", "carries": "carries", "away": "away until",
}  # fmt: skip


@dataclass
class Match:
    """A figure and what speaks for and against it."""

    points: int
    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)


@dataclass
class Suggestion:
    """An SE for a deal, as a manager compares them."""

    se: User
    match: Match
    load: Load
    takes_it: bool

    def __str__(self) -> str:
        away = f", away until {self.se.away_until:%-d %b}" if self.se.is_away else ""
        return f"{self.se.name} · match {self.match.points} · carries {self.load}{away}"


@prepared
def _partners() -> QuerySet:
    return Pairing.objects.active().filter(se=Given("user", BigIntegerField())).values_list("ae", "ae__name")


@prepared
def _claimable(se: Viewer) -> QuerySet:
    waiting = QueueEntry.objects.claimable_by(se.user).order_by("entered_at", "pk")
    return waiting.values_list(
        "pk", "opportunity__needed_skills", "opportunity__company__industry", "opportunity__team", "opportunity__owner"
    )[:COMPARED]


def ranked(se: User, load: Decimal) -> list[tuple[int, Match]]:
    """`(key of a queue entry, match)` of what `se`, who carries `load`, can claim: the best match first, then the
    longest wait. Two queries, and one for the SE's absences."""
    partners = dict(_partners().rows(user=se.pk))

    @cache
    def matched(needed_skills: str, industry: str | None, team: int | None, partner: str) -> Match:
        return match(se, load, needed_skills=needed_skills, industry=industry or "", team=team, partner=partner)

    waiting = _claimable(viewer_of(se)).rows()
    matches = ((pk, matched(*wanted, partners.get(owner, ""))) for pk, *wanted, owner in waiting)
    # Sorting keeps the order of those that match equally well.
    return sorted(matches, key=lambda entry: -entry[1].points)


def suggested(opportunity: Opportunity) -> list[Suggestion]:
    """The SEs of the deal's team for a manager to choose from: the best match first, those away last.

    Two queries, whatever the size of the team; the deal should have come with its company, stage and owner.
    """
    team = User.objects.in_role(Role.SE).filter(memberships__team=opportunity.team_id)
    ses = with_load(team.exclude(pk=opportunity.se_id)).order_by("name", "pk")
    partners = set(Pairing.objects.active().filter(ae=opportunity.owner_id).values_list("se", flat=True))
    return in_order(_suggestion(se, opportunity, se.pk in partners) for se in ses)


def in_order(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """The best match first; those away come last, however well they match."""
    return sorted(suggestions, key=lambda found: (found.se.is_away, -found.match.points, found.se.name, found.se.pk))


def _suggestion(se: User, opportunity: Opportunity, is_partner: bool) -> Suggestion:
    found = match(
        se, se.load, needed_skills=opportunity.needed_skills,
        industry=opportunity.company.industry if opportunity.company else "", team=opportunity.team_id,
        partner=opportunity.owner.name if is_partner and opportunity.owner else "", words=TO_MANAGER,
        is_home=True,
    )  # fmt: skip
    load = Load(se.load, se.effective_capacity)
    return Suggestion(se, found, load, load.takes(weight_of(opportunity.stage)))


def match(
    se: User, load: Decimal, *, needed_skills: str, industry: str, team: int | None, partner: str = "",
    words: dict[str, str] = TO_SE, is_home: bool | None = None,
) -> Match:  # fmt: skip
    """How well a deal that needs `needed_skills` (comma-separated), of a customer in `industry`, in `team`'s territory
    suits `se`, who carries `load` now; `partner` is the deal's AE, if `se` is paired with them. No queries where
    `is_home` says whether the team is the SE's own and the SE came with the absences."""
    good, bad = [], []
    points = _skills(needed_skills, se, words, good, bad) + _industry(industry, se, words, good, bad)
    if partner:
        points += 16
        good.append(f"{words['works']} {partner}")
    if team in se.team_ids if is_home is None else is_home:
        points += 10
        good.append(words["home"])
    points += _capacity(Load(load, se.effective_capacity), words, good, bad)
    if se.away_until:
        bad.append(f"{words['away']} {se.away_until:%-d %b}")
    return Match(round(points), good, bad)


def _skills(needed_skills: str, se: User, words: dict[str, str], good: list[str], bad: list[str]) -> float:
    needed = [skill.strip() for skill in needed_skills.split(",") if skill.strip()]
    if not needed:
        return 17
    brought = se.has_skills(needed)
    if brought:
        good.append(f"{words['brings']} {', '.join(sorted(brought))}")
    lacking = [skill for skill in needed if skill not in brought]
    if lacking:
        bad.append("wants " + ", ".join(lacking))
    return 34 * len(brought) / len(needed)


def _industry(industry: str, se: User, words: dict[str, str], good: list[str], bad: list[str]) -> float:
    if not industry or not se.verticals:
        return 0
    if industry.casefold() in {vertical.casefold() for vertical in se.verticals}:
        good.append(f"{words['knows']} {industry}")
        return 20
    bad.append(f"{industry} {words['stranger']}")
    return 0


def _capacity(load: Load, words: dict[str, str], good: list[str], bad: list[str]) -> float:
    free, capacity = load.free or 0, load.capacity or 0
    if free < LEAST_ROOM:
        bad.append(f"{words['carries']} {load}")
        return 0
    good.append(f"{Load(free, capacity)} free")
    return min(20.0, 20 * float(free) / capacity)
