"""Deals on the pages of companies and leads: only those the person sees."""

import pytest

from leads.models import Lead, LeadStage
from tests.deals.factories import OpportunityFactory
from tests.factories import CompanyFactory, LeadFactory, TeamFactory

pytestmark = pytest.mark.django_db


def test_a_companys_page_shows_its_visible_deals_only(sign_in, ae, team):
    company = CompanyFactory(created_by=ae)
    OpportunityFactory(name="Ours", company=company, team=team, owner=ae)
    OpportunityFactory(name="Of strangers", company=company, team=TeamFactory())
    text = sign_in(ae).get(company.get_absolute_url()).content.decode()
    assert "Ours" in text
    assert "Of strangers" not in text


def test_a_converted_leads_page_leads_to_its_deal(sign_in, ae, team):
    lead = LeadFactory(team=team, owner=ae)
    deal = OpportunityFactory(name="The deal", lead=lead, team=team, owner=ae)
    Lead.objects.filter(pk=lead.pk).update(
        stage=LeadStage.CONVERTED, converted_at=deal.created_at, dossier=deal.dossier
    )
    assert "The deal" in sign_in(ae).get(lead.get_absolute_url()).content.decode()
