"""Whom a limit counts: the network in front of our own proxies, whatever anybody writes into a header."""

import contextlib

import pytest
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory

from presales.throttle import network_of


def network(settings, proxies, forwarded=None, address="192.0.2.7"):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    return network_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=address))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_neighbours_count_as_one(settings, address, expected):
    assert network(settings, 0, address=address) == expected


def test_without_a_proxy_of_ours_the_header_is_not_believed(settings):
    assert network(settings, 0, "203.0.113.9") == "192.0.2.0/24"


def test_behind_a_proxy_what_the_caller_wrote_before_it_is_not_believed(settings):
    assert network(settings, 1, "203.0.113.9") == "203.0.113.0/24"
    assert network(settings, 1, "198.51.100.1, 203.0.113.9") == "203.0.113.0/24"


@pytest.mark.parametrize("forwarded", ["203.0.113.9:5555", "[2001:db8::1]:80", "unknown", "", ",", "a" * 500])
def test_what_is_no_address_is_counted_or_refused_and_breaks_nothing(settings, forwarded):
    with contextlib.suppress(PermissionDenied):
        assert "/" in network(settings, 1, forwarded)


def test_a_caller_without_any_address_is_refused(settings):
    with pytest.raises(PermissionDenied):
        network(settings, 0, address="")
