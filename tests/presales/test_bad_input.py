"""Whatever comes in, a person gets an answer: no form, list or address of the site ever gives a 500.

The forms are not listed here. Every page is opened and what it offers is sent back broken, so a new page is
checked from its first day. tests/presales/hostile.py holds what is sent.
"""

import itertools
import os
import re
import traceback
import zlib
from http.cookies import SimpleCookie

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from deals.views import opportunities
from leads import lists as leads
from leads.views import companies
from people.views import users
from presales import mail
from tests.permissions.test_matrix import ADDRESSES
from tests.permissions.world import build
from tests.presales import hostile

pytestmark = pytest.mark.django_db

PERSONAS = ("anonymous", "admin", "owner", "se")
FORM = "application/x-www-form-urlencoded"
# Parameters that no form and no link of a page carries, but that somebody may type.
ALWAYS = {
    "cursor", "sort", "q", "page", "state", "view", "role", "id", "next", "saved", "owner", "team", "stage", "period",
    "from", "to", "email", "name", "company_name", "parent_name", "tab", "band", "source", "outcome", "type", "se",
    "closed_from", "closed_to", "close_from", "close_to", "created_from", "created_to", "attention", "person",
    "pipeline", "start", "end", "value", "age", "month", "quarter",
}  # fmt: skip


class Undo(Exception):
    pass


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """Built once; every request is undone."""
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media):
        with transaction.atomic():
            yield build()
            mail.wait()  # or the next test finds it in its outbox
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture(scope="module")
def clients(world):
    result = {}
    for persona in PERSONAS:
        result[persona] = Client(raise_request_exception=False)
        if persona != "anonymous":
            result[persona].force_login(world.people[persona], "allauth.account.auth_backends.AuthenticationBackend")
    return result


@pytest.fixture(scope="module")
def already_sent():
    """Forms that were sent: the same form on another page is not sent again."""
    return set()


def ask(client, method, url, data=b"", content_type=FORM, **headers):
    """The answer to one request, whose effects are undone; what it would have committed is checked first."""
    cache.clear()
    cookies = SimpleCookie(client.cookies)  # a request may sign out or start another session, which is undone too
    try:
        with transaction.atomic():
            response = client.generic(method, url, data, content_type=content_type, headers=headers)
            if response.streaming:
                b"".join(response.streaming_content)
            if not connection.needs_rollback:
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raise Undo
    except Undo:
        return response
    finally:
        client.cookies = cookies


def answered(response, what):
    """Whether the site answered; the exception where it did not."""
    if response.status_code >= 500:
        info = getattr(response, "exc_info", None)
        trace = "".join(traceback.format_exception(*info)[-6:]) if info else ""
        pytest.fail(f"{response.status_code} for {what}\n{trace}", pytrace=False)
    return response


def some(of, seed, count):
    """`count` of the values, others for every field, the same ones in every run; all with EVERY_VALUE=1."""
    if os.environ.get("EVERY_VALUE"):
        return list(of)
    seed = re.sub(r"\d+", "", seed)  # ids differ from run to run
    return sorted(of, key=lambda value: zlib.crc32(f"{seed} {value!r}".encode()))[:count]


def url_of(world, name):
    return reverse(name, kwargs=world.arguments(name, ADDRESSES[name]))


def page_of(client, url):
    response = ask(client, "GET", url)
    if response.status_code != 200 or not response.get("Content-Type", "").startswith("text/html"):
        return hostile.Page("", url)
    return hostile.Page(response.content.decode(), url)


def bodies(form):
    """`(what, body, content type)` of everything that is sent to one form."""
    names = form.names or ["name"]
    good = form.filled()
    yield "nothing", b"", FORM
    yield "as it stands", hostile.body(good), FORM
    yield "first half", hostile.body(good[: len(good) // 2]), FORM
    yield "second half", hostile.body(good[len(good) // 2 :]), FORM
    yield "everything twice", hostile.body(good + good), FORM
    everywhere = ("huge number", "beyond bigint", "no UTF-8", "right to left", "year 1", "sql", "long", "nul")
    for what in some(everywhere, form.action, 4):
        yield f"{what} everywhere", hostile.body([(name, hostile.VALUES[what]) for name in names]), FORM
    for name in names:
        rest = [(other, value) for other, value in good if other != name]
        for what in some(hostile.VALUES, form.action + name, 2):
            yield f"{what} as {name}", hostile.body([*rest, (name, hostile.VALUES[what])]), FORM
    yield "JSON", b'{"name": ["\\ud800", 1e400, null]}', "application/json"
    yield "text", b"\xff\x00", "text/plain; charset=utf-77"
    yield "another charset", hostile.body(good), f"{FORM}; charset=utf-16"
    yield "files for texts", *hostile.multipart([(name, ("a\x01\u202e.csv", b"\x00\xff")) for name in names])
    yield "texts for files", *hostile.multipart([*good, *((name, "text") for name in form.files)])
    yield "multipart without a boundary", b"--x", "multipart/form-data"
    yield "multipart cut off", hostile.multipart(good)[0][:-20], "multipart/form-data; boundary=hostile"
    for name in form.files:
        for content in (
            b"",
            b"\x00" * 100,
            b"PK\x03\x04broken",
            b"\xff\xfea",
            b'"',
            b"%PDF-1.7",
            b"a;b\n" + b'"' * 999,
        ):
            yield f"{content[:8]!r} as {name}", *hostile.multipart([*good, (name, ("x.xlsx", content))])


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_every_form_answers_whatever_is_sent(world, clients, already_sent, name):
    url, login = url_of(world, name), reverse("account_login")
    for persona in PERSONAS:
        forms = [form for form in page_of(clients[persona], url).forms if form.method == "post"]
        for form in [*forms, hostile.Form(url, "post")]:
            this = (form.action, persona == "anonymous", *sorted(form.names))
            if this in already_sent:
                continue
            already_sent.add(this)
            for what, data, content_type in bodies(form):
                response = ask(clients[persona], "POST", form.action, data, content_type)
                answered(response, f"{what} to {form.action} as {persona}")
                if response.status_code == 405 or response.get("Location", "").startswith(f"{login}?next="):
                    break


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_every_page_answers_whatever_its_address_asks_for(world, clients, name):
    url = url_of(world, name)
    for persona in ("admin", "owner"):
        client = clients[persona]
        if ask(client, "GET", url).status_code not in (200, 422):
            continue
        page = page_of(client, url)
        own = set(itertools.chain(page.parameters, *(form.names for form in page.forms if form.method == "get")))
        queries = [[(one, value) for one in sorted(own | ALWAYS)] for value in some(hostile.VALUES.values(), url, 4)]
        queries += [[(one, value)] for one in sorted(own) for value in some(hostile.VALUES.values(), url + one, 6)]
        queries += [[("\x00", "1")], [("q", "a"), ("q", "b")], [("a" * 300, "")] * 40]
        for query in queries if persona == "admin" else queries[:6]:
            if sum(len(value) for _, value in query) < 150_000:
                data = hostile.body(query).decode()
                answered(ask(client, "GET", f"{url}?{data}"), f"GET {url}?{data[:300]} as {persona}")


@pytest.mark.parametrize(
    ("name", "sorts"),
    [
        ("leads:leads", [*leads.SORTS, "due&tab=accept", "look&tab=nurture"]),
        ("leads:companies", companies.SORTS),
        ("people:users", users.SORTS),
        ("deals:opportunities", [*opportunities.SORTS, *(f"-{name}" for name in opportunities.SORTS)]),
        ("insights:deals", [""]),
    ],
)
def test_every_cursor_gives_a_page(world, clients, name, sorts):
    url = url_of(world, name)
    for sort in sorts:
        for cursor in some(hostile.CURSORS, name + sort, 15):
            query = f"sort={sort}&{hostile.body([('cursor', cursor)]).decode()}"
            response = answered(ask(clients["admin"], "GET", f"{url}?{query}"), f"GET {url}?{query}")
            assert response.status_code == 200
