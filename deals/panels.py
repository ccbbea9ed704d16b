"""Deals on the pages of the rooms below: those of a company with what is known of its environment, and the one a lead
became, with the meetings of a lead."""

from django.db.models import Count, Max, Q
from django.http import HttpRequest

from deals.models import EnvironmentAnswer, EnvironmentQuestion, Opportunity
from leads.models import Company, Lead, LeadStage

SHOWN = 20


def of_company(request: HttpRequest, company: Company) -> list[Opportunity] | None:
    """The newest opportunities at the company that the person sees; None for none."""
    seen = Opportunity.objects.visible_to(request.user).filter(company=company)
    return list(seen.select_related("stage", "owner").order_by("-created_at", "-pk")[:SHOWN]) or None


def environment_of_company(request: HttpRequest, company: Company) -> dict[str, object] | None:
    """How much is known of the company's technical environment; None without questions. Two queries."""
    answered = EnvironmentAnswer.objects.visible_to(request.user).filter(company=company)
    known = answered.order_by().aggregate(answered=Count("pk"), latest=Max("said_on"))
    own = Q(is_asked=True) | Q(answers__company=company)
    total = EnvironmentQuestion.objects.visible_to(request.user).filter(own).order_by().distinct().count()
    return {"company": company.pk, "total": total, **known} if total else None


def of_lead(request: HttpRequest, lead: Lead) -> list[Opportunity] | None:
    """The opportunity that the lead became, if the person sees it."""
    if lead.stage != LeadStage.CONVERTED:
        return None
    seen = Opportunity.objects.visible_to(request.user).filter(lead=lead)
    return list(seen.select_related("stage", "owner")[:1]) or None


def meetings_of_lead(request: HttpRequest, lead: Lead) -> Lead | None:
    """The lead, whose page fetches the meetings by itself; None where they went on with an opportunity."""
    return None if lead.merged_into_id or lead.stage == LeadStage.CONVERTED else lead
