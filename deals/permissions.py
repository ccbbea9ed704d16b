"""Who may do what with an opportunity: the AE's commercial lane, the SE's technical lane, the manager's both."""

import rules

from deals.models import (
    AlignmentCheck,
    Attendee,
    ClosingStep,
    DealTask,
    Debrief,
    ForecastCall,
    Handoff,
    KeyResult,
    Meeting,
    Objective,
    ObjectiveState,
    Opportunity,
    Pairing,
    Proposal,
    Quota,
    ReserveNote,
    RfpQuestion,
    SpecialistRequest,
)
from deals.models.meetings import Subject, pair_of
from leads.models import Lead
from people.models import Role, User
from people.permissions import is_admin, is_ae, is_manager, is_owner, is_se, manages_person, manages_team


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


@rules.predicate
def has_no_se(user: User, opportunity: Opportunity | None) -> bool:
    """Nobody has claimed the opportunity."""
    return opportunity is not None and opportunity.se_id is None


@rules.predicate
def in_pair(user: User, pairing: Pairing | None) -> bool:
    """One of the two."""
    return pairing is not None and user.pk in (pairing.ae_id, pairing.se_id)


@rules.predicate
def manages_pair(user: User, pairing: Pairing | None) -> bool:
    """An admin, or a manager of a team in which one of the two works."""
    if user.role not in (Role.MANAGER, Role.ADMIN) or pairing is None:
        return False
    return Pairing.objects.visible_to(user).filter(pk=pairing.pk).exists()


@rules.predicate
def took_part(user: User, meeting: Meeting | None) -> bool:
    """The AE or SE of the deal, the AE of the lead, or an AE or SE of ours who came, but not as a specialist."""
    if meeting is None:
        return False
    if user.pk in pair_of(meeting.subject):
        return True
    if user.role not in (Role.AE, Role.SE) or not meeting.attendees.filter(user=user).exists():
        return False
    return not SpecialistRequest.objects.filter(opportunity=meeting.opportunity_id, specialist=user).exists()


@rules.predicate
def works_on(user: User, subject: Subject | None) -> bool:
    """In either lane of the deal; of a lead, where there is no technical lane yet, its AE and the managers."""
    lanes = commercial_lane if isinstance(subject, Lead) else commercial_lane | technical_lane
    return lanes.test(user, subject)


@rules.predicate
def changes(user: User, meeting: Meeting | None) -> bool:
    """Whoever works on what the meeting is about."""
    return meeting is not None and works_on.test(user, meeting.subject)


@rules.predicate
def prepares(user: User, meeting: Meeting | None) -> bool:
    """Whoever works on what it is about, and of a lead's meeting the SE who is to come."""
    if meeting is None:
        return False
    if changes.test(user, meeting):
        return True
    invited = meeting.opportunity_id is None and user.role == Role.SE
    return invited and meeting.attendees.filter(user=user).exists()


@rules.predicate
def answers_for(user: User, attendee: Attendee | None) -> bool:
    """The attendee themselves, or whoever works on what the meeting is about."""
    return attendee is not None and (attendee.user_id == user.pk or changes.test(user, attendee.meeting))


@rules.predicate
def is_author(user: User, written: Debrief | AlignmentCheck | ReserveNote | None) -> bool:
    """Who wrote it."""
    return written is not None and written.author_id == user.pk


@rules.predicate
def is_receiver(user: User, handoff: Handoff | None) -> bool:
    """To whom it is given."""
    return handoff is not None and handoff.receiver_id == user.pk


@rules.predicate
def is_assignee(user: User, task: DealTask | None) -> bool:
    """Whose task it is."""
    return task is not None and task.assignee_id == user.pk


@rules.predicate
def in_lane_of_deal(user: User, record: DealTask | None) -> bool:
    """In either lane of the deal that the record belongs to."""
    return record is not None and (commercial_lane | technical_lane).test(user, record.opportunity)


@rules.predicate
def has_to_do_step(user: User, step: ClosingStep | None) -> bool:
    """Who of us has to do it, or whoever is in the commercial lane of its deal."""
    return step is not None and (step.owner_id == user.pk or commercial_lane.test(user, step.opportunity))


@rules.predicate
def decides_on_deal(user: User, record: ReserveNote | None) -> bool:
    """In the commercial lane of the deal that the record belongs to."""
    return record is not None and commercial_lane.test(user, record.opportunity)


@rules.predicate
def still_in_technical_lane(user: User, record: ReserveNote | None) -> bool:
    """In the technical lane of the deal that the record belongs to."""
    return record is not None and technical_lane.test(user, record.opportunity)


@rules.predicate
def owns_question(user: User, question: RfpQuestion | None) -> bool:
    """Whom the question of an RFP was given to, in whichever lane."""
    return question is not None and question.owner_id is not None and question.owner_id == user.pk


@rules.predicate
def in_technical_lane_of_question(user: User, question: RfpQuestion | None) -> bool:
    """In the technical lane of the deal that the question is asked on."""
    return question is not None and technical_lane.test(user, question.rfp.opportunity)


@rules.predicate
def may_approve(user: User, proposal: Proposal | None) -> bool:
    """A manager of the deal's team, but neither who asked for the discount nor who owns the deal."""
    if proposal is None or not manages_team.test(user, proposal.opportunity):
        return False
    return user.pk not in (proposal.asked_by_id, proposal.opportunity.owner_id)


@rules.predicate
def is_asked(user: User, request: SpecialistRequest | None) -> bool:
    """The one it names, or where it names nobody somebody who brings the skill; never the pair itself."""
    if request is None or user.pk in (request.opportunity.se_id, request.opportunity.owner_id):
        return False
    if request.named_id is not None:
        return request.named_id == user.pk
    return request.skill.lower() in {skill.lower() for skill in user.skills}


@rules.predicate
def manages_target(user: User, quota: Quota | None) -> bool:
    """A manager of the quota's team, or of a team of the person it is for; an admin manages all."""
    if quota is None:
        return False
    return manages_team.test(user, quota) if quota.team_id else manages_person.test(user, quota.user)


@rules.predicate
def agrees_on(user: User, objective: Objective | None) -> bool:
    """A manager of the objective's team or person, an admin for all, the company's too."""
    if objective is None:
        return False
    if user.role == Role.ADMIN:
        return True
    if objective.user_id:
        return manages_person.test(user, objective.user)
    return objective.team_id is not None and manages_team.test(user, objective)


@rules.predicate
def proposes(user: User, objective: Objective | None) -> bool:
    """An AE or SE, for themselves, as long as it is a proposal."""
    if objective is None or user.role not in (Role.AE, Role.SE):
        return False
    return objective.user_id == user.pk and objective.state == ObjectiveState.PROPOSED


@rules.predicate
def answers_for_result(user: User, result: KeyResult | None) -> bool:
    """Whoever answers for the objective of the key result, and whoever agrees on it."""
    if result is None:
        return False
    return result.objective.owner_id == user.pk or agrees_on.test(user, result.objective)


@rules.predicate
def calls_own_or_managed(user: User, call: ForecastCall | None) -> bool:
    """An AE for the own deals, a manager for a team they manage, an admin for any team."""
    if call is None or call.author_id != user.pk:
        return False
    return manages_team.test(user, call) if call.team_id else user.role == Role.AE


@rules.predicate
def is_specialist(user: User, request: SpecialistRequest | None) -> bool:
    """Who took it."""
    return request is not None and request.specialist_id is not None and request.specialist_id == user.pk


@rules.predicate
def in_lane_of_request(user: User, request: SpecialistRequest | None) -> bool:
    """In either lane of the deal that somebody is asked for."""
    return request is not None and (commercial_lane | technical_lane).test(user, request.opportunity)


commercial_lane = (is_owner & is_ae) | manages_team
technical_lane = (is_claimer & is_se) | manages_team

rules.add_perm("deals.work_commercial", commercial_lane)
rules.add_perm("deals.work_technical", technical_lane)
rules.add_perm("deals.work_stakeholders", commercial_lane | technical_lane)
rules.add_perm("deals.work_meetings", works_on)
rules.add_perm("deals.change_meeting", changes)
rules.add_perm("deals.prepare_meeting", prepares)
rules.add_perm("deals.confirm_attendee", answers_for)
rules.add_perm("deals.write_debrief", took_part)
rules.add_perm("deals.edit_debrief", is_author)
rules.add_perm("deals.move_stage", commercial_lane)
rules.add_perm("deals.request_help", commercial_lane)
rules.add_perm("deals.claim", is_se & in_queue_of)
rules.add_perm("deals.decline", is_se & in_queue_of)
rules.add_perm("deals.hand_back", technical_lane)
rules.add_perm("deals.call_no_go", technical_lane)
rules.add_perm("deals.assign_se", manages_team)
rules.add_perm("deals.balance_load", is_manager | is_admin)
rules.add_perm("deals.reassign_owner", manages_team)
rules.add_perm("deals.override_gate", manages_team)
rules.add_perm("deals.add_opportunity", is_ae | is_manager | is_admin)
rules.add_perm("deals.convert", (is_owner & is_ae) | manages_team)
rules.add_perm("deals.change_stages", is_admin)
rules.add_perm("deals.change_rates", is_admin)
rules.add_perm("deals.view_winning", is_manager | is_admin)
rules.add_perm("deals.change_winning", is_admin)
rules.add_perm("deals.set_quotas", is_admin | is_manager)
rules.add_perm("deals.set_quota", manages_target)
rules.add_perm("deals.see_objectives", is_admin | is_manager | is_ae | is_se)
rules.add_perm("deals.agree_objective", agrees_on)
rules.add_perm("deals.write_objective", agrees_on | proposes)
rules.add_perm("deals.check_in", answers_for_result)
rules.add_perm("deals.see_calls", is_admin | is_manager | is_ae)
rules.add_perm("deals.call_forecast", calls_own_or_managed)
rules.add_perm("deals.change_question_bank", is_admin)
rules.add_perm("deals.read_gaps", is_ae | is_se | is_manager | is_admin)
rules.add_perm("deals.manage_gaps", is_manager | is_admin)
rules.add_perm("deals.accept_anyway", technical_lane | (is_se & in_queue_of & has_no_se))
rules.add_perm("deals.start_pairing", is_ae | is_se | is_manager | is_admin)
rules.add_perm("deals.work_pairing", in_pair | manages_pair)
rules.add_perm("deals.accept_charter", in_pair)
rules.add_perm("deals.rate_pairing", in_pair)
rules.add_perm("deals.share_rating", is_author)
rules.add_perm("deals.scrub_deal", commercial_lane | technical_lane)
rules.add_perm("deals.set_task", commercial_lane | technical_lane)
rules.add_perm("deals.review_deal", manages_team)
rules.add_perm("deals.finish_task", is_assignee | in_lane_of_deal)
rules.add_perm("deals.settle_closing_step", has_to_do_step)
rules.add_perm("deals.write_autopsy", is_owner | (is_claimer & is_se))
rules.add_perm("deals.agree_lesson", is_owner | (is_claimer & is_se) | manages_team)
rules.add_perm("deals.close_autopsy", manages_team)
rules.add_perm("deals.work_rivals", is_ae | is_se | is_manager | is_admin)
rules.add_perm("deals.read_library", is_ae | is_se | is_manager | is_admin)
rules.add_perm("deals.write_library", is_se | is_manager | is_admin)
rules.add_perm("deals.receive_handoff", is_receiver)
rules.add_perm("deals.read_reserve", is_owner | is_claimer | manages_team)
rules.add_perm("deals.keep_in_reserve", technical_lane)
rules.add_perm("deals.edit_reserve_note", is_author & still_in_technical_lane)
rules.add_perm("deals.decide_reserve_note", decides_on_deal)
rules.add_perm("deals.answer_question", owns_question | in_technical_lane_of_question)
rules.add_perm("deals.ask_specialist", commercial_lane | technical_lane)
rules.add_perm("deals.withdraw_specialist", in_lane_of_request)
rules.add_perm("deals.answer_specialist", is_se & (is_asked | is_specialist))
rules.add_perm("deals.finish_specialist", is_se & is_specialist)
rules.add_perm("deals.write_proposal", commercial_lane | technical_lane)
rules.add_perm("deals.approve_proposal", may_approve)
