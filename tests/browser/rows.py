"""A little of everything for the pages that the browser tests look at."""

from django.utils import timezone

from leads.models import LeadStage
from tests.factories import CompanyFactory, LeadFactory


def make_rows(team, people):
    """Leads in several stages, owned and waiting."""
    company = CompanyFactory(name="Nordwind Logistics", domain="nordwind.example", created_by=people["ae"])
    for stage, owner in ((LeadStage.MQL, None), (LeadStage.SAL, people["ae"]), (LeadStage.NEW, None)):
        LeadFactory(stage=stage, owner=owner, team=team, company=company)
    people["se"].skills = ["Kubernetes", "SAP"]
    people["se"].away_until = timezone.localdate()
    people["se"].save()
