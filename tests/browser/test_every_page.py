"""Every page that a person can reach by links: readable by everybody, in both themes, without a complaint.

The walk starts at the home page of each role and follows links, each kind of page once (numbers in an address
count as one kind), so a new page is covered as soon as something links to it.
"""

import re
from urllib.parse import urlsplit

import pytest

from people.models import Role, Team

ROLES = ["ae", "se", "manager", "marketing", "admin"]
NOT_PAGES = re.compile(r"/(download|export)|\.(csv|xlsx|ics)$|/meetings/\d+/calendar/$|/account/logout/")
MOST_PAGES = 150
# Kinds of pages that axe has seen in this run: what the next role sees of them differs by rows and buttons only.
CHECKED: set[str] = set()


@pytest.fixture
def people(team, ae, se, manager, marketing, admin, other_team):
    return {"ae": ae, "se": se, "manager": manager, "marketing": marketing, "admin": admin}


@pytest.fixture
def rows(people, team):
    """A little of everything, so that lists, cards and timelines have something to show."""
    from tests.browser.rows import make_rows

    make_rows(team, people)


def kind_of(path):
    return re.sub(r"\d+", "N", path)


def walk(page, check):
    """Visit each kind of page reachable from where `page` is, calling `check(page)` on it; the kinds visited."""
    base = urlsplit(page.url)
    todo, seen = [base.path], {kind_of(base.path)}
    while todo and len(seen) <= MOST_PAGES:
        path = todo.pop(0)
        answer = page.goto(path)
        assert answer.status == 200, f"{path} answered {answer.status}"
        check(page)
        for address in page.eval_on_selector_all("a[href]", "links => links.map((link) => link.href)"):
            link = urlsplit(address)
            if link.netloc == base.netloc and not NOT_PAGES.search(link.path) and kind_of(link.path) not in seen:
                seen.add(kind_of(link.path))
                todo.append(link.path)
    return seen


@pytest.mark.parametrize("role", ROLES)
def test_pages_are_accessible_in_both_themes_and_without_complaints(role, people, rows, sign_in_page, axe):
    page = sign_in_page(people[role])
    problems = []

    def check(page):
        kind = kind_of(urlsplit(page.url).path)
        if kind in CHECKED and kind != "/":
            return
        CHECKED.add(kind)
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
            problems.extend(f"{theme} {finding}" for finding in axe(page))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            problems.append(f"{page.url}: {wide} px wider than the window")

    seen = walk(page, check)
    assert not problems, "\n".join(sorted(set(problems)))
    assert not page.complaints, "\n".join(page.complaints)
    assert "/account/" in seen


@pytest.mark.parametrize("role", ROLES)
def test_no_page_is_wider_than_a_phone(role, people, rows, sign_in_page):
    page = sign_in_page(people[role], width=390, height=844)
    wide = []

    def check(page):
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide.append(f"{urlsplit(page.url).path}: {over} px")

    walk(page, check)
    assert not wide, "\n".join(wide)
    assert not page.complaints, "\n".join(page.complaints)


@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/", "/account/password/reset/done/"])
def test_pages_before_the_sign_in(path, browser_page, axe):
    for theme in ("light", "dark"):
        page = browser_page(theme=theme)
        page.goto(path)
        assert axe(page) == []
        assert page.complaints == []


def test_the_demo_sign_in_takes_one_click(browser_page, ae, settings, axe):
    settings.IS_DEMO = True
    ae.email = "ae@demo.example"
    ae.set_password("demo-presales")
    ae.save()
    page = browser_page()
    page.goto("/account/login/")
    assert axe(page) == []
    page.get_by_role("button", name="Sign in as ae@demo.example").click()
    page.wait_for_url("**/")
    assert page.get_by_role("navigation", name="Main").is_visible()


def test_roles_and_teams_of_the_walk_exist():
    assert set(ROLES) == set(Role.values)
    assert Team._meta.app_label == "people"
