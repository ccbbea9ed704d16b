"""What somebody with bad intentions tries: scripts in names, fields a form does not have, ids of other teams."""

import csv
import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from deals.models import Claim, Opportunity
from leads.models import Lead, LeadComment
from people.models import Role, Team, User
from presales.csv import stream
from tests.factories import PASSWORD
from tests.permissions.test_matrix import ADDRESSES
from tests.permissions.world import build

pytestmark = pytest.mark.django_db

MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
# Columns of text that people fill in, and that pages of others show.
TEXTS = {
    "people_user": ["name", "title"], "people_team": ["name"],
    "leads_company": ["name", "industry", "country", "region"],
    "leads_lead": ["name", "job_title", "phone", "campaign", "notes", "owner_name"],
    "leads_leadcomment": ["text"], "leads_captureform": ["name", "headline", "thanks"],
    "leads_importbatch": ["filename"], "leads_scoringrule": ["name"], "leads_scoringgroup": ["name"],
    "deals_opportunity": ["name", "product", "next_step", "compelling_event", "needed_skills", "lost_to"],
    "deals_stakeholder": ["name", "job_title", "note"], "deals_charter": ["note", "rescue_phrase"],
    "deals_helprequest": ["note"], "deals_stage": ["name"], "deals_queueentry": ["note"],
    "qualification_criterion": ["name"], "qualification_framework": ["name"],
    "qualification_evidence": ["text", "source_person", "source_place", "person_name"],
}  # fmt: skip


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return build()


def client_of(world, persona):
    client = Client()
    client.force_login(world.people[persona], "allauth.account.auth_backends.AuthenticationBackend")
    return client


def spoil(world):
    """Put markup into every text of the world; names that must differ differ by their ids."""
    LeadComment.objects.create(lead=world.lead, author=world.people["owner"], text="x")
    with connection.cursor() as cursor:
        for table, columns in TEXTS.items():
            for column in columns:
                cursor.execute(
                    "SELECT character_maximum_length FROM information_schema.columns"
                    " WHERE table_name = %s AND column_name = %s",
                    [table, column],
                )
                room = cursor.fetchone()[0] or 500
                assert room >= 30, f"{table}.{column}"
                cursor.execute(
                    f'UPDATE "{table}" SET "{column}" = left(id || %s, %s)',
                    [MARKUP if room > 80 else "'\"><script>", room],
                )


def test_no_page_runs_what_somebody_wrote_as_a_name(world):
    spoil(world)
    client = client_of(world, "admin")
    seen = 0
    for name in sorted(ADDRESSES):
        url = reverse(name, kwargs=world.arguments(name, ADDRESSES[name]))
        for headers in ({}, {"HX-Request": "true"}):
            response = client.get(url, headers=headers)
            kind = response.get("Content-Type", "")
            if response.status_code != 200 or not kind.startswith("text/html"):
                continue
            page = response.content.decode()
            seen += "alert(1)" in page
            for harm in ("<script>alert", "<img src=x", "'\"><script>", "\"'><"):
                assert harm not in page, f"{harm} at {url}"
    assert seen > 20, "the words are shown, as words"


def test_no_search_word_comes_back_as_markup(world):
    client = client_of(world, "admin")
    for name in ("leads:leads", "leads:companies", "people:users", "deals:opportunities", "search"):
        page = client.get(reverse(name), {"q": MARKUP, "sort": MARKUP, "cursor": MARKUP}).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "javascript:alert(1)",
     "https:evil.example", "http:///evil.example", " //evil.example", "\thttps://evil.example", "/%0d%0aX: y"],
)  # fmt: skip
def test_no_redirect_leaves_the_site(client, ae, target):
    cache.clear()
    answers = [
        client.post("/theme/", {"theme": "dark", "next": target}),
        client.post("/account/login/", {"login": ae.email, "password": PASSWORD, "next": target}),
    ]
    for response in answers:
        assert response.status_code == 302
        assert response["Location"] == "/" or response["Location"].startswith("/%")


def test_fields_that_a_form_does_not_have_change_nothing(world):
    owner = world.people["owner"]
    client = client_of(world, "owner")
    more = {
        "role": "admin", "is_superuser": "on", "is_active": "", "email": "other@evil.example", "password": "x",
        "capacity": "99", "manager": owner.pk, "teams": [team.pk for team in Team.objects.all()], "seniority": "x",
    }  # fmt: skip
    profile = {"name": "New name", "time_zone": "UTC", "version": owner.version}
    assert client.post("/account/", profile | more).status_code == 302
    after = User.objects.get(pk=owner.pk)
    assert after.name == "New name"
    for field in ("role", "is_superuser", "is_active", "email", "password", "capacity", "manager_id", "seniority"):
        assert getattr(after, field) == getattr(owner, field), field
    assert list(after.teams.all()) == [world.west]

    lead = world.lead
    other = world.people["stranger"]
    more = {
        "owner": other.pk, "team": other.teams.get().pk, "stage": "converted", "company": 1, "score": 100,
        "external_id": "x", "created_by": other.pk, "merged_into": world.other_lead.pk, "mql_at": "2020-01-01",
    }  # fmt: skip
    sent = {"name": "Lena", "company_name": "Acme", "source": "event", "consent": "unknown", "version": lead.version}
    assert client.post(f"/leads/{lead.pk}/edit/", sent | more).status_code == 302
    after = Lead.objects.get(pk=lead.pk)
    assert after.name == "Lena"
    for field in (
        "owner_id",
        "team_id",
        "stage",
        "company_id",
        "external_id",
        "created_by_id",
        "merged_into_id",
        "mql_at",
    ):
        assert getattr(after, field) == getattr(lead, field), field

    deal = world.deal
    more = {"owner": other.pk, "se": other.pk, "team": other.teams.get().pk, "stage": 1, "outcome": "won", "company": 1}
    sent = {"name": "Deal", "type": "new", "amount": "5", "forecast_category": "pipeline", "version": deal.version}
    assert client.post(f"/opportunities/{deal.pk}/edit/", sent | more).status_code == 302
    after = Opportunity.objects.get(pk=deal.pk)
    assert (after.name, after.amount) == ("Deal", 5)
    for field in ("owner_id", "se_id", "team_id", "stage_id", "outcome", "company_id", "pipeline_id"):
        assert getattr(after, field) == getattr(deal, field), field


@pytest.mark.parametrize(
    ("address", "field", "whom"),
    [
        ("/leads/{lead}/assign/", "owner", "stranger"),
        ("/leads/{lead}/assign/", "owner", "se"),
        ("/opportunities/{deal}/assign/", "se", "se_stranger"),
        ("/opportunities/{deal}/assign/", "se", "mate"),
        ("/opportunities/{deal}/owner/", "owner", "stranger"),
        ("/opportunities/{deal}/owner/", "owner", "se"),
    ],
)
def test_nobody_of_another_team_or_role_can_be_chosen(world, address, field, whom):
    url = address.format(lead=world.lead.pk, deal=world.deal.pk)
    client = client_of(world, "manager")
    sent = {field: world.people[whom].pk, "reason": "because", "beyond_capacity": "on"}
    assert client.post(url, sent).status_code == 422
    assert Lead.objects.get(pk=world.lead.pk).owner == world.people["owner"]
    deal = Opportunity.objects.get(pk=world.deal.pk)
    assert (deal.owner, deal.se) == (world.people["owner"], world.people["se"])
    assert Claim.objects.count() == 1


def test_a_lead_is_merged_with_none_of_another_team(world):
    east = Team.objects.get(name="East")
    Lead.objects.filter(pk=world.other_lead.pk).update(team=east, owner=world.people["stranger"])
    client = client_of(world, "owner")
    for pair in ((world.lead.pk, world.other_lead.pk), (world.other_lead.pk, world.lead.pk)):
        assert client.post(f"/leads/{pair[0]}/merge/{pair[1]}/").status_code == 404
    assert Lead.objects.filter(merged_into=None).count() == 2


def test_no_name_gets_into_the_header_of_a_download():
    for name in ('a"; filename="evil.exe', "a\r\nSet-Cookie: b=c", "../../etc/passwd", "\u202etxt.exe", "🦄"):
        header = stream(name, ["A"], [])["Content-Disposition"]
        assert header.startswith('attachment; filename="')
        assert header.count('"') == 2
        assert header.endswith('.csv"')
        assert not set("\r\n/\\;") & set(header.removeprefix("attachment;"))


def test_a_list_that_leaves_the_house_runs_in_no_spreadsheet(world):
    Lead.objects.update(
        name='=HYPERLINK("http://evil.example","x")', job_title="@SUM(1)", campaign="\t=1", phone="+49 1"
    )
    response = client_of(world, "owner").get("/leads/export/")
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    for row in rows[1:]:
        for cell in row:
            assert not cell or cell[0] not in "=+-@\t\r|%", cell


def test_codes_of_the_second_step_cannot_be_guessed_at_will(ae):
    cache.clear()
    Authenticator.objects.create(user=ae, type="totp", data={"secret": generate_totp_secret()})
    client = Client()
    client.post("/account/login/", {"login": ae.email, "password": PASSWORD})
    pages = [
        client.post("/account/two-step/authenticate/", {"code": f"{number:06}"}).content.decode() for number in range(7)
    ]
    assert "not right" in pages[0]
    assert "Too many failed attempts" in pages[-1]
    assert client.get("/").status_code == 302


def test_a_person_who_is_switched_off_is_signed_out_at_once(world):
    client = client_of(world, "mate")
    assert client.get("/leads/").status_code == 200
    User.objects.filter(pk=world.people["mate"].pk).update(is_active=False)
    assert client.get("/leads/").status_code == 302


def test_a_role_that_changes_counts_from_the_next_request_on(world):
    client = client_of(world, "admin")
    assert client.get("/people/").status_code == 200
    User.objects.filter(pk=world.people["admin"].pk).update(role=Role.AE)
    assert client.get("/people/").status_code == 403
