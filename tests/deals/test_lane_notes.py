"""Whoever reads a page of a deal outside its lane is told whose it is, on the page itself."""

import pytest
from django.urls import reverse

from deals.models import Handoff, Rfp
from tests.deals.factories import OpportunityFactory, proposal_of, stage

pytestmark = pytest.mark.django_db
TECHNICAL = [
    "environment", "requirements", "design", "demos", "pocs", "technical_win", "rfps", "deal_handoff", "proposals",
]  # fmt: skip
COMMERCIAL = ["opportunity", "closing_steps", "deal_handoff", "proposals"]


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("negotiation"))
    proposal_of(made)
    return made


def text_of(client, name, pk):
    return client.get(reverse(f"deals:{name}", args=[pk]), follow=True).content.decode()


@pytest.mark.parametrize("name", TECHNICAL)
@pytest.mark.parametrize("started", [False, True])
def test_the_ae_is_told_that_it_is_the_ses(deal, ae, se, sign_in, name, started):
    if started:
        Handoff.objects.create(opportunity=deal, started_by=ae, promises="Single sign-on")
        Rfp.objects.create(opportunity=deal, name="Their questions", due_on="2027-01-04")
    text = text_of(sign_in(ae), name, deal.pk)
    assert "echnical lane" in text or f"{se.name} writes" in text
    assert se.name in text


@pytest.mark.parametrize("name", COMMERCIAL)
@pytest.mark.parametrize("started", [False, True])
def test_the_se_is_told_that_it_is_the_aes(deal, ae, se, sign_in, name, started):
    if started:
        Handoff.objects.create(opportunity=deal, started_by=se, custom_work="A connector")
    text = text_of(sign_in(se), name, deal.pk)
    assert "AE's lane" in text or f"{ae.name} writes" in text or f"{ae.name} prices" in text
    assert ae.name in text


def test_on_an_rfp_too(deal, ae, se, sign_in):
    rfp = Rfp.objects.create(opportunity=deal, name="Their questions", due_on="2027-01-04")
    assert f"The technical lane: {se.name}" in sign_in(ae).get(rfp.get_absolute_url()).content.decode()
