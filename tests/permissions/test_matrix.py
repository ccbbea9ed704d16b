"""Every address × every persona × GET and POST, against tests/permissions/matrix.txt.

A line of the matrix is `address | GET | POST`, each a status per persona in the order of `world.PERSONAS`; `=200`
means 200 for all. A POST is sent empty: 422 is a form that says what is missing, 302 an act that needs no more.
A new address without a line fails. To see what the site answers now: `PRINT_MATRIX=1 pytest tests/permissions -s`;
compare it with what should be, line by line, before you write it down.
"""

import os
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.permissions.world import PERSONAS, build

MATRIX = Path(__file__).with_name("matrix.txt")


class Undo(Exception):
    pass


def addresses(resolver=None, prefix=""):
    """Name and names of the variable parts of every address of the site."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from addresses(pattern, space)
        elif isinstance(pattern, URLPattern):
            assert pattern.name, f"{pattern.pattern} has no name"
            yield f"{prefix}{pattern.name}", set(pattern.pattern.regex.groupindex)


def expectations():
    lines = {}
    for line in MATRIX.read_text().splitlines():
        if line and not line.startswith("#"):
            name, get, post = (part.strip() for part in line.split("|"))
            lines[name] = {"GET": spread(get), "POST": spread(post)}
    return lines


def spread(text):
    return [text[1:]] * len(PERSONAS) if text.startswith("=") else text.split()


ADDRESSES = dict(addresses())


def test_every_address_has_a_line_and_every_line_an_address():
    assert set(expectations()) == set(ADDRESSES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_who_gets_what(name, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = build()
    url = reverse(name, kwargs=world.arguments(name, ADDRESSES[name]))
    found = {method: [status(world, persona, method, url) for persona in PERSONAS] for method in ("GET", "POST")}
    if os.environ.get("PRINT_MATRIX"):
        print("\nMATRIX", name, "|", compact(found["GET"]), "|", compact(found["POST"]))  # noqa: T201
        return
    expected = expectations()[name]
    for method in ("GET", "POST"):
        differ = {
            persona: f"expected {want}, got {got}"
            for persona, want, got in zip(PERSONAS, expected[method], found[method], strict=True)
            if want != got
        }
        assert not differ, f"{method} {url}"


def status(world, persona, method, url):
    """The status of one request, whose effects are undone."""
    client = Client()
    cache.clear()  # no persona pays for another's throttled requests
    try:
        with transaction.atomic():
            if persona != "anonymous":
                user = type(world.people[persona]).objects.get(pk=world.people[persona].pk)
                client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
            response = client.generic(method, url, content_type="application/x-www-form-urlencoded")
            if response.streaming:
                b"".join(response.streaming_content)
            raise Undo
    except Undo:
        return str(response.status_code)


def compact(statuses):
    return f"={statuses[0]}" if len(set(statuses)) == 1 else " ".join(statuses)
