"""Files of deals that say how they ended in their own words, and not always when."""

import pytest
from django.utils import timezone

from deals.models import Opportunity
from leads.imports.outcomes import candidates
from leads.models import CustomField
from tests.deals.factories import pipeline
from tests.factories import CompanyFactory
from tests.leads.test_imports_custom import through_the_pages
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db

RESULTS = """Opportunity Number,Supplies Group,Route To Market,Days Identified,Opportunity Result,Amount USD
1641984,Car Accessories,Fields Sales,76,Won,5000
1658010,Car Electronics,Reseller,63,Loss,0
1674737,Car Accessories,Reseller,24,Won,750000
1675224,Car Accessories,Fields Sales,16,Loss,10000
"""


@pytest.fixture(autouse=True)
def place(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    framework()
    pipeline()


def test_results_become_the_outcome_and_the_rest_custom_fields(client, admin):
    batch = through_the_pages(client, admin, RESULTS, target="opportunities")
    assert (batch.state, batch.created, batch.rejected) == ("done", 4, 0), list(batch.problems.values())
    deal = Opportunity.objects.get(external_id="1641984")
    assert (deal.name, deal.outcome, deal.closed_on) == ("1641984", "won", timezone.now().date())
    assert deal.custom == {
        "supplies_group": "Car Accessories", "route_to_market": "Fields Sales", "days_identified": 76,
        "amount_usd": 5000,
    }  # fmt: skip
    assert set(CustomField.objects.of("opportunity").values_list("lane", flat=True)) == {"commercial"}
    assert Opportunity.objects.filter(outcome="lost").count() == 2


def test_a_flag_and_open_deals_without_any_name(client, admin):
    text = "Region,Won,Seats\nNorth,1,5\nSouth,0,7\nNorth,,9\n"
    batch = through_the_pages(client, admin, text, target="opportunities")
    assert (batch.state, batch.created) == ("done", 3), list(batch.problems.values())
    found = {deal.name: deal for deal in Opportunity.objects.all()}
    assert {name: deal.outcome for name, deal in found.items()} == {"Line 2": "won", "Line 3": "lost", "Line 4": "open"}
    assert found["Line 4"].close_date is None
    again = through_the_pages(client, admin, text, target="opportunities")
    assert (again.created, again.unchanged) == (0, 3)


def test_a_closed_deal_whose_day_is_missing_in_a_dated_file_is_named(client, admin):
    CompanyFactory(name="Acme")
    text = "Deal name,Stage,Close date\nA,Closed Won,2026-01-02\nB,Closed Won,\n"
    batch = through_the_pages(client, admin, text, target="opportunities")
    assert (batch.created, batch.rejected) == (1, 1)
    assert batch.problems.get().reason == "a closed deal needs its day"


def test_a_column_of_stages_that_ends_needs_no_other(client, admin):
    text = (
        "Deal name,Stage,IsWon,Close date\nA,Closed Won,true,2026-01-02\n"
        "B,Prospecting,false,\nC,Closed Lost,false,2026-01-02\n"
    )
    batch = through_the_pages(client, admin, text, target="opportunities")
    assert (batch.created, batch.rejected) == (3, 0), list(batch.problems.values())
    assert dict(Opportunity.objects.values_list("name", "outcome")) == {"A": "won", "B": "open", "C": "lost"}
    assert Opportunity.objects.get(name="B").custom == {"iswon": False}


def test_stages_of_a_pipeline_are_no_outcome():
    assert candidates({"deal_stage": ["Engaging", "Lost", "Prospecting", "Won"]}) == []
    assert candidates({"Opportunity Result": ["Loss", "Won"]}) == ["Opportunity Result"]
