"""Leads from a file have the history that their dates tell, so that past days find them where they stood."""

import datetime

import pytest
from django.db.models import Q

from insights.filters import OfLeads
from insights.queries.funnel import funnel
from leads.models import Lead
from presales.validity import as_of, end_of
from tests.deals.test_imports import bring
from tests.leads.test_imports import imported

pytestmark = pytest.mark.django_db
FILE = """Name,E-mail,Stage,Created,Converted or lost on
Ann,ann@a.example,converted,2025-01-10,2025-03-05
Bob,bob@b.example,disqualified,2025-01-20,2025-02-01
Cy,cy@c.example,mql,2025-02-15,
Di,di@d.example,new,2025-04-01,
"""


@pytest.fixture(autouse=True)
def installation(settings, tmp_path):
    from deals.seeds import seed as seed_stages
    from qualification.seeds import seed as seed_frameworks

    settings.MEDIA_ROOT = tmp_path
    seed_frameworks()
    seed_stages()


def stood(day):
    return {one.name: one.stage for one in as_of(Lead.objects.all(), datetime.date.fromisoformat(day))}


@pytest.fixture
def batch(admin):
    made = imported(admin, FILE.encode(), "leads")
    assert (made.state, made.created) == ("done", 4), made.message
    return made


def test_each_lead_came_and_ended_on_its_days(batch):
    assert stood("2025-01-09") == {}
    assert stood("2025-01-10") == {"Ann": "sql"}
    assert stood("2025-01-31") == {"Ann": "sql", "Bob": "new"}
    assert stood("2025-02-01") == {"Ann": "sql", "Bob": "disqualified"}
    assert stood("2025-03-05") == {"Ann": "converted", "Bob": "disqualified", "Cy": "mql"}
    assert stood("2025-04-01") == {one.name: one.stage for one in Lead.objects.all()}
    told = Lead.pgh_event_model.objects.filter(pgh_obj__name="Ann").order_by("pgh_id")
    assert [(one.pgh_label, one.pgh_context["import"]) for one in told] == [("insert", batch.pk), ("update", batch.pk)]
    assert [one.pgh_until is None for one in told] == [False, True]


def test_the_funnel_of_a_past_day_counts_them(batch, admin):
    def counts(day):
        return funnel(OfLeads(admin, {"as_of": day})).total.counts

    assert counts("2025-01-31") == [2, 1, 1, 1, 0, 0]
    assert counts("2025-03-05") == [3, 2, 1, 1, 1, 0]
    assert counts("2025-04-30") == [4, 2, 1, 1, 1, 0]


def test_what_is_changed_afterwards_goes_on_from_there(batch):
    cy = Lead.objects.get(name="Cy")
    cy.stage = "nurture"
    cy.nurture_until = datetime.date(2030, 1, 1)
    cy.save()
    assert stood("2025-05-01")["Cy"] == "mql"
    assert Lead.pgh_event_model.objects.filter(pgh_obj=cy, pgh_until=None).get().stage == "nurture"


def test_deals_of_a_later_file_convert_their_leads_on_their_own_days(admin):
    leads = "Name,Number in the other system,Stage,Created\nAnn,L1,sql,2025-01-10\nBob,L2,sql,2025-01-20\n"
    leads += "Cy,L3,converted,2025-01-30\n"
    deals = (
        "Name,Lead number,Created,Stage,Amount\nFirst,L1,2025-03-01,Discovery,100\nThird,L3,2025-03-05,Discovery,100\n"
    )
    imported(admin, leads.encode(), "leads")
    made = imported(admin, deals.encode(), "opportunities")
    assert made.created == 2, made.message
    assert stood("2025-02-28") == {"Ann": "sql", "Bob": "sql", "Cy": "sql"}
    assert stood("2025-03-01") == {"Ann": "converted", "Bob": "sql", "Cy": "sql"}
    assert stood("2025-03-05") == {"Ann": "converted", "Bob": "sql", "Cy": "converted"}


@pytest.mark.shared_data
def test_the_public_leads_and_their_deals_tell_their_cohorts(admin, shared_data):
    bring(admin, shared_data / "zoho" / "zoho_Leads.csv", "leads")
    bring(admin, shared_data / "zoho" / "zoho_Potentials.csv", "opportunities")
    first, last = (Lead.objects.order_by(f"{sign}created_at").first().created_at.date() for sign in ("", "-"))
    for share in (1, 2, 3):
        day = first + (last - first) * share / 4
        came = Lead.objects.filter(created_at__lt=end_of(day))
        won = Q(opportunity__outcome="won", opportunity__closed_on__lte=day, opportunity__created_at__lt=end_of(day))
        converted = came.filter(Q(converted_at__lt=end_of(day)) | won)
        found = funnel(OfLeads(admin, {"as_of": day.isoformat()})).total.counts
        assert (found[0], found[4]) == (came.count(), converted.count())
        assert sum(line.counts[0] for line in funnel(OfLeads(admin, {"as_of": day.isoformat()})).months) == found[0]
