"""The navigation: groups that fold, and what of them is open."""

import re

import pytest

from people.models import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def groups(client, path="/account/"):
    """`{group: whether it is open}` as the page draws them."""
    page = client.get(path).content.decode()
    return {
        name: bool(is_open)
        for name, is_open in re.findall(r'<details class="nav-group" data-nav="([^"]+)"( open)?', page)
    }


@pytest.fixture
def at_home(client):
    def sign_in(role):
        client.force_login(UserFactory(role=role))
        return client

    return sign_in


@pytest.mark.parametrize(
    ("role", "opened", "folded"),
    [
        (Role.AE, {"along-the-deal", "know-how"}, {"insights", "set-up"}),
        (Role.SE, {"along-the-deal", "know-how"}, {"insights"}),
        (Role.MANAGER, {"insights"}, {"along-the-deal", "know-how", "set-up"}),
        (Role.MARKETING, {"set-up"}, set()),
        (Role.ADMIN, {"set-up"}, {"along-the-deal", "know-how", "insights"}),
    ],
)
def test_each_role_finds_its_own_groups_open(at_home, role, opened, folded):
    found = groups(at_home(role))
    assert {name for name, is_open in found.items() if is_open} == opened
    assert {name for name, is_open in found.items() if not is_open} == folded


def test_groups_stay_as_they_were_left(at_home):
    client = at_home(Role.MANAGER)
    client.cookies["nav"] = "know-how.set-up"
    assert {name for name, is_open in groups(client).items() if is_open} == {"know-how", "set-up"}
    client.cookies["nav"] = ""
    assert not any(groups(client).values())


def test_the_group_of_the_page_at_hand_is_open(at_home):
    client = at_home(Role.SE)
    client.cookies["nav"] = ""
    assert groups(client, "/library/")["know-how"]


def test_a_forged_cookie_says_nothing(at_home):
    client = at_home(Role.AE)
    client.cookies["nav"] = '"><script>alert(1)</script>'
    assert not any(groups(client).values())
    assert "alert(1)" not in client.get("/account/").content.decode()
