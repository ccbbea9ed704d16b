"""The home page of each role, worst first."""

from collections.abc import Callable

from django.urls import reverse

from deals.loads import own_load
from insights.home import of_admin, of_closings, of_deals, of_leads, of_meetings, of_nurture, of_pairs, of_proposals
from insights.home.parts import Action, Home
from people.models import Role, User


def ae(user: User) -> Home:
    """Leads to answer, calls to make, own deals in trouble, leads to qualify, deals without an SE."""
    return Home(
        figures=of_deals.figures(user),
        sections=[
            of_leads.to_accept(user),
            of_meetings.meetings(user),
            of_nurture.own_calls(user),
            of_pairs.pairs(user),
            of_deals.own_deals_in_need(user, "owner"),
            *of_closings.closings_and_answers(user),
            of_leads.to_qualify(user),
        ],
        side=[of_deals.held_back(user), of_deals.waiting_for_se(user)],
        action=Action("Log a lead", reverse("leads:log"), dialog=True),
    )


def se(user: User) -> Home:
    """The best claims, the own deals in trouble, the load."""
    carried = own_load(user)
    pairs, pocs = of_pairs.pairs_and_pocs(user)
    return Home(
        sections=[
            of_deals.asked_of(user),
            of_deals.specialist_of(user),
            of_meetings.meetings(user),
            pocs,
            pairs,
            of_deals.best_claims(user, carried),
            of_deals.own_deals_in_need(user, "se"),
            *of_closings.closings_and_answers(user),
        ],
        loads=[of_deals.load(user, carried)],
        loads_title="Your load",
        action=Action("Open the claim queue", reverse("deals:queue")),
    )


def manager(user: User) -> Home:
    """The week in five figures, the deals at risk with why, response times missed, deals without an SE, SE load."""
    return Home(
        has_week=True,
        sections=[
            of_proposals.to_approve(user),
            of_deals.deals_at_risk(user),
            of_leads.response_misses(user),
            of_closings.closings(user),
        ],
        side=[of_deals.unclaimed(user), of_deals.charter_exceptions(user)],
        loads=of_deals.se_loads(user),
        loads_title="SE load",
        action=Action("Open the pipeline", reverse("insights:pipeline")),
    )


def marketing(user: User) -> Home:
    """What came back and why, who is nearly an MQL, this week against the last, and the sources."""
    return Home(
        figures=of_leads.weeks(user),
        sections=[of_leads.returned(user), of_leads.near_threshold(user), of_nurture.calls(user)],
        counts=of_leads.sources(user),
        action=Action("Log a lead", reverse("leads:log"), dialog=True),
    )


def admin(user: User) -> Home:
    """What the worker gave up on, imports, people without a team, and what managers see."""
    return Home(
        has_week=True,
        sections=[
            of_admin.worker(),
            of_admin.failed_imports(user),
            of_admin.without_team(),
            of_deals.deals_at_risk(user),
        ],
        side=[of_admin.exports(user)],
        action=Action("Open the pipeline", reverse("insights:pipeline")),
    )


ROLES: dict[str, Callable[[User], Home]] = {
    Role.AE: ae,
    Role.SE: se,
    Role.MANAGER: manager,
    Role.MARKETING: marketing,
    Role.ADMIN: admin,
}
