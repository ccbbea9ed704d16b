"""Giving leads to teams and people."""

from leads.actions.stages import lock_lead, response_due
from leads.models import Lead, LeadStage
from leads.routing import selling_teams, team_for, turns_of
from people.models import Role, Team, User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, WantsConfirmation


def _place(lead: Lead, team: Team | None, owner: User | None) -> Lead:
    lead.team, lead.owner = team, owner
    if lead.stage == LeadStage.MQL:
        lead.response_due_at = response_due(lead)
    lead.save(update_fields=["team", "owner", "response_due_at"])
    return lead


@action
def assign(
    actor: User | None, lead: Lead, *, owner: User, reason: str = "", while_away: bool = False
) -> Lead:  # fmt: skip
    """Give the lead to an AE by name, whatever that AE's load; the lead joins a team of the AE's.

    Raises:
        Conflict: the person sells nothing, or shares no team with the lead's manager.
        WantsConfirmation: the person is away, and `while_away` is not said.
    """
    lead = lock_lead(lead)
    require(actor, "leads.assign_lead", lead)
    if lead.stage == LeadStage.CONVERTED:
        raise Conflict("This lead became an opportunity. Change its owner there.")
    if owner.role != Role.AE or not owner.is_active:
        raise Conflict(f"{owner} is no active account executive.")
    if owner.is_away and not while_away:
        raise WantsConfirmation(
            f"{owner} is away until {owner.away_until:%-d %b}. Confirm that the lead goes there all the same.",
            ["while_away"],
        )
    teams = list(owner.teams.order_by("name", "pk"))
    if actor is not None and not {team.pk for team in teams} & actor.team_ids:
        raise Conflict(f"{owner} is not in one of your teams.")
    team = lead.team if lead.team in teams else next(
        (team for team in teams if actor is None or team.pk in actor.team_ids), None
    )  # fmt: skip
    return _place(lead, team, owner)


@action
def route(actor: User | None, lead: Lead, *, team: Team | None = None, reason: str = "") -> Lead:
    """Give the lead to `team`, or to the team of its territory, and there to the AE whose turn it is.

    Raises:
        Conflict: an AE already works on it, or no team's territory fits.
    """
    if team is None:
        team = team_for(Lead.objects.select_related("company").get(pk=lead.pk).company, selling_teams())
    if team is None:
        raise Conflict("No team's territory fits this company. Choose a team.")
    turns = turns_of(team.pk)  # the team's lock before the lead's
    lead = lock_lead(lead)
    require(actor, "leads.route_lead", lead)
    if lead.stage not in (LeadStage.NEW, LeadStage.MQL, LeadStage.NURTURE):
        raise Conflict("Somebody already works on this lead. Assign it to a person instead.")
    owner = turns.next()
    turns.save()
    return _place(lead, team, owner)
