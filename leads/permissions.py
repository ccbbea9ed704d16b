"""Who may do what with a lead."""

import rules

from leads.models import ImportBatch, Lead, LeadStage, RecordKind
from people.models import Role, Team, User
from people.permissions import in_team, is_admin, is_ae, is_manager, is_marketing, is_owner, manages_team


@rules.predicate
def before_acceptance(user: User, lead: Lead | None) -> bool:
    """No AE has accepted the lead yet; until then it is marketing's too."""
    return lead is not None and lead.stage in (LeadStage.NEW, LeadStage.MQL, LeadStage.NURTURE)


@rules.predicate
def manages(user: User, team: Team | None) -> bool:
    """A manager of the team itself, or of one above it."""
    return user.role == Role.MANAGER and team is not None and team.pk in user.team_ids


works_lead = (is_owner & is_ae) | manages_team | (is_marketing & before_acceptance)
owns_lead = (is_owner & is_ae) | manages_team

rules.add_perm("leads.add_lead", is_marketing | is_ae | is_manager | is_admin)
rules.add_perm("leads.change_lead", works_lead)
rules.add_perm("leads.merge_leads", works_lead)
rules.add_perm("leads.record_engagement", works_lead | (is_ae & in_team) | is_marketing)
rules.add_perm("leads.comment_lead", rules.is_authenticated)
rules.add_perm("leads.make_mql", manages_team | (is_marketing & before_acceptance))
rules.add_perm("leads.accept_lead", (is_ae & in_team) | (is_ae & is_owner) | manages_team)
rules.add_perm("leads.return_lead", (is_ae & in_team) | (is_ae & is_owner) | manages_team)
rules.add_perm("leads.qualify_lead", owns_lead)
rules.add_perm("leads.convert_lead", owns_lead)
rules.add_perm("leads.nurture_lead", works_lead)
rules.add_perm("leads.disqualify_lead", works_lead)
rules.add_perm("leads.reopen_lead", works_lead | is_marketing)
rules.add_perm("leads.move_lead_back", owns_lead)
rules.add_perm("leads.assign_lead", manages_team)
rules.add_perm("leads.route_lead", manages_team | (is_marketing & before_acceptance))
rules.add_perm("leads.add_company", is_marketing | is_ae | is_manager | is_admin)
rules.add_perm("leads.change_company", is_marketing | is_ae | is_manager | is_admin)
rules.add_perm("leads.change_scoring", is_marketing | is_admin)
rules.add_perm("leads.view_conversion", is_marketing | is_admin | is_manager)
rules.add_perm("leads.change_conversion", is_marketing | is_admin)
rules.add_perm("leads.change_nurture", is_marketing | is_admin)
rules.add_perm("leads.change_capture_forms", is_marketing | is_admin)
rules.add_perm("leads.change_policy", is_admin | manages)


@rules.predicate
def of_leads_or_companies(user: User, record: str | None) -> bool:
    """The field would belong to records that marketing keeps; asked without one, whether there is any."""
    return record is None or record in (RecordKind.LEAD, RecordKind.COMPANY)


rules.add_perm("leads.define_fields", is_admin | (is_marketing & of_leads_or_companies))


@rules.predicate
def started_import(user: User, batch: ImportBatch | None) -> bool:
    """The import is this person's own."""
    return batch is not None and batch.created_by_id == user.pk


rules.add_perm("leads.run_import", started_import | is_admin)
