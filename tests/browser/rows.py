"""A little of everything for the pages that the browser tests look at."""

import datetime

from django.utils import timezone

from deals.actions.designs import save_design
from deals.actions.pairings import accept_charter, start_pairing
from deals.actions.proposals import start_proposal
from deals.actions.reserve import hold, keep_in_reserve
from deals.actions.rfps import add_question, add_rfp
from deals.actions.scrubs import fix
from deals.models import (
    AlignmentCheck,
    AlignmentWish,
    Charter,
    ClosingStep,
    Demo,
    HelpRequest,
    Rfp,
    RfpQuestion,
    SolutionDesign,
)
from leads.models import LeadStage
from people.models import Absence
from tests.deals.factories import (
    AttendeeFactory,
    BankQuestionFactory,
    DemoPartFactory,
    EnvironmentAnswerFactory,
    LibraryItemFactory,
    MeetingFactory,
    OpportunityFactory,
    RequirementFactory,
    StakeholderFactory,
)
from tests.factories import CompanyFactory, LeadFactory


def make_rows(team, people):
    """Leads in several stages, owned and waiting, and a pair at work."""
    company = CompanyFactory(name="Nordwind Logistics", domain="nordwind.example", created_by=people["ae"])
    for stage, owner in ((LeadStage.MQL, None), (LeadStage.SAL, people["ae"]), (LeadStage.NEW, None)):
        lead = LeadFactory(stage=stage, owner=owner, team=team, company=company)
        if owner is not None:
            meeting = MeetingFactory(opportunity=None, lead=lead, hours=5)
            AttendeeFactory(meeting=meeting, user=people["se"], is_confirmed=False)
    people["se"].skills = ["Kubernetes", "SAP"]
    people["se"].save()
    Absence.objects.create(user=people["se"], starts_on=people["se"].today, ends_on=people["se"].today)
    make_pair(team, people)


def make_pair(team, people):
    """A deal of AE and SE with a committee and a demo that is held back, and their charter, proposed anew."""
    deal = OpportunityFactory(name="Nordwind: yard planning", team=team, owner=people["ae"], se=people["se"])
    for role in ("champion", "economic_buyer"):
        StakeholderFactory(opportunity=deal, name="Lena Brandt", role=role, email="lena@nordwind.example")
    HelpRequest.objects.create(opportunity=deal, kind="demo", state="held", requested_by=people["ae"])
    for kind, owner in (("legal", people["ae"]), ("security", people["se"])):
        ClosingStep.objects.create(opportunity=deal, what="Their questions", kind=kind, owner=owner)
    pairing = start_pairing(people["ae"], people["ae"], people["se"])
    accept_charter(people["se"], pairing.charters.get())
    Charter.objects.create(pairing=pairing, number=2, timeline_months=3, proposed_by=people["se"])
    second = OpportunityFactory(name="Nordwind: night shift", team=team, owner=people["ae"], se=people["se"])
    for days in (60, 30, 0):
        for person, score in ((people["ae"], 8), (people["se"], 6)):
            day = timezone.localdate() - datetime.timedelta(days=days)
            check = AlignmentCheck.objects.create(pairing=pairing, author=person, score=score, rated_on=day)
            AlignmentWish.objects.create(check_of=check, text="A week's notice of every demo")
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    fix(people["ae"], pairing, second, what="Ask their CFO", assignee=people["se"], due_on=tomorrow)
    make_workbench(deal, people["se"])
    ideas = [keep_in_reserve(people["se"], deal, text) for text in ("A week on site", "Leave the reporting out")]
    hold(people["ae"], ideas[0], answer="Not yet")


def make_workbench(deal, se):
    """What an SE writes down on a deal: environment, requirements and their proofs, design, demo, RFP and proposal."""
    answered = EnvironmentAnswerFactory(company=deal.company, opportunity=deal, recorded_by=se)
    BankQuestionFactory(topic=answered.question.topic, hint="Names and versions")
    wanted = RequirementFactory(opportunity=deal, text="Reports in their layout", fit="custom", work="Three reports")
    RequirementFactory(opportunity=deal, text="Works offline")
    item = LibraryItemFactory(title="A late order", tags=["alerts"], created_by=se)
    part = DemoPartFactory(demo__opportunity=deal, requirement=wanted, item=item, result="convinced")
    Demo.objects.filter(pk=part.demo_id).update(outcome="convinced", note="They took the mouse", recorded_by=se)
    design = save_design(se, deal, SolutionDesign(text="One hub.\nA queue.", links="https://drawings.example/1 Flow"))
    design.text = "One hub.\nTwo queues."
    save_design(se, deal, design, design.version, note="Their architects asked for it")
    rfp = add_rfp(se, deal, Rfp(name="Their RFP", due_on=timezone.localdate(), owner=se))
    add_question(se, rfp, RfpQuestion(text="How are orders found?", requirement=wanted))
    start_proposal(deal.owner, deal)
