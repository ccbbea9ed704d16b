"""Signing in: nothing is given away, guessing is slowed down, sessions end, roles may demand a second step."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail as outbox
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from people.middleware import SEEN_AT, SIGNED_IN_AT
from presales import mail
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


def attempt(client, email, password, **extra):
    return client.post(LOGIN, {"login": email, "password": password}, **extra)


def test_the_right_password_signs_in_and_changes_the_session_key(client, ae):
    client.get(LOGIN)
    client.session["before"] = 1
    before = client.session.session_key
    assert attempt(client, ae.email.upper(), PASSWORD).status_code == 302
    assert client.session.session_key != before
    assert client.get("/").status_code == 200


def test_wrong_password_and_unknown_address_get_the_same_answer(client, ae):
    def answer(email):
        page = attempt(client, email, "not this one").content.decode()
        return re.sub(r"""value="[^"]*"|X-CSRFToken[^}]*""", "", page)

    assert answer(ae.email) == answer("nobody@ours.example")


def test_guessing_one_account_is_slowed_down_even_for_the_right_password(client, ae):
    for _ in range(5):
        assert attempt(client, ae.email, "wrong").status_code == 200
    page = attempt(client, ae.email, PASSWORD)
    assert page.status_code == 200
    assert "Too many failed attempts" in page.content.decode()
    other = UserFactory()
    assert attempt(Client(), other.email, PASSWORD).status_code == 302


def test_guessing_from_one_network_is_slowed_down_whatever_the_account(client):
    for number in range(20):
        attempt(client, f"guess{number}@ours.example", "wrong")
    assert "Too many failed attempts" in attempt(client, "one.more@ours.example", "wrong").content.decode()


def test_a_forwarded_address_is_not_believed_without_a_known_proxy(client):
    for number in range(20):
        attempt(client, f"guess{number}@ours.example", "wrong", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    page = attempt(client, "one.more@ours.example", "wrong", headers={"X-Forwarded-For": "203.0.113.99"})
    assert "Too many failed attempts" in page.content.decode()


def test_without_redis_people_sign_in_and_guessing_is_still_slowed_down(client, ae, settings):
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"},
    }
    other = UserFactory()
    assert attempt(client, ae.email, PASSWORD).status_code == 302
    stranger = Client()
    for _ in range(5):
        attempt(stranger, other.email, "wrong")
    assert "Too many failed attempts" in attempt(stranger, other.email, PASSWORD).content.decode()


def test_a_reset_answers_the_same_for_unknown_addresses_and_writes_only_to_known_ones(client, ae):
    known = client.post("/account/password/reset/", {"email": ae.email})
    unknown = client.post("/account/password/reset/", {"email": "nobody@ours.example"})
    mail.wait()
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"]) == (
        302, "/account/password/reset/done/",
    )  # fmt: skip
    assert [message.to for message in outbox.outbox] == [[ae.email]]


def test_the_reset_link_sets_a_password_once(client, ae):
    client.post("/account/password/reset/", {"email": ae.email})
    mail.wait()
    link = re.search(r"http://testserver(/\S+)", outbox.outbox[-1].body).group(1)
    form = client.get(link, follow=True)
    new = "seven green elephants"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert attempt(Client(), ae.email, new).status_code == 302
    assert "no longer works" in Client().get(link, follow=True).content.decode()


def test_nobody_signs_up_and_unused_pages_do_not_exist(client, ae, sign_in):
    for path in ("signup/", "email/", "login/code/", "password/set/", "3rdparty/", "two-step/webauthn/"):
        assert sign_in(ae).get(f"/account/{path}").status_code == 404, path


def test_a_switched_off_account_is_out_at_once_and_stays_out(client, ae, sign_in):
    signed_in = sign_in(ae)
    ae.is_active = False
    ae.save()
    assert signed_in.get("/").status_code == 302
    assert attempt(client, ae.email, PASSWORD).status_code in (200, 302)
    assert client.get("/").status_code == 302


def test_signing_out_everywhere_keeps_this_browser_and_ends_the_others(ae, sign_in):
    here, there = sign_in(ae), sign_in(ae)
    assert here.post("/account/sign-out-everywhere/").status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_a_new_password_ends_the_other_sessions(ae, sign_in):
    here, there = sign_in(ae), sign_in(ae)
    new = "seven green elephants"
    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


@pytest.mark.parametrize(("field", "age"), [(SEEN_AT, 25 * 3600), (SIGNED_IN_AT, 15 * 24 * 3600)])
def test_idle_and_old_sessions_end(ae, sign_in, field, age):
    client = sign_in(ae)
    client.get("/")
    session = client.session
    session[field] = int(time.time()) - age
    session.save()
    assert client.get("/").status_code == 302
    assert "time has passed" in client.get(LOGIN).content.decode()


def test_a_fragment_without_a_session_brings_the_page_to_the_sign_in(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/leads/?q=x"}
    answer = client.get("/people/", headers=headers)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "/account/login/?next=/leads/%3Fq%3Dx"


def code_now(secret):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def test_the_second_step_is_asked_for(client, ae):
    secret = generate_totp_secret()
    TOTP.activate(ae, secret)
    assert attempt(client, ae.email, PASSWORD)["Location"] == "/account/two-step/authenticate/"
    assert client.get("/").status_code == 302
    client.post("/account/two-step/authenticate/", {"code": code_now(secret)})
    assert client.get("/").status_code == 200


def test_roles_that_need_a_second_step_get_nowhere_before_it_is_set_up(client, manager, ae, settings):
    settings.MFA_REQUIRED_ROLES = ["manager"]
    attempt(client, manager.email, PASSWORD)
    for path in ("/", "/account/", reverse("people:teams")):
        assert client.get(path)["Location"] == "/account/two-step/totp/activate/"
    assert client.post("/account/", {"name": "x"})["Location"] == "/account/two-step/totp/activate/"
    assert client.get("/account/two-step/totp/activate/")["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/two-step/totp/activate/").content.decode()
    secret = re.search(r'class="secret">(\w+)<', page).group(1)
    client.post("/account/two-step/totp/activate/", {"code": code_now(secret)})
    assert client.get("/").status_code == 200
    assert Authenticator.objects.filter(user=manager, type="recovery_codes").exists()
    assert "cannot be turned off" in client.get("/account/two-step/totp/deactivate/").content.decode()
    unbothered = Client()
    attempt(unbothered, ae.email, PASSWORD)
    assert unbothered.get("/").status_code == 200


def test_demo_logins_are_shown_on_a_demo_installation_only(client, settings):
    settings.IS_DEMO = False
    assert "demo.example" not in client.get(LOGIN).content.decode()
    settings.IS_DEMO = True
    assert "manager2@demo.example" in client.get(LOGIN).content.decode()


def test_redirects_after_sign_in_stay_on_the_site(client, ae):
    answer = client.post(f"{LOGIN}?next=https://evil.example/", {"login": ae.email, "password": PASSWORD})
    assert answer["Location"] == "/"
