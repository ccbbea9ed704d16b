"""The same person twice: found by address, then by name and company; merged without losing anything."""

import pytest
from django.utils import timezone

from leads.actions.duplicates import merge
from leads.actions.leads import comment, record_engagement
from leads.duplicates import duplicates_of, find_duplicates
from leads.models import Lead, LeadScore, LeadStage
from presales.errors import Conflict, NotAllowed
from qualification.models import Criterion, Dossier, DossierStatus, Evidence, Framework
from tests.factories import CompanyFactory, LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


# -- finding ------------------------------------------------------------------------------------------


def test_the_same_address_is_found_whatever_its_case():
    lead = LeadFactory(email="Anna@Acme.example")
    assert [found.lead for found in find_duplicates(Lead.objects.all(), email=" anna@acme.EXAMPLE ")] == [lead]


def test_the_same_name_counts_at_the_same_company_only():
    acme = CompanyFactory(name="Acme", domain="acme.example")
    lead = LeadFactory(name="Anna Berg", email="", company=acme)
    leads = Lead.objects.all()
    assert [found.lead for found in find_duplicates(leads, name="anna  BERG", domain="www.acme.example")] == [lead]
    assert [found.lead for found in find_duplicates(leads, name="Anna Berg", company="ACME")] == [lead]
    assert [found.lead for found in find_duplicates(leads, name="Anna Berg", email="ab@acme.example")] == [lead]
    assert find_duplicates(leads, name="Anna Berg") == []
    assert find_duplicates(leads, name="Anna Berg", company="Other") == []
    assert find_duplicates(leads, name="Anna Berg", email="a@gmail.com") == []


def test_nothing_typed_finds_nothing():
    LeadFactory(email="", name="X")
    assert find_duplicates(Lead.objects.all()) == []


def test_the_invisible_is_never_offered(ae):
    LeadFactory(email="anna@acme.example")
    assert find_duplicates(Lead.objects.visible_to(ae), email="anna@acme.example") == []


def test_a_lead_is_not_its_own_duplicate_and_the_merged_are_gone():
    lead = LeadFactory(email="a@acme.example")
    LeadFactory(email="a@acme.example", merged_into=lead)
    assert duplicates_of(lead, Lead.objects.all()) == []


# -- merging ------------------------------------------------------------------------------------------


@pytest.fixture
def pair(team, ae):
    return LeadFactory(team=team, owner=ae, phone=""), LeadFactory(team=team, owner=ae, phone="123")


def test_chosen_and_missing_values_come_from_the_other(pair, ae):
    one, two = pair
    merge(ae, one, two, take=["name"], reason="same badge")
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.name, one.phone) == (two.name, "123")
    assert one.email != two.email
    assert two.merged_into == one
    assert one.events.order_by("-pgh_id").first().pgh_context["reason"] == "same badge"


def test_what_they_did_and_what_was_said_moves_over(pair, ae):
    one, two = pair
    record_engagement(ae, two, kind="meeting")
    comment(ae, two, text="Hello")
    Lead.objects.filter(pk=two.pk).update(notes="Two")
    before = two.events.count()
    merge(ae, one, two)
    one.refresh_from_db()
    assert (one.engagements.count(), one.comments.count(), one.notes) == (1, 1, "Two")
    assert two.events.count() == before + 1
    score = LeadScore.objects.get(lead=one)
    assert score.input_rev != score.computed_rev


def test_a_withdrawn_consent_wins(pair, ae):
    one, two = pair
    Lead.objects.filter(pk=one.pk).update(consent="given")
    Lead.objects.filter(pk=two.pk).update(consent="withdrawn", consent_at=timezone.now())
    assert merge(ae, one, two).consent == "withdrawn"


def test_an_external_id_goes_with_the_survivor(pair, ae):
    one, two = pair
    Lead.objects.filter(pk=two.pk).update(external_source="zoho", external_id="7")
    merge(ae, one, two)
    assert Lead.objects.get(external_source="zoho", external_id="7") == one


def test_two_external_ids_stay_where_they_are(pair, ae):
    one, two = pair
    Lead.objects.filter(pk=one.pk).update(external_source="zoho", external_id="1")
    Lead.objects.filter(pk=two.pk).update(external_source="zoho", external_id="2")
    merge(ae, one, two)
    assert Lead.objects.get(external_id="2").merged_into == one


@pytest.fixture
def bant(db):
    framework = Framework.objects.create(name="Test BANT", slug="test-bant")
    for name in ("budget", "need"):
        Criterion.objects.create(framework=framework, key=name, name=name)
    return framework


def dossier(framework, *known):
    made = Dossier.objects.create(framework=framework)
    DossierStatus.objects.create(dossier=made, computed_rev=1)
    for criterion in framework.criteria.filter(key__in=known):
        Evidence.objects.create(dossier=made, criterion=criterion, level=1, observed_on=timezone.localdate())
    return made


def test_the_only_dossier_goes_to_the_survivor(pair, ae, bant):
    one, two = pair
    only = dossier(bant, "need")
    Lead.objects.filter(pk=two.pk).update(dossier=only)
    merge(ae, one, two)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.dossier, two.dossier) == (only, None)


def test_of_two_dossiers_the_survivors_stays_and_gains_what_it_lacks(pair, ae, bant):
    one, two = pair
    first, second = dossier(bant, "need"), dossier(bant, "need", "budget")
    Lead.objects.filter(pk=one.pk).update(dossier=first)
    Lead.objects.filter(pk=two.pk).update(dossier=second)
    merge(ae, one, two)
    assert sorted(first.evidence.values_list("criterion__key", flat=True)) == ["budget", "need"]
    assert list(second.evidence.values_list("criterion__key", flat=True)) == ["need"]
    status = DossierStatus.objects.get(dossier=first)
    assert status.input_rev != status.computed_rev


def test_dossiers_of_different_frameworks_are_not_mixed(pair, ae, bant):
    one, two = pair
    other = Framework.objects.create(name="Other", slug="other")
    first, second = dossier(other), dossier(bant, "need")
    Lead.objects.filter(pk=one.pk).update(dossier=first)
    Lead.objects.filter(pk=two.pk).update(dossier=second)
    merge(ae, one, two)
    assert (first.evidence.count(), second.evidence.count()) == (0, 1)


def test_merging_in_a_row_leads_to_the_last_survivor(pair, ae, team):
    one, two = pair
    three = LeadFactory(team=team, owner=ae)
    merge(ae, two, one)
    merge(ae, three, two)
    assert set(three.merged.all()) == {one, two}


def test_what_is_merged_or_converted_or_the_same_is_refused(pair, ae, team, bant):
    one, two = pair
    with pytest.raises(Conflict, match="same lead"):
        merge(ae, one, one)
    converted = LeadFactory(
        team=team, owner=ae, stage=LeadStage.CONVERTED, converted_at=timezone.now(), dossier=dossier(bant)
    )
    with pytest.raises(Conflict, match="opportunity"):
        merge(ae, one, converted)
    with pytest.raises(Conflict, match="opportunity"):
        merge(ae, converted, one)
    merge(ae, one, two)
    with pytest.raises(Conflict, match="already merged"):
        merge(ae, one, two)
    with pytest.raises(Conflict, match="already merged"):
        merge(ae, two, one)


def test_both_leads_must_be_ones_own(pair, ae, team):
    one, _ = pair
    with pytest.raises(NotAllowed):
        merge(ae, one, LeadFactory(team=team, owner=UserFactory(team=team)))
