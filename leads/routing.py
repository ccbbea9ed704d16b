"""To which team a lead goes, and to whom there.

A team covers a territory: regions, verticals and company sizes, each empty for "any". Within the
team, leads go round by turns among the AEs who are at work and have room.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count

from leads.models import Company, Lead, LeadStage, TeamPolicy
from people.models import Membership, Role, Team, User
from people.workload import workloads
from presales.text import key

ACTIVE = (LeadStage.MQL, LeadStage.SAL, LeadStage.SQL)


def active_load(user_ids: Iterable[int]) -> Counter:
    """How much each AE works on: leads between MQL and SQL, and what rooms above say fills an AE's capacity."""
    ids = list(user_ids)
    load = Counter(
        dict(
            Lead.objects.unmerged()
            .filter(owner__in=ids, stage__in=ACTIVE)
            .order_by()
            .values_list("owner")
            .annotate(Count("pk"))
        )
    )
    for workload in workloads:
        if ids and workload.role == Role.AE:
            load.update(workload.counts(ids))
    return load


def territory_score(team: Team, region: str, industry: str, employees: int | None) -> int | None:
    """How exactly the team's territory names this company; None if it lies outside.

    Each of region, vertical and size that the team restricts and the company meets counts one; what
    is unknown about the company meets no restriction.
    """
    score = 0
    for allowed, value in ((team.regions, region), (team.verticals, industry)):
        if allowed:
            if key(value) not in {key(name) for name in allowed}:
                return None
            score += 1
    if team.min_employees is not None or team.max_employees is not None:
        if employees is None:
            return None
        if employees < (team.min_employees or 0):
            return None
        if team.max_employees is not None and employees > team.max_employees:
            return None
        score += 1
    return score


def team_for(company: Company | None, teams: list[Team]) -> Team | None:
    """The team of `teams` whose territory names the company most exactly; ties go to the first by name.

    A team without any restriction takes what no other wants. `teams` should be those with AEs.
    """
    region = (company.region or company.country) if company else ""
    industry = company.industry if company else ""
    employees = company.employees if company else None
    fitting = []
    for team in teams:
        score = territory_score(team, region, industry, employees)
        if score is None and company and company.region and company.country:
            score = territory_score(team, company.country, industry, employees)
        if score is not None:
            fitting.append((-score, team.name, team.pk, team))
    return min(fitting)[-1] if fitting else None


def selling_teams() -> list[Team]:
    """Teams that have at least one active AE."""
    return list(Team.objects.filter(members__role=Role.AE, members__is_active=True).distinct())


@dataclass
class Turns:
    """Whose turn it is in one team. Make it with `turns_of`, inside a transaction: it holds the team's lock."""

    policy: TeamPolicy
    people: list[User]
    room: dict[int, int | None]
    last: int | None = field(default=None)

    def next(self) -> User | None:
        """The next AE with room, after the one routed to last; None if nobody has."""
        order = [user for user in self.people if self.last is None or user.pk > self.last]
        order += [user for user in self.people if user not in order]
        for user in order:
            room = self.room[user.pk]
            if room is None or room > 0:
                self.last = user.pk
                if room is not None:
                    self.room[user.pk] = room - 1
                return user
        return None

    def save(self) -> None:
        """Remember where the turn stands."""
        if self.last is not None and self.last != self.policy.last_routed_id:
            TeamPolicy.objects.filter(pk=self.policy.pk).update(last_routed=self.last)
            self.policy.last_routed_id = self.last


def lock_policy(team_id: int) -> TeamPolicy:
    """The team's lead policy, made where missing, locked until the transaction ends."""
    TeamPolicy.objects.bulk_create([TeamPolicy(team_id=team_id)], ignore_conflicts=True)
    return TeamPolicy.objects.select_for_update(no_key=True).get(pk=team_id)


def turns_of(team_id: int) -> Turns:
    """The team's AEs who are at work, with the room each has left. Locks the team's policy row."""
    policy = lock_policy(team_id)
    aes = User.objects.in_role(Role.AE).filter(memberships__team=team_id).with_absences().order_by("pk")
    people = [user for user in aes if not user.is_away]
    load = active_load(user.pk for user in people)
    room = {
        user.pk: None if user.effective_capacity is None else user.effective_capacity - load[user.pk] for user in people
    }
    return Turns(policy, people, room, policy.last_routed_id)


def zone_of_team(team_id: int) -> str:
    """The time zone in which most of the team's AEs and managers work; UTC for a team of none."""
    zones = Membership.objects.filter(
        team=team_id, user__is_active=True, user__role__in=[Role.AE, Role.MANAGER]
    ).values_list("user__time_zone", flat=True)
    counted = Counter(zones)
    return min(counted, key=lambda zone: (-counted[zone], zone)) if counted else "UTC"
