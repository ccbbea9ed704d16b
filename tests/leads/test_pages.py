"""Leads' pages: what they show, to whom, and in how many queries."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads.actions.leads import comment, record_engagement
from leads.actions.stages import accept
from leads.lists import SORTS, TABS_OF
from leads.models import Lead, LeadScore, LeadStage
from qualification.models import Framework, TeamPolicy
from tests.factories import CompanyFactory, LeadFactory, UserFactory

pytestmark = pytest.mark.django_db
MAX_QUERIES = 12


@pytest.fixture(autouse=True)
def bant(db):
    return Framework.objects.get_or_create(slug="bant", defaults={"name": "BANT"})[0]


@pytest.fixture
def lead(team, ae):
    return LeadFactory(name="Anna Berg", team=team, owner=ae, company=CompanyFactory(name="Acme"))


@pytest.fixture
def read(sign_in):
    """`read(user, url)` is the page as text."""

    def fetch(user, url, status=200, **headers):
        response = sign_in(user).get(url, **headers)
        assert response.status_code == status
        return response.content.decode()

    return fetch


# -- the list -----------------------------------------------------------------------------------------


def test_the_list_shows_what_one_sees_and_nothing_else(read, ae, lead):
    LeadFactory(name="Hidden Person")
    text = read(ae, "/leads/?tab=all")
    assert "Anna Berg" in text
    assert "Hidden Person" not in text


def test_a_search_that_finds_nothing_in_a_tab_offers_all_leads(read, team, manager):
    LeadFactory(name="Carla Odd", team=team, stage=LeadStage.NEW)
    page = read(manager, "/leads/?q=carla&tab=accept")
    assert "No lead matches here" in page
    assert 'href="?q=carla&amp;tab=all"' in page
    assert "Carla Odd" in read(manager, "/leads/?q=carla&tab=all")


@pytest.mark.parametrize("role", TABS_OF)
def test_every_tab_and_order_works_for_every_role(sign_in, team, role):
    LeadFactory.create_batch(3, team=team, stage=LeadStage.MQL, response_due_at=timezone.now())
    client = sign_in(UserFactory(role=role, team=team))
    for tab in TABS_OF[role]:
        for sort in SORTS:
            assert client.get("/leads/", {"tab": tab, "sort": sort}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "nonsense"}, {"sort": "password"}, {"cursor": "zzz"}, {"owner": "9" * 30}, {"team": "x"},
        {"stage": "'; --"}, {"q": "&|!()':*<->"}, {"q": "a" * 500}, {"band": "lukewarm"}, {"source": "moon"},
    ],
)  # fmt: skip
def test_what_the_list_does_not_understand_it_leaves_out(sign_in, admin, lead, query):
    assert sign_in(admin).get("/leads/", query).status_code == 200


def test_filters_narrow_the_list(read, manager, team, ae, lead):
    other = LeadFactory(
        name="Bert Cole", team=team, source="event", stage=LeadStage.NURTURE, nurture_until="2027-01-01"
    )
    LeadScore.objects.update_or_create(lead=other, defaults={"band": "hot"})
    for query in ("q=bert", "stage=nurture", "source=event", "band=hot", "tab=nurture"):
        text = read(manager, f"/leads/?tab=all&{query}")
        assert "Bert Cole" in text
        assert "Anna Berg" not in text
    assert "Bert Cole" not in read(manager, f"/leads/?tab=all&owner={ae.pk}")


def test_the_list_pages_through_everything_once_in_each_order(sign_in, admin, team):
    leads = [LeadFactory(team=team, name=f"Lead {i % 7}") for i in range(120)]
    LeadScore.objects.bulk_create([LeadScore(lead=lead, total=i % 5) for i, lead in enumerate(leads)])
    client = sign_in(admin)
    for sort in ("-age", "age", "name", "-name", "score", "-score"):
        seen, cursor = [], ""
        while True:
            page = client.get("/leads/", {"tab": "all", "sort": sort, "cursor": cursor}).context["page"]
            seen += [lead.pk for lead in page]
            cursor = page.next
            if not cursor:
                break
        assert sorted(seen) == sorted(lead.pk for lead in leads), sort


@pytest.mark.parametrize("query", ["", "tab=all&sort=-score", "tab=all&q=lead+comp", "tab=accept"])
def test_the_list_takes_few_queries_whatever_the_number_of_leads(
    sign_in, ae, team, query, django_assert_max_num_queries
):
    for _ in range(30):
        lead = LeadFactory(team=team, owner=ae, stage=LeadStage.MQL, response_due_at=timezone.now())
        LeadScore.objects.create(lead=lead, computed_rev=1)
    client = sign_in(ae)
    client.get("/companies/")  # the first request of a session writes it
    with django_assert_max_num_queries(MAX_QUERIES):
        client.get(f"/leads/?{query}")


# -- quick entry --------------------------------------------------------------------------------------


def test_a_lead_is_logged_in_one_form(sign_in, ae):
    client = sign_in(ae)
    key = client.get("/leads/new/").context["form"]["key"].value()
    data = {"name": "Anna", "email": "anna@acme.example", "company_name": "Acme", "source": "event", "key": key}
    first = client.post("/leads/new/", data)
    again = client.post("/leads/new/", data)
    lead = Lead.objects.get()
    assert first.url == again.url == f"/leads/{lead.pk}/"
    assert (lead.owner, lead.company.name, lead.source) == (ae, "Acme", "event")


def test_owner_stage_and_score_cannot_be_sent_along(sign_in, ae, manager, other_team):
    data = {
        "name": "Anna", "source": "event", "owner": manager.pk, "stage": "sql", "team": other_team.pk, "version": 9,
        "created_by": manager.pk,
    }  # fmt: skip
    sign_in(ae).post("/leads/new/", data)
    lead = Lead.objects.get()
    assert (lead.owner, lead.stage, lead.version, lead.created_by) == (ae, "new", 1, ae)
    assert lead.team != other_team


@pytest.mark.parametrize(
    "data", [{}, {"name": "   "}, {"name": "A" * 161}, {"name": "A", "email": "no"}, {"name": "A", "source": "moon"}]
)
def test_a_form_with_mistakes_is_shown_again(sign_in, ae, data):
    assert sign_in(ae).post("/leads/new/", {"source": "event", **data}).status_code == 422
    assert not Lead.objects.exists()


def test_duplicates_are_offered_while_typing_but_only_visible_ones(read, ae, lead):
    LeadFactory(name="Secret Twin", email=lead.email)
    text = read(ae, f"/leads/new/duplicates/?email={lead.email.upper()}", headers={"HX-Request": "true"})
    assert "Anna Berg" in text
    assert "Secret Twin" not in text


def test_companies_are_suggested_but_only_visible_ones(read, ae, lead):
    CompanyFactory(name="Acme Hidden")
    text = read(ae, "/companies/suggest/?company_name=acm")
    assert 'value="Acme"' in text
    assert "Hidden" not in text


# -- the lead's page ----------------------------------------------------------------------------------


def test_a_lead_one_does_not_see_does_not_exist(sign_in, ae):
    client, hidden = sign_in(ae), LeadFactory()
    for name in ("lead", "edit", "timeline", "engagement", "comment", "nurture", "duplicates", "assign"):
        assert client.get(reverse(f"leads:{name}", args=[hidden.pk])).status_code == 404, name
    for name in ("accept", "qualify"):
        assert client.post(reverse(f"leads:{name}", args=[hidden.pk])).status_code == 404, name


def test_the_page_takes_few_queries(sign_in, ae, team, lead, bant, django_assert_max_num_queries):
    TeamPolicy.objects.create(team=team, framework=bant)
    bant.criteria.create(key="budget", name="Budget").questions.create(text="How much?")
    accept(ae, lead)
    for _ in range(10):
        record_engagement(ae, lead, kind="page_visit")
        comment(ae, lead, text="Hello")
    client = sign_in(ae)
    client.get("/leads/")  # the first request of a session writes it
    with django_assert_max_num_queries(MAX_QUERIES):
        assert client.get(lead.get_absolute_url()).status_code == 200
    with django_assert_max_num_queries(MAX_QUERIES):
        client.get(f"/leads/{lead.pk}/timeline/")


def test_the_timeline_tells_everything_newest_first(read, ae, lead):
    accept(ae, lead)
    comment(ae, lead, text="Sounds <b>good</b>")
    record_engagement(ae, lead, kind="meeting", occurred_at=timezone.now() - datetime.timedelta(days=2))
    text = read(ae, f"/leads/{lead.pk}/timeline/")
    assert "accepted this lead" in text
    assert "Sounds &lt;b&gt;good&lt;/b&gt;" in text
    assert text.index("commented") < text.index("accepted this lead") < text.index("met with us")


def test_accepting_by_button_and_by_htmx(sign_in, ae, team):
    client = sign_in(ae)
    one, two = LeadFactory(team=team, stage=LeadStage.MQL), LeadFactory(team=team, stage=LeadStage.MQL)
    assert client.post(f"/leads/{one.pk}/accept/").url == f"/leads/{one.pk}/"
    response = client.post(f"/leads/{two.pk}/accept/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == f"/leads/{two.pk}/"


def test_what_is_missing_for_an_sql_is_listed_with_its_link(sign_in, ae, lead, bant):
    bant.criteria.create(key="budget", name="Budget")
    accept(ae, lead)
    client = sign_in(ae)
    assert "Budget: unknown" in client.get(lead.get_absolute_url()).content.decode()
    response = client.post(f"/leads/{lead.pk}/qualify/", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "/record/" in response.content.decode()


def test_each_dialog_does_its_move(sign_in, manager, team, ae):
    client = sign_in(manager)
    day = (timezone.localdate() + datetime.timedelta(days=30)).isoformat()
    for name, stage, data, ends in [
        ("make_mql", "new", {"reason": "They called"}, "mql"),
        ("return", "mql", {"why": "too_early"}, "new"),
        ("nurture", "sal", {"until": day, "reason": "Later"}, "nurture"),
        ("disqualify", "sal", {"why": "no_fit"}, "disqualified"),
        ("move_back", "sal", {"reason": "Oops"}, "mql"),
        ("assign", "new", {"owner": ae.pk}, "new"),
        ("route", "new", {"team": team.pk}, "new"),
    ]:
        lead = LeadFactory(team=team, owner=ae if stage == "sal" else None, stage=stage)
        url = reverse(f"leads:{name}", args=[lead.pk])
        assert client.get(url).status_code == 200
        assert client.post(url, {}).status_code == (302 if name == "route" else 422), name
        assert client.post(url, data).status_code == 302, name
        lead.refresh_from_db()
        assert lead.stage == ends, name


def test_choices_are_scoped_to_the_person(sign_in, manager, team, other_team):
    stranger = UserFactory(team=other_team)
    lead = LeadFactory(team=team)
    assert sign_in(manager).post(f"/leads/{lead.pk}/assign/", {"owner": stranger.pk}).status_code == 422
    assert sign_in(manager).post(f"/leads/{lead.pk}/route/", {"team": other_team.pk}).status_code == 422


def test_the_second_of_two_editors_sees_both_values(sign_in, ae, lead):
    client = sign_in(ae)
    data = {"name": "Anna B.", "source": "event", "consent": "unknown", "company_name": "Acme", "version": 1}
    assert client.post(f"/leads/{lead.pk}/edit/", data).status_code == 302
    response = client.post(f"/leads/{lead.pk}/edit/", {**data, "name": "Anna C."})
    assert response.status_code == 409
    text = response.content.decode()
    assert "Anna B." in text
    assert "Anna C." in text
    lead.refresh_from_db()
    assert (lead.name, lead.company.name) == ("Anna B.", "Acme")


def test_junk_for_a_version_is_no_server_error(sign_in, ae, lead):
    for version in ("", "x", "0", "9" * 40):
        response = sign_in(ae).post(f"/leads/{lead.pk}/edit/", {"name": "A", "source": "event", "version": version})
        assert response.status_code == 422


def test_a_merged_leads_page_leads_to_the_survivor(sign_in, ae, lead, team):
    gone = LeadFactory(team=team, owner=ae)
    client = sign_in(ae)
    assert client.get(f"/leads/{lead.pk}/merge/{gone.pk}/").status_code == 200
    assert client.post(f"/leads/{lead.pk}/merge/{gone.pk}/", {"name": "other"}).status_code == 302
    assert client.get(f"/leads/{gone.pk}/").url == f"/leads/{lead.pk}/"
    lead.refresh_from_db()
    assert lead.name == gone.name


def test_an_sql_offers_its_conversion(read, ae, lead):
    Lead.objects.filter(pk=lead.pk).update(stage=LeadStage.SQL)
    assert f"/leads/{lead.pk}/convert/" in read(ae, lead.get_absolute_url())


# -- many at once -------------------------------------------------------------------------------------


def test_a_bulk_move_is_all_or_none(sign_in, manager, team):
    leads, hidden = [LeadFactory(team=team) for _ in range(3)], LeadFactory()
    client = sign_in(manager)
    ids = [lead.pk for lead in leads]
    assert client.get("/leads/bulk/disqualify/", {"id": ids}).status_code == 200
    data = {"why": "no_fit"}
    assert client.post("/leads/bulk/disqualify/", {"id": [*ids, hidden.pk], **data}).status_code == 409
    assert client.post("/leads/bulk/disqualify/", {"id": ["x", "-1", "9" * 40], **data}).status_code == 409
    assert not Lead.objects.filter(stage="disqualified").exists()
    assert client.post("/leads/bulk/disqualify/", {"id": ids, **data}).status_code == 302
    assert Lead.objects.filter(stage="disqualified").count() == 3
    assert client.get("/leads/bulk/convert/").status_code == 404


# -- companies ----------------------------------------------------------------------------------------


def test_companies_and_their_people(read, ae, lead):
    CompanyFactory(name="Hidden Inc")
    LeadFactory(name="Hidden Colleague", company=lead.company)
    text = read(ae, "/companies/")
    assert "Acme" in text
    assert "Hidden Inc" not in text
    text = read(ae, f"/companies/{lead.company.pk}/")
    assert "Anna Berg" in text
    assert "Hidden Colleague" not in text
    assert "Acme" in read(ae, "/companies/?q=acm")


def test_an_invisible_company_does_not_exist(sign_in, ae):
    hidden = CompanyFactory()
    assert sign_in(ae).get(f"/companies/{hidden.pk}/").status_code == 404
    assert sign_in(ae).get(f"/companies/{hidden.pk}/edit/").status_code == 404


def company_data(**changes):
    return {"name": "Acme", "domain": "https://acme.example/", "technologies": "sap, oracle", "version": 1, **changes}


def test_a_company_is_edited_and_its_leads_are_scored_anew(sign_in, ae, lead):
    LeadScore.objects.update_or_create(lead=lead, defaults={"input_rev": 1, "computed_rev": 1})
    client, url = sign_in(ae), f"/companies/{lead.company.pk}/edit/"
    assert client.post(url, company_data(employees=120)).status_code == 302
    lead.company.refresh_from_db()
    assert (lead.company.domain, lead.company.technologies) == ("acme.example", ["sap", "oracle"])
    assert LeadScore.objects.get(lead=lead).input_rev == 2
    assert client.post(url, company_data(employees=130)).status_code == 409
    assert client.post(url, company_data(version=2, employees=10**9)).status_code == 422


def test_a_parent_is_chosen_among_the_visible_and_never_in_a_circle(sign_in, ae, lead):
    company = lead.company
    CompanyFactory(name="Hidden Parent")
    child = CompanyFactory(name="Child", parent=company, created_by=ae)
    client, url = sign_in(ae), f"/companies/{company.pk}/edit/"
    assert client.post(url, company_data(parent_name="Hidden Parent")).status_code == 422
    assert client.post(url, company_data(parent_name="Child")).status_code == 409
    assert client.post(f"/companies/{child.pk}/edit/", company_data(name="Child", parent_name="")).status_code == 302
    assert client.post(url, company_data(parent_name="Child")).status_code == 302


def test_a_hidden_parent_stays_hidden_and_in_place(sign_in, ae, lead):
    parent = CompanyFactory(name="Hidden Parent")
    lead.company.parent = parent
    lead.company.save()
    client, url = sign_in(ae), f"/companies/{lead.company.pk}/edit/"
    assert "Hidden Parent" not in client.get(url).content.decode()
    assert client.post(url, company_data()).status_code == 302
    lead.company.refresh_from_db()
    assert lead.company.parent == parent


def test_nobody_gets_in_without_signing_in(db, lead):
    for url in ("/leads/", "/leads/new/", lead.get_absolute_url(), "/companies/", "/web-forms/"):
        assert Client().get(url).status_code == 302
