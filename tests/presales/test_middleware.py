"""Every error has its page and its JSON twin, and no answer leaves without the headers that protect the browser."""

import json

import pytest
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.test import Client

from leads.actions.capture import renew_token
from leads.models import CaptureForm
from presales import health

pytestmark = pytest.mark.django_db

UNREADABLE = "That request could not be read"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@pytest.fixture
def broken(monkeypatch):
    """`broken(error)` makes /readyz raise it."""

    def raising(error):
        def problems():
            raise error

        monkeypatch.setattr(health, "problems", problems)

    return raising


def answers(get):
    """The page for people and the JSON for programs that `get(client, headers)` gives."""
    client = Client(raise_request_exception=False)
    return get(client, {"Accept": "text/html"}), get(client, {"Accept": "application/json"})


def check(page, twin, status, title):
    assert (page.status_code, twin.status_code) == (status, status)
    assert page["Content-Type"].startswith("text/html")
    assert title in page.content.decode()
    assert page["X-Request-ID"] in page.content.decode()
    body = json.loads(twin.content)
    assert body["error"] == title
    assert body["request_id"] == twin["X-Request-ID"]
    for response in (page, twin):
        protected(response)


def protected(response):
    for name, value in HEADERS.items():
        assert response[name] == value, name
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_a_page_that_is_not_there():
    check(*answers(lambda client, headers: client.get("/nothing/here/", headers=headers)), 404, "Nothing here")


def test_a_record_that_is_not_there(ae, sign_in):
    page, twin = (
        sign_in(ae).get("/leads/999/", headers={"Accept": kind}) for kind in ("text/html", "application/json")
    )
    check(page, twin, 404, "Nothing here")
    assert ae.name in page.content.decode(), "signed in, the page keeps its navigation"


@pytest.mark.parametrize(
    ("method", "url", "allowed"), [("GET", "/theme/", "POST"), ("DELETE", "/healthz", "GET, HEAD")]
)
def test_a_method_that_a_page_does_not_take(ae, sign_in, method, url, allowed):
    page, twin = (
        sign_in(ae).generic(method, url, headers={"Accept": kind}) for kind in ("text/html", "application/json")
    )
    check(page, twin, 405, "That page takes no such request")
    assert page["Allow"] == twin["Allow"] == allowed


def test_a_form_from_another_site(ae, sign_in):
    def post(kind):
        client = sign_in(ae)
        client.handler.enforce_csrf_checks = True
        return client.post("/theme/", {"theme": "dark"}, headers={"Accept": kind})

    page, twin = post("text/html"), post("application/json")
    check(page, twin, 403, "That is not yours to do")
    assert "opened in an earlier session" in page.content.decode()


def test_a_page_of_another_role(ae, sign_in):
    page, twin = (sign_in(ae).get("/people/", headers={"Accept": kind}) for kind in ("text/html", "application/json"))
    check(page, twin, 403, "That is not yours to do")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"name=%00", "application/x-www-form-urlencoded"),
        (b"--x", "multipart/form-data"),
        (b"&".join(b"a=1" for _ in range(2001)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_cannot_be_read(data, content_type):
    def post(client, headers):
        return client.post("/account/login/", data, content_type=content_type, headers=headers)

    check(*answers(post), 400, UNREADABLE)


def test_an_address_that_cannot_be_read():
    check(*answers(lambda client, headers: client.get("/leads/?q=%00", headers=headers)), 400, UNREADABLE)


def test_a_view_that_cannot_read_what_it_got(broken):
    broken(BadRequest("no"))
    check(*answers(lambda client, headers: client.get("/readyz", headers=headers)), 400, UNREADABLE)


@pytest.mark.parametrize("redirect", [False, True])
def test_a_host_that_is_not_ours(settings, redirect):
    settings.SECURE_SSL_REDIRECT = redirect

    def get(client, headers):
        return client.get("/", headers=headers | {"Host": "evil.example"})

    check(*answers(get), 400, UNREADABLE)


def test_a_form_that_is_too_large():
    body = b"login=" + b"x" * (2 * 1024 * 1024 + 1)

    def post(client, headers):
        return client.post("/account/login/", body, content_type="application/x-www-form-urlencoded", headers=headers)

    check(*answers(post), 413, "That is too large")


def test_json_that_is_too_large(marketing):
    form = CaptureForm.objects.create(name="Contact")
    token = renew_token(marketing, form)
    body = json.dumps({"message": "x" * (2 * 1024 * 1024)})

    def post(client, headers):
        headers |= {"Authorization": f"Bearer {token}"}
        return client.post(f"/f/{form.key}/post/", body, content_type="application/json", headers=headers)

    check(*answers(post), 413, "That is too large")


def test_a_body_larger_than_any_import_is_not_read(settings):
    settings.MAX_BODY_SIZE = 100

    def post(client, headers):
        return client.post("/imports/", {"file": "x" * 200}, headers=headers)

    check(*answers(post), 413, "That is too large")


def test_an_error_of_ours_shows_its_number_and_nothing_else(broken):
    broken(RuntimeError("secret words"))
    page, twin = answers(lambda client, headers: client.get("/readyz", headers=headers))
    check(page, twin, 500, "Something broke on our side")
    assert b"secret words" not in page.content + twin.content


def test_a_lost_database(broken):
    broken(OperationalError("secret words"))
    page, twin = answers(lambda client, headers: client.get("/readyz", headers=headers))
    check(page, twin, 503, "Presales is catching its breath")
    assert b"secret words" not in page.content + twin.content


def test_pages_redirects_and_files_carry_the_headers_too(settings, tmp_path, ae, sign_in):
    (tmp_path / "a.css").write_text("p {}")
    settings.STATIC_ROOT = tmp_path
    client = sign_in(ae)
    file = client.get("/static/a.css")
    assert b"".join(file.streaming_content) == b"p {}"
    for response in (
        file,
        client.get("/"),
        Client().get("/"),
        Client().get("/static/none.css"),
        client.get("/healthz"),
    ):
        protected(response)
    assert client.get("/")["Cache-Control"] == "no-store, private"


def test_the_redirect_to_https_carries_the_headers(settings):
    settings.SECURE_SSL_REDIRECT = True
    response = Client().get("/")
    assert response["Location"] == "https://testserver/"
    protected(response)
