"""A little of everything for the pages that the browser tests look at."""

import datetime

from django.utils import timezone

from deals.actions.pairings import accept_charter, start_pairing
from deals.actions.reserve import hold, keep_in_reserve
from deals.actions.scrubs import fix
from deals.models import AlignmentCheck, AlignmentWish, Charter, ClosingStep, HelpRequest
from leads.models import LeadStage
from people.models import Absence
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory, StakeholderFactory
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
    ideas = [keep_in_reserve(people["se"], deal, text) for text in ("A week on site", "Leave the reporting out")]
    hold(people["ae"], ideas[0], answer="Not yet")
