"""One small world in which every address has something to point at."""

import datetime
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.actions.poc_links import hash_token
from deals.actions.proposals import start_proposal
from deals.actions.queue import claim
from deals.actions.rfps import import_questions, upload_questions
from deals.calendar_address import token_of
from deals.models import (
    AlignmentCheck,
    Attendee,
    Autopsy,
    Charter,
    ClosingStep,
    Competitor,
    DealReview,
    DealTask,
    Debrief,
    Demo,
    DemoPart,
    EnvironmentAnswer,
    EnvironmentQuestion,
    EnvironmentTopic,
    ExchangeRate,
    Handoff,
    HandoffPerson,
    HelpRequest,
    KeyResult,
    LibraryItem,
    Meeting,
    Objective,
    Opportunity,
    Pairing,
    Poc,
    PocCriterion,
    PocLink,
    PocStep,
    ProductGap,
    Proposal,
    ProposalSection,
    QueueEntry,
    Quota,
    Requirement,
    ReserveNote,
    Rfp,
    RfpQuestion,
    Rival,
    SolutionDesign,
    SpecialistRequest,
    Stakeholder,
    WinModel,
)
from insights.digest.links import token as digest_token
from leads.models import (
    CaptureForm,
    ConversionModel,
    CustomField,
    ImportBatch,
    Lead,
    NurtureEnrolment,
    NurtureStep,
    NurtureTouch,
    NurtureTrack,
    ScoringGroup,
    ScoringRule,
)
from leads.nurture import words
from people.models import Absence, Dashboard, Team, User
from qualification.actions.dossiers import open_dossier
from qualification.models import Criterion, Evidence
from tests.deals.factories import MeetingFactory, OpportunityFactory, pipeline, poc_of, stage
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory
from tests.qualification.factories import evidence, framework

# In this order the matrix lists the statuses. Lead and deal belong to `owner` and `west`; `se` claimed the deal.
PERSONAS = [
    "anonymous", "owner", "mate", "stranger", "se", "se_mate", "se_stranger", "manager", "manager_stranger",
    "marketing", "admin",
]  # fmt: skip
PLAN_TOKEN = "p" * 43


# A table of each screen of figures.
TABLES = {
    "insights:export_movement": "steps", "insights:export_forecast": "months", "insights:export_goals": "teams",
    "insights:export_funnel": "steps", "insights:export_velocity": "speed", "insights:export_se_team": "ses",
    "insights:export_win_loss": "reasons", "insights:export_happy_ears": "aes", "insights:export_meetings": "owners",
    "insights:export_pairings": "pairs",
}  # fmt: skip


@dataclass
class World:
    """The records and the people."""

    people: dict[str, User]
    west: Team
    lead: Lead
    other_lead: Lead
    deal: Opportunity
    waiting: QueueEntry
    batch: ImportBatch
    form: CaptureForm
    evidence: Evidence
    criterion: Criterion
    group: ScoringGroup
    rule: ScoringRule
    stakeholder: Stakeholder
    charter: Charter
    held: HelpRequest
    with_se: HelpRequest
    meeting: Meeting
    attendee: Attendee
    debrief: Debrief

    def arguments(self, name: str, wanted: set[str]) -> dict[str, object]:
        """Values for the parts of the address called `name`, by what its last word speaks of."""
        by_name = {
            "dossier_id": self.lead.dossier_id, "criterion_id": self.criterion.pk, "evidence_id": self.evidence.pk,
            "team_id": self.west.pk, "user_id": self.people["mate"].pk, "other": self.other_lead.pk,
            "key": self.form.key, "group_id": self.group.pk, "uidb36": "1", "name": "assign",
        }  # fmt: skip
        by_name["deal"] = self.deal.pk
        by_name["kind"] = "email"
        by_name["screen"] = "pipeline"
        by_name["what"] = "meetings"
        by_name["question"] = EnvironmentQuestion.objects.get().pk
        by_name["token"] = PLAN_TOKEN if name == "deals:shared_plan" else token_of(self.people["owner"])
        if name.startswith("leads:nurture"):
            by_name["token"] = words.token(NurtureTouch.objects.get(step__kind="case_study"))
        if name == "insights:digest_off":
            by_name["token"] = digest_token(self.people["owner"])
        if name == "retry_jobs":
            by_name["kind"] = "leads-leadscore"
        if name == "account_reset_password_from_key":
            by_name["key"] = "set-password"
        by_name["table"] = TABLES.get(name, "stages")
        by_name["pk"] = self._pk(name)
        return {part: by_name[part] for part in wanted}

    def _pk(self, name: str) -> int:
        exact = {
            "deals:lead_meetings": self.lead, "deals:plan_lead_meeting": self.lead,
            "deals:convert": self.lead, "deals:decline": self.waiting, "deals:edit_stage": stage("discovery"),
            "deals:stage": stage("discovery"), "deals:add_criterion": stage("discovery"),
            "deals:change_criterion": stage("discovery").criteria.first(),
            "deals:remove_criterion": stage("discovery").criteria.first(),
            "deals:pairing": self.charter.pairing,
            "deals:propose_charter": self.charter.pairing, "deals:end_pairing": self.charter.pairing,
            "deals:rate_pairing": self.charter.pairing, "deals:scrub": self.charter.pairing,
            "deals:finish_scrub": self.charter.pairing, "deals:scrub_keep": self.charter.pairing,
            "deals:scrub_fix": self.charter.pairing, "deals:scrub_kill": self.charter.pairing,
            "deals:share_rating": AlignmentCheck.objects.first(), "deals:finish_task": DealTask.objects.first(),
            "deals:edit_reserve_note": ReserveNote.objects.first(),
            "deals:release_reserve_note": ReserveNote.objects.first(),
            "deals:hold_reserve_note": ReserveNote.objects.first(),
            "deals:rfp_question": RfpQuestion.objects.first(), "deals:suggested_answers": RfpQuestion.objects.first(),
            "deals:remove_question": RfpQuestion.objects.first(),
            "deals:reuse_answer": RfpQuestion.objects.first(),
            **{
                f"deals:{name}": Rfp.objects.first()
                for name in (
                    "rfp", "edit_rfp", "remove_rfp", "upload_questions", "match_questions", "assign_questions",
                    "export_rfp_csv", "export_rfp_xlsx", "add_question",
                )
            },
            "deals:company_environment": self.deal.company,
            "deals:edit_topic": EnvironmentTopic.objects.get(),
            "deals:add_bank_question": EnvironmentTopic.objects.get(),
            "deals:edit_bank_question": EnvironmentQuestion.objects.get(),
            **{
                f"deals:{name}_closing_step": ClosingStep.objects.first() for name in ("edit", "settle", "remove")
            },
            "deals:demo": Demo.objects.get(), "deals:edit_demo": Demo.objects.get(),
            "deals:remove_demo": Demo.objects.get(), "deals:add_demo_part": Demo.objects.get(),
            "deals:edit_demo_part": DemoPart.objects.get(), "deals:remove_demo_part": DemoPart.objects.get(),
            "deals:library_item": LibraryItem.objects.get(), "deals:edit_library_item": LibraryItem.objects.get(),
            "deals:keep_answer": RfpQuestion.objects.first(), "deals:use_library_answer": RfpQuestion.objects.first(),
            "deals:name_gap": Requirement.objects.first(),
            **{
                f"deals:{name}": ProductGap.objects.first()
                for name in ("product_gap", "edit_gap", "set_gap_state", "merge_gap", "split_gap")
            },
            "deals:edit_requirement": Requirement.objects.first(), "deals:judge_fit": Requirement.objects.first(),
            "deals:move_requirement": Requirement.objects.first(),
            "deals:remove_requirement": Requirement.objects.first(),
            "deals:scope_requirement": Requirement.objects.first(), "deals:carry_work": Proposal.objects.first(),
            "deals:accept_charter": self.charter, "deals:ask_again": self.held, "deals:accept_anyway": self.held,
            "deals:withdraw_help_request": self.held, "deals:finish_help_request": self.with_se,
            "deals:meeting": self.meeting, "deals:edit_meeting": self.meeting, "deals:cancel_meeting": self.meeting,
            "deals:add_attendee": self.meeting, "deals:confirm_attendee": self.attendee,
            "deals:remove_attendee": self.attendee, "deals:huddle": self.meeting,
            "deals:meeting_calendar": self.meeting,
            "deals:write_debrief": self.meeting, "deals:edit_debrief": self.debrief,
            "deals:debrief_evidence": self.debrief,
            "deals:accept_specialist": SpecialistRequest.objects.waiting().first(),
            "deals:decline_specialist": SpecialistRequest.objects.waiting().first(),
            "deals:withdraw_specialist": SpecialistRequest.objects.waiting().first(),
            "deals:finish_specialist": SpecialistRequest.objects.engaged().first(),
            "deals:rival": Rival.objects.first(), "deals:edit_rival": Rival.objects.first(),
            "deals:agree_lesson": Autopsy.objects.first(), "deals:autopsy": Autopsy.objects.get().opportunity,
            "deals:write_autopsy": Autopsy.objects.get().opportunity,
            "deals:add_handoff_person": Handoff.objects.get(state="draft"),
            "deals:hand_over": Handoff.objects.get(state="draft"),
            "deals:handoff": Handoff.objects.get(state="handed_over"),
            "deals:accept_handoff": Handoff.objects.get(state="handed_over"),
            "deals:return_handoff": Handoff.objects.get(state="handed_over"),
            "deals:remove_handoff_person": HandoffPerson.objects.first(),
            "deals:edit_stakeholder": self.stakeholder, "deals:remove_stakeholder": self.stakeholder,
            "deals:claim": self.waiting.opportunity, "deals:edit_rate": ExchangeRate.objects.first(),
            "insights:dashboard": Dashboard.objects.first(), "insights:dashboard_part": Dashboard.objects.first(),
            "insights:dashboard_history": Dashboard.objects.first(),
            **{f"insights:{act}_dashboard": Dashboard.objects.first() for act in ("edit", "copy", "remove")},
            "deals:edit_quota": Quota.objects.first(), "insights:objective_progress": Objective.objects.first(),
            "deals:add_key_result": Objective.objects.first(), "deals:objective": Objective.objects.first(),
            "deals:objective_history": Objective.objects.first(),
            **{
                f"deals:{act}_objective": Objective.objects.first()
                for act in ("edit", "agree", "drop", "resume", "remove")
            },
            "deals:edit_key_result": KeyResult.objects.first(), "deals:remove_key_result": KeyResult.objects.first(),
            "deals:check_in": KeyResult.objects.first(),
            "deals:proposal": Proposal.objects.first(), "deals:price_proposal": Proposal.objects.first(),
            "deals:compare_proposal": Proposal.objects.first(), "deals:print_proposal": Proposal.objects.first(),
            "deals:ask_approval": Proposal.objects.first(), "deals:approve_proposal": Proposal.objects.first(),
            "deals:send_back_proposal": Proposal.objects.first(), "deals:redraft_proposal": Proposal.objects.first(),
            "deals:send_proposal": Proposal.objects.first(), "deals:accept_proposal": Proposal.objects.first(),
            "deals:decline_proposal": Proposal.objects.first(), "deals:take_back_answer": Proposal.objects.first(),
            "deals:write_proposal_section": ProposalSection.objects.get(kind="solution"),
            **{
                f"deals:{name}": Poc.objects.get(opportunity=self.deal)
                for name in (
                    "poc", "edit_poc", "poc_effort", "agree_poc", "change_poc_plan", "start_poc", "finish_poc",
                    "resume_poc", "add_poc_criterion", "add_poc_step", "share_poc",
                )
            },
            **{
                f"deals:{name}": PocCriterion.objects.get(poc__opportunity=self.deal)
                for name in ("edit_poc_criterion", "poc_result", "poc_proofs", "remove_poc_criterion")
            },
            **{
                f"deals:{name}": PocStep.objects.get(poc__opportunity=self.deal)
                for name in ("edit_poc_step", "tick_poc_step", "remove_poc_step")
            },
            "deals:revoke_poc_link": PocLink.objects.first(),
            "deals:edit_competitor": Competitor.objects.first(), "deals:remove_competitor": Competitor.objects.first(),
            "people:edit_absence": Absence.objects.first(), "people:remove_absence": Absence.objects.first(),
            "leads:company": self.lead.company, "leads:edit_company": self.lead.company,
            **{
                f"leads:{act}_field": CustomField.objects.first()
                for act in ("edit", "move", "archive", "restore", "remove")
            },
            **{f"leads:{act}_track": NurtureTrack.objects.first() for act in ("edit", "start", "pause")},
            "leads:nurture_track": NurtureTrack.objects.first(), "leads:add_step": NurtureTrack.objects.first(),
            **{
                f"leads:{act}_step": NurtureStep.objects.get(kind="case_study")
                for act in ("edit", "move", "remove", "preview", "test")
            },
            "leads:finish_call": NurtureTouch.objects.get(step__kind="call"),
            "leads:capture_form": self.form, "leads:capture_token": self.form, "leads:scoring_group": self.group,
            "leads:scoring_rule": self.rule, "leads:use_conversion": ConversionModel.objects.first(),
            "deals:use_winning": WinModel.objects.first(),
            "qualification:framework": self.criterion.framework,
            "qualification:edit_framework": self.criterion.framework,
            "qualification:add_criterion": self.criterion.framework, "qualification:edit_criterion": self.criterion,
        }  # fmt: skip
        if name in exact:
            return exact[name].pk
        room = name.split(":")[0]
        if "import" in name or name == "leads:match_columns":
            return self.batch.pk
        if "rule" in name:
            return self.rule.pk
        if "group" in name:
            return self.group.pk
        if room == "people":
            return self.west.pk if "team" in name else self.people["mate"].pk
        return {"deals": self.deal, "leads": self.lead}.get(room, self.lead).pk


def build() -> World:
    """Make the world."""
    pipeline()
    framework()
    west, east = TeamFactory(name="West"), TeamFactory(name="East")
    people = {
        "owner": UserFactory(role="ae", team=west, name="Owner"),
        "mate": UserFactory(role="ae", team=west, name="Mate"),
        "stranger": UserFactory(role="ae", team=east, name="Stranger"),
        "se": UserFactory(role="se", team=west, name="Se"),
        "se_mate": UserFactory(role="se", team=west, name="Se mate"),
        "se_stranger": UserFactory(role="se", team=east, name="Se stranger"),
        "manager": UserFactory(role="manager", team=west, name="Manager"),
        "manager_stranger": UserFactory(role="manager", team=east, name="Manager stranger"),
        "marketing": UserFactory(role="marketing", name="Marketing"),
        "admin": UserFactory(role="admin", name="Admin"),
    }
    today = datetime.date.today()
    Absence.objects.create(user=people["mate"], starts_on=today, ends_on=today)
    CustomField.objects.create(record="lead", name="Shoe size", key="shoe_size", kind="number")
    for versions in (ConversionModel, WinModel):
        versions.objects.create(
            state="learning", data={"start": 0.0, "columns": []}, report={"auc": 0.5}, wins=20, losses=20,
            outcomes_until=timezone.now(),
        )  # fmt: skip
    company = CompanyFactory(name="Acme")
    lead = LeadFactory(
        name="Lena Ortiz",
        company=company,
        team=west,
        owner=people["owner"],
        stage="sal",
        dossier=open_dossier(None, west),
    )
    other_lead = LeadFactory(name="Lena Ortis", company=company, team=west, owner=people["owner"])
    track = NurtureTrack.objects.create(name="Warm up", bands=["cold"], stages=["new"], state="running")
    study = NurtureStep.objects.create(
        track=track, kind="case_study", subject="Read", body="This", link="https://ours.example/story"
    )
    call = NurtureStep.objects.create(track=track, kind="call", body="Ask them", order=1)
    enrolment = NurtureEnrolment.objects.create(track=track, lead=lead, stage="sal", next_step=call)
    NurtureTouch.objects.create(enrolment=enrolment, step=study)
    NurtureTouch.objects.create(enrolment=enrolment, step=call)
    deal = OpportunityFactory(team=west, owner=people["owner"], company=company, stage=stage("discovery"))
    QueueEntry.objects.create(opportunity=deal)
    claim(people["se"], deal)
    waiting = QueueEntry.objects.create(opportunity=OpportunityFactory(team=west, owner=people["owner"]))
    batch = ImportBatch.objects.create(
        target="leads", filename="leads.csv", created_by=people["owner"], state="ready", columns=["Name"],
        mapping={"Name": "name"}, reading={"kind": "csv", "encoding": "utf-8", "delimiter": ",", "header_line": 1},
        file=ContentFile("Name\nLena\n", name="leads.csv"),
    )  # fmt: skip
    form = CaptureForm.objects.create(name="Website")
    group = ScoringGroup.objects.create(dimension="fit", name="Seniority of the matrix")
    rule = ScoringRule.objects.create(
        group=group, name="VP", points=10, field="seniority", operator="is_any", values=["vp"]
    )
    Competitor.objects.create(opportunity=deal, name="Conduitly")
    Quota.objects.create(team=west, quarter=datetime.date(2026, 10, 1), amount=1000)
    Dashboard.objects.create(
        owner=people["manager"], name="West", sharing="teams", with_teams=[west.pk],
        cards=["pipeline.figure.weighted:narrow"],
    )  # fmt: skip
    # The AE's own proposal, of which a manager of theirs has not agreed yet.
    objective = Objective.objects.create(
        user=people["owner"], owner=people["owner"], quarter=datetime.date(2026, 10, 1),
        deadline=datetime.date(2026, 12, 31), sentence="Every evaluation has agreed criteria",
    )  # fmt: skip
    KeyResult.objects.create(objective=objective, place=1, text="Evaluations with criteria", start=0, target=5)
    ExchangeRate.objects.create(currency="EUR", rate=1, valid_from=datetime.date(2026, 1, 1))
    entry = evidence(lead.dossier, "budget", 2, amount=60000)
    deal = Opportunity.objects.get(pk=deal.pk)
    stakeholder = Stakeholder.objects.create(
        opportunity=deal, name="Lena Ortiz", role="champion", job_title="CTO", note="Wants it"
    )
    assert datetime.date.today() >= entry.observed_on
    pairing = Pairing.objects.create(ae=people["owner"], se=people["se"])
    charter = Charter.objects.create(pairing=pairing, number=1, note="Both write notes")
    held = HelpRequest.objects.create(
        opportunity=deal, kind="demo", state="held", missing=[{"what": "A budget", "url": "/"}],
        requested_by=people["owner"], note="Their own case",
    )  # fmt: skip
    with_se = HelpRequest.objects.create(
        opportunity=deal, kind="poc", state="with_se", requested_by=people["owner"], note="Two weeks"
    )
    meeting = MeetingFactory(opportunity=deal, driver=people["owner"])
    Attendee.objects.create(meeting=meeting, name="Lena Ortiz", job_title="CTO")
    held_meeting = MeetingFactory(opportunity=deal, hours=-3)
    debrief = Debrief.objects.create(
        meeting=held_meeting, author=people["owner"], lane="ae", missed="Their auditors", real_pain="yes", context=4
    )
    AlignmentCheck.objects.create(pairing=pairing, author=people["owner"], score=6)
    DealReview.objects.create(opportunity=deal, by=people["manager"], on=today, note="They wait for their board")
    DealTask.objects.create(
        opportunity=deal, what="Ask their CFO", assignee=people["se"], created_by=people["owner"],
        due_on=datetime.date(2026, 1, 1),
    )  # fmt: skip
    Requirement.objects.create(opportunity=deal, text="Single sign-on")
    SolutionDesign.objects.create(opportunity=deal, text="A hub between them", author=people["se"])
    demo = Demo.objects.create(opportunity=deal, title="Their own data", held_on=today)
    DemoPart.objects.create(demo=demo, what="Sign-on")
    LibraryItem.objects.create(title="Sign-on in five minutes", script="Open the directory.")
    ProductGap.objects.create(title="Works offline")
    ClosingStep.objects.create(opportunity=deal, what="Their questionnaire", kind="security", owner=people["se"])
    asked = EnvironmentQuestion.objects.create(
        topic=EnvironmentTopic.objects.create(name="Systems"), text="Which systems?"
    )
    EnvironmentAnswer.objects.create(company=company, question=asked, text="An ERP", said_on=today, opportunity=deal)
    ReserveNote.objects.create(opportunity=deal, text="Offer them a week on site", author=people["se"])
    # The AE was given the question; what is in the technical lane besides it stays with the SE.
    rfp = Rfp.objects.create(opportunity=deal, name="Their RFP", due_on=datetime.date(2026, 1, 1))
    rfp = upload_questions(people["se"], rfp, SimpleUploadedFile("rfp.csv", b"No,Question\n1,Which price?\n"))
    import_questions(people["se"], rfp, {"question": 1, "number": 0, "answer": -1}, 1)
    rfp.questions.update(owner=people["owner"])
    start_proposal(people["owner"], deal)
    poc = poc_of(deal)
    PocLink.objects.create(
        poc=poc, label="Their project lead", token_hash=hash_token(PLAN_TOKEN), prefix=PLAN_TOKEN[:6],
        expires_at=timezone.now() + datetime.timedelta(days=30),
    )  # fmt: skip
    handoff = Handoff.objects.create(opportunity=deal, started_by=people["owner"], promises="Single sign-on")
    Rival.objects.create(name="Conduitly")
    lost = OpportunityFactory(
        team=west, owner=people["owner"], se=people["se"], stage=stage("lost"), outcome="lost", closed_on=today,
        lost_reason="price",
    )  # fmt: skip
    Autopsy.objects.create(opportunity=lost, closed_on=today, lost_reason="price")
    won = OpportunityFactory(team=west, owner=people["owner"], stage=stage("won"), outcome="won", closed_on=today)
    Handoff.objects.create(
        opportunity=won, started_by=people["owner"], receiver=people["se_stranger"], state="handed_over",
        closed_on=today, handed_over_by=people["owner"], handed_over_at=timezone.now(),
    )  # fmt: skip
    HandoffPerson.objects.create(handoff=handoff, name="Lena Ortiz", role="champion")
    # The SE of the other territory is asked to help with the deal, and helps already with another.
    helped = OpportunityFactory(team=west, owner=people["owner"])
    for about, more in (
        (deal, {"named": people["se_stranger"]}),
        (helped, {"state": "engaged", "specialist": people["se_stranger"], "accepted_at": timezone.now()}),
    ):
        SpecialistRequest.objects.create(
            opportunity=about, kind="security", skill="Security", purpose="Their auditors", due_on=today,
            requested_by=people["owner"], **more,
        )  # fmt: skip
    return World(
        people, west, lead, other_lead, deal, waiting, batch, form, entry, entry.criterion, group, rule, stakeholder,
        charter, held, with_se, meeting, meeting.attendees.get(), debrief,
    )  # fmt: skip
