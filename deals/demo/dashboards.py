"""Dashboards that people share: the manager's for the team's Monday, the SEs' own."""

from people.actions.dashboards import add_dashboard
from people.models import Dashboard, Sharing, User

MONDAY = [
    "goals.figure.attained:narrow", "goals.figure.coverage:narrow", "pipeline.figure.at-risk:narrow",
    "forecast.figure.evidence-based:narrow", "movement.chart.steps:wide", "forecast.chart.months:narrow",
    "pipeline.chart.stages:narrow", "happy_ears.table.deals:wide",
]  # fmt: skip
CRAFT = [
    "se_team.figure.technical-win-rate:narrow", "se_team.figure.poc-conversion:narrow",
    "se_team.figure.demos-per-poc:narrow", "se_team.figure.time-to-claim:narrow", "velocity.chart.stays:narrow",
    "pairings.chart.pairs:narrow", "se_team.table.work:wide",
]  # fmt: skip


def tell(people: dict[str, User]) -> None:
    """One with the manager's teams, one with everybody."""
    manager = people["manager"]
    teams = list(manager.teams.values_list("pk", flat=True))
    add_dashboard(
        manager, Dashboard(name="Monday round", cards=MONDAY, sharing=Sharing.TEAMS, with_teams=teams)
    )  # fmt: skip
    add_dashboard(
        people["admin"], Dashboard(name="How we sell technically", cards=CRAFT, sharing=Sharing.ALL)
    )  # fmt: skip
