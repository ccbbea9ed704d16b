"""Who may do what with an opportunity: the AE's commercial lane, the SE's technical lane, the manager's both."""

import rules

from deals.models import Opportunity
from people.models import User
from people.permissions import is_admin, is_ae, is_manager, is_owner, is_se, manages_team


@rules.predicate
def is_claimer(user: User, opportunity: Opportunity | None) -> bool:
    """The SE who holds the claim on the opportunity."""
    return opportunity is not None and opportunity.se_id is not None and opportunity.se_id == user.pk


@rules.predicate
def is_open(user: User, opportunity: Opportunity | None) -> bool:
    """The opportunity is still open."""
    return opportunity is not None and opportunity.is_open


@rules.predicate
def in_queue_of(user: User, opportunity: Opportunity | None) -> bool:
    """The opportunity belongs to a team whose queue this SE works."""
    return opportunity is not None and opportunity.team_id in user.team_ids


commercial_lane = (is_owner & is_ae) | manages_team
technical_lane = (is_claimer & is_se) | manages_team

rules.add_perm("deals.work_commercial", commercial_lane)
rules.add_perm("deals.work_technical", technical_lane)
rules.add_perm("deals.work_stakeholders", commercial_lane | technical_lane)
rules.add_perm("deals.move_stage", commercial_lane)
rules.add_perm("deals.request_help", commercial_lane)
rules.add_perm("deals.claim", is_se & in_queue_of)
rules.add_perm("deals.decline", is_se & in_queue_of)
rules.add_perm("deals.hand_back", technical_lane)
rules.add_perm("deals.call_no_go", technical_lane)
rules.add_perm("deals.assign_se", manages_team)
rules.add_perm("deals.reassign_owner", manages_team)
rules.add_perm("deals.override_gate", manages_team)
rules.add_perm("deals.add_opportunity", is_ae | is_manager | is_admin)
rules.add_perm("deals.convert", (is_owner & is_ae) | manages_team)
rules.add_perm("deals.change_stages", is_admin)
rules.add_perm("deals.change_rates", is_admin)
