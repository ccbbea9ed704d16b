"""Searching everything: by beginnings of words, and never what a person may not see."""

import pytest

from insights.search import find
from people.models import Role
from tests.factories import CompanyFactory, LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


def titles(user, text):
    return {group.label: [hit.title for hit in group.hits] for group in find(user, text)}


def test_the_beginnings_of_words_find_leads_companies_and_colleagues(ae, team, manager):
    company = CompanyFactory(name="Nordwind Logistics", domain="nordwind.example")
    LeadFactory(name="Jonas Berg", email="jonas@nordwind.example", company=company, team=team)
    assert titles(ae, "nordw log") == {"Leads": ["Jonas Berg"], "Companies": ["Nordwind Logistics"]}
    assert titles(ae, "JONAS")["Leads"] == ["Jonas Berg"]
    assert titles(ae, "mia")["People"] == ["Mia Manager"]


def test_what_belongs_to_another_team_is_not_found(ae, other_team):
    company = CompanyFactory(name="Secret Steel")
    LeadFactory(name="Hidden Person", company=company, team=other_team)
    UserFactory(name="Hidden Colleague", team=other_team)
    assert titles(ae, "hidden") == {}
    assert titles(ae, "secret") == {}


def test_an_se_finds_no_leads_but_deals(se, team):
    LeadFactory(name="Jonas Berg", team=team)
    assert titles(se, "jonas") == {}


def test_at_most_five_of_each_kind_with_the_way_to_all(admin, team):
    LeadFactory.create_batch(7, name="Jonas Berg", team=team)
    (group, *_rest) = find(admin, "jonas")
    assert len(group.hits) == 5
    assert group.url == "/leads/?q=jonas"


@pytest.mark.parametrize("text", ["", " ", "a", "%", "'", "!!", "a b c", "'); DROP TABLE", "x" * 5000, "\\", "&|!:*"])
def test_any_text_is_searched_without_an_error(admin, sign_in, text):
    assert sign_in(admin).get("/search/", {"q": text}).status_code == 200


def test_the_palette_gets_the_list_alone(ae, sign_in):
    answer = sign_in(ae).get("/search/?q=ada", headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b"Ada AE" in answer.content


def test_colleagues_lead_to_their_page_for_admins_and_to_mail_for_others(admin, ae, team):
    assert find(admin, "ada")[-1].hits[0].url == f"/people/{ae.pk}/"
    other = UserFactory(role=Role.SE, team=team)
    assert find(other, "ada")[-1].hits[0].url == f"mailto:{ae.email}"


def test_few_queries_for_many_words(ae, sign_in, team, django_assert_max_num_queries):
    LeadFactory.create_batch(8, name="Jonas Berg", team=team)
    client = sign_in(ae)
    client.get("/search/")
    with django_assert_max_num_queries(15):
        client.get("/search/?q=jonas+berg+company+three+four+five")
