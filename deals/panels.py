"""Deals on the pages of the rooms below: those of a company, and the one a lead became."""

from django.http import HttpRequest

from deals.models import Opportunity
from leads.models import Company, Lead, LeadStage

SHOWN = 20


def of_company(request: HttpRequest, company: Company) -> list[Opportunity] | None:
    """The newest opportunities at the company that the person sees; None for none."""
    seen = Opportunity.objects.visible_to(request.user).filter(company=company)
    return list(seen.select_related("stage", "owner").order_by("-created_at", "-pk")[:SHOWN]) or None


def of_lead(request: HttpRequest, lead: Lead) -> list[Opportunity] | None:
    """The opportunity that the lead became, if the person sees it."""
    if lead.stage != LeadStage.CONVERTED:
        return None
    seen = Opportunity.objects.visible_to(request.user).filter(lead=lead)
    return list(seen.select_related("stage", "owner")[:1]) or None
