"""Search finds by the beginnings of words in name, address and company."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from leads import search
from leads.domains import company_domain_of_email, domain_of
from leads.models import Company, Lead
from leads.search import matching_leads, search_leads, with_words, words_of
from tests.factories import CompanyFactory, LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(db):
    return LeadFactory(
        name="Anna-Lena Ångström",
        email="al.berg@north-wind.example",
        company=CompanyFactory(name="Nordwind AG", domain="north-wind.example"),
    )


@pytest.mark.parametrize(
    "text", ["anna", "ANN", "lena", "ångs", "ÅNG", "al.berg@north-wind.example", "berg north", "nordw", "anna nordwind"]
)
def test_found(anna, text):
    LeadFactory(name="Somebody Else")
    assert list(search_leads(Lead.objects.all(), text)) == [anna]


@pytest.mark.parametrize("text", ["nna", "anna somebody", "zzz"])
def test_not_found(anna, text):
    LeadFactory(name="Somebody Else")
    assert list(search_leads(Lead.objects.all(), text)) == []


def test_many_matches_are_told_apart_from_few(anna, monkeypatch):
    LeadFactory(name="Anna Other")
    assert matching_leads(Lead.objects.all(), "anna")[1] is False
    monkeypatch.setattr(search, "MAX_IDS", 1)
    leads, many = matching_leads(Lead.objects.all(), "anna")
    assert (leads.count(), many) == (2, True)


def test_a_whole_address_finds_whoever_has_it_and_nobody_whose_address_begins_alike():
    one = LeadFactory(name="One", email="Lead7@acme.example")
    LeadFactory(name="Another", email="lead77@acme.example")
    assert list(search_leads(Lead.objects.all(), " lead7@ACME.example ")) == [one]
    assert len(search_leads(Lead.objects.all(), "lead7@acme")) == 2


def test_a_word_of_more_companies_than_are_looked_up_hides_no_lead():
    words = [f"Consulting {number}" for number in range(search.MAX_COMPANIES)]
    Company.objects.bulk_create(Company(name=name, name_key=name.lower()) for name in words)
    zephyr = LeadFactory(name="Anna", email="", company=CompanyFactory(name="Zephyr Consulting", domain=""))
    assert list(search_leads(Lead.objects.all(), "consulting zephyr")) == [zephyr]


def test_the_word_that_few_leads_have_is_looked_up_first(anna, monkeypatch):
    LeadFactory.create_batch(30, email="", company=anna.company)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_lead; ANALYZE leads_company")
    asked = []
    lookup = search.all_start
    monkeypatch.setattr(search, "all_start", lambda word: asked.append(word) or lookup(word))
    assert list(search_leads(Lead.objects.all(), "nordwind berg")) == [anna]
    assert asked == ["berg"]


def test_companies_are_found_too(anna):
    assert list(with_words(Company.objects.all(), "nord ag")) == [anna.company]


@given(st.text(max_size=60))
def test_any_text_can_be_searched_for(text):
    list(search_leads(Lead.objects.all(), text))


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_words_are_plain(text):
    assert all(word.replace("_", "").isalnum() for word in words_of(text))


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.example", "acme.example"),
        ("https://www.Acme.example/about?x=1", "acme.example"),
        ("http://user@acme.example:8080", "acme.example"),
        ("", ""),
        ("www.acme.example.", "acme.example"),
    ],
)
def test_a_domain_is_read_from_what_people_type(text, domain):
    assert domain_of(text) == domain


def test_mail_providers_are_no_companies():
    assert company_domain_of_email("anna@gmail.com") == ""
    assert company_domain_of_email("anna@Acme.example") == "acme.example"
    assert company_domain_of_email("anna") == ""
