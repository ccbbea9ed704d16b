"""Public web forms: strangers send, nothing is revealed, nobody floods us."""

import json

import pytest
import redis
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client

from leads.actions.capture import add_capture_form, renew_token, update_capture_form
from leads.models import CaptureForm, Engagement, Lead, LeadScore
from presales.cache import _local
from presales.errors import NotAllowed, StaleEdit
from tests.factories import LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def calm():
    cache.clear()


@pytest.fixture
def form(db):
    return CaptureForm.objects.create(name="Contact", campaign="Autumn")


@pytest.fixture
def data():
    return {"name": "Anna Berg", "email": "anna@acme.example", "company_name": "Acme", "consent": "on", "key": "k1"}


def send(form, data, **headers):
    return Client().post(f"/f/{form.key}/", data, headers=headers)


def send_json(form, data, token="", **headers):
    return Client().post(
        f"/f/{form.key}/post/",
        json.dumps(data) if not isinstance(data, bytes) else data,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )


def test_what_a_stranger_sends_becomes_a_lead(form, data, team):
    UserFactory(team=team)
    assert Client().get(f"/f/{form.key}/").status_code == 200
    response = send(form, {**data, "message": "Please call"})
    assert response.url == f"/f/{form.key}/thanks/"
    lead = Lead.objects.get()
    assert (lead.name, lead.source, lead.campaign, lead.consent) == ("Anna Berg", "web_form", "Autumn", "given")
    assert (lead.team, lead.company.domain) == (team, "acme.example")
    assert (lead.engagements.get().kind, lead.comments.get().text) == ("demo_request", "Please call")
    assert LeadScore.objects.filter(lead=lead).exists()
    assert form.thanks in Client().get(response.url).content.decode()


def test_a_person_we_know_gets_an_engagement_and_nothing_else_changes(form, data, team):
    known = LeadFactory(email="Anna@acme.example", name="Anna B.", team=team, consent="withdrawn")
    assert send(form, data).url == f"/f/{form.key}/thanks/"
    known.refresh_from_db()
    assert (Lead.objects.count(), known.name, known.consent) == (1, "Anna B.", "withdrawn")
    assert known.engagements.count() == 1


def test_sending_twice_counts_once(form, data):
    send(form, data)
    send(form, data)
    assert (Lead.objects.count(), Engagement.objects.count()) == (1, 1)


def test_the_trap_catches_programs_without_telling_them(form, data):
    assert send(form, {**data, "website": "http://spam.example"}).url == f"/f/{form.key}/thanks/"
    assert not Lead.objects.exists()


@pytest.mark.parametrize("change", [{"name": ""}, {"email": "x"}, {"email": ""}, {"company_name": "A" * 201}])
def test_mistakes_are_shown(form, data, change):
    assert send(form, {**data, **change}).status_code == 422
    assert not Lead.objects.exists()


def test_a_closed_or_unknown_form_does_not_exist(form, data):
    CaptureForm.objects.update(is_active=False)
    for url in (f"/f/{form.key}/", "/f/nonsense/", f"/f/{form.key}/thanks/"):
        assert Client().get(url).status_code == 404
    assert Client().post(f"/f/{form.key}/post/", data).status_code == 404


def test_the_own_page_wants_its_csrf_token(form, data):
    assert Client(enforce_csrf_checks=True).post(f"/f/{form.key}/", data).status_code == 403


def test_a_form_on_another_site_posts_without(form, data):
    response = Client(enforce_csrf_checks=True).post(f"/f/{form.key}/post/", data)
    assert response.status_code == 302
    assert Lead.objects.count() == 1


def test_too_many_from_one_network_wait(form, data):
    statuses = [send(form, {**data, "key": f"k{i}"}).status_code for i in range(22)]
    assert statuses[:20] == [302] * 20
    assert statuses[20:] == [429] * 2


def test_with_redis_away_each_process_still_counts(form, data, monkeypatch):
    def away(*args, **kwargs):
        raise redis.ConnectionError

    for name in ("add", "get", "set", "incr"):
        monkeypatch.setattr(RedisCache, name, away)
    _local.clear()
    statuses = [send(form, {**data, "key": f"k{i}"}).status_code for i in range(21)]
    assert statuses[-1] == 429


# -- programs -----------------------------------------------------------------------------------------


@pytest.fixture
def token(form, marketing):
    return renew_token(marketing, form)


def test_a_program_posts_json_once(form, data, token):
    data = {**data, "consent": True}
    first = send_json(form, data, token, **{"Idempotency-Key": "order-1"})
    again = send_json(form, data, token, **{"Idempotency-Key": "order-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == {"status": "received"}
    assert Engagement.objects.count() == 1


def test_the_answer_is_the_same_for_people_we_know(form, data, token):
    LeadFactory(email=data["email"])
    known = send_json(form, data, token)
    new = send_json(form, {**data, "email": "new@acme.example"}, token)
    assert (known.status_code, known.json()) == (new.status_code, new.json())


def test_without_its_token_json_is_refused(form, data, token, marketing):
    assert send_json(form, data).status_code == 401
    assert send_json(form, data, "psf_wrong").status_code == 401
    renew_token(marketing, form)
    assert send_json(form, data, token).status_code == 401
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"{", b"\xff\xfe", b'{"name": "\\u0000"}', b'{"name": "\\ud800"}', b"[" * 5000]
)
def test_bad_json_is_a_bad_request(form, token, body):
    assert send_json(form, body, token).status_code == 400


def test_wrong_fields_are_named(form, token):
    response = send_json(form, {"name": ["Anna"], "email": 5}, token)
    assert response.status_code == 422
    assert set(response.json()["fields"]) == {"name", "email", "company_name"}


def test_the_token_is_stored_hashed_and_not_in_the_history(form, token):
    form.refresh_from_db()
    assert token not in (form.token_hash, form.token_prefix)
    assert not hasattr(form.events.last(), "token_hash")


# -- managing -----------------------------------------------------------------------------------------


def test_marketing_and_admins_manage_web_forms(marketing, admin, ae, form):
    for person in (marketing, admin):
        made = add_capture_form(person, name="Fair")
        assert update_capture_form(person, made, version=1, headline="Hello").headline == "Hello"
    for act in (
        lambda: add_capture_form(ae, name="Fair"),
        lambda: update_capture_form(ae, form, version=1, headline="x"),
        lambda: renew_token(ae, form),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_two_editors_of_a_form(sign_in, marketing, form):
    update_capture_form(marketing, form, version=1, headline="First")
    with pytest.raises(StaleEdit):
        update_capture_form(marketing, form, version=1, headline="Second")
    data = {"name": "Contact", "headline": "Third", "thanks": "Thanks", "source": "web_form", "version": 1}
    response = sign_in(marketing).post(f"/web-forms/{form.pk}/", data)
    assert response.status_code == 409
    assert "First" in response.content.decode()


def test_the_pages_of_web_forms(sign_in, marketing, ae, form):
    client = sign_in(marketing)
    for url in ("/web-forms/", "/web-forms/new/", f"/web-forms/{form.pk}/"):
        assert client.get(url).status_code == 200
    data = {"name": "Fair", "headline": "Hi", "thanks": "Thanks", "source": "event", "ask_message": "on"}
    assert client.post("/web-forms/new/", data).status_code == 302
    assert "psf_" in client.post(f"/web-forms/{form.pk}/token/").content.decode()
    stranger = sign_in(ae)
    assert stranger.get("/web-forms/").status_code == 403
    assert stranger.get(f"/web-forms/{form.pk}/").status_code == 404
    assert stranger.post(f"/web-forms/{form.pk}/token/").status_code == 404
