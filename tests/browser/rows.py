"""A little of everything for the pages that the browser tests look at."""

from deals.actions.pairings import accept_charter, start_pairing
from deals.models import Charter, HelpRequest
from leads.models import LeadStage
from people.models import Absence
from tests.deals.factories import OpportunityFactory, StakeholderFactory
from tests.factories import CompanyFactory, LeadFactory


def make_rows(team, people):
    """Leads in several stages, owned and waiting, and a pair at work."""
    company = CompanyFactory(name="Nordwind Logistics", domain="nordwind.example", created_by=people["ae"])
    for stage, owner in ((LeadStage.MQL, None), (LeadStage.SAL, people["ae"]), (LeadStage.NEW, None)):
        LeadFactory(stage=stage, owner=owner, team=team, company=company)
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
    pairing = start_pairing(people["ae"], people["ae"], people["se"])
    accept_charter(people["se"], pairing.charters.get())
    Charter.objects.create(pairing=pairing, number=2, timeline_months=3, proposed_by=people["se"])
