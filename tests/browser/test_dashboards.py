"""A dashboard is arranged by dragging, and by keyboard; its charts are drawn when they come."""

import re

import pytest

from people.models import Dashboard
from tests.insights.factories import deal, stage

CARDS = ["pipeline.figure.open-pipeline:narrow", "pipeline.chart.stages:narrow", "velocity.table.owners:wide"]


@pytest.fixture
def dashboard(base, manager, team, ae):
    deal(stage("qualification"), team=team, owner=ae, amount=1234)
    return Dashboard.objects.create(owner=manager, name="My week", cards=CARDS)


def order(page):
    return [line.split("\n")[0] for line in page.locator("[data-arrange] .rows-main").all_inner_texts()]


def test_cards_come_after_the_page_and_charts_are_drawn(dashboard, manager, sign_in_page, axe):
    for theme, width in (("light", 1440), ("dark", 390)):
        page = sign_in_page(manager, theme=theme, width=width)
        page.goto(f"/dashboards/{dashboard.pk}/")
        page.locator("#card-1").get_by_text("1,234 USD in 1 open deal").wait_for()
        page.locator("#card-2 .chart svg").wait_for()
        page.locator("#card-3 table").wait_for()
        assert page.locator(".dash [aria-busy]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe(page) == []
        assert page.complaints == []


def test_arranging_by_hand_and_by_keyboard(dashboard, manager, sign_in_page, axe):
    page = sign_in_page(manager)
    page.goto(f"/dashboards/{dashboard.pk}/edit/")
    assert order(page) == ["Open pipeline", "By stage", "By AE"]
    page.locator("[data-handle]").nth(2).hover()
    page.mouse.down()
    box = page.locator("[data-arrange] li").first.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 30, steps=12)
    page.mouse.move(box["x"] + 20, box["y"] + 4, steps=6)
    with page.expect_navigation():
        page.mouse.up()
    assert order(page) == ["By AE", "Open pipeline", "By stage"]
    with page.expect_navigation():
        page.get_by_role("button", name="Move By stage up").press("Enter")
    assert order(page) == ["By AE", "By stage", "Open pipeline"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move By stage up"
    page.get_by_label("Add a card").select_option(label="Figure: Win rate with an SE")
    with page.expect_navigation():
        page.get_by_role("button", name="Add", exact=True).click()
    assert order(page)[-1] == "Win rate with an SE"
    page.get_by_label(re.compile("^Name")).fill("The team's week")
    assert axe(page) == []
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).last.click()
    dashboard.refresh_from_db()
    assert dashboard.name == "The team's week"
    assert [card.split(":")[0] for card in dashboard.cards] == [
        "velocity.table.owners", "pipeline.chart.stages", "pipeline.figure.open-pipeline",
        "se_team.figure.win-rate-with-an-se",
    ]  # fmt: skip
    assert page.complaints == []


def test_arranging_with_scripts_off(dashboard, manager, sign_in_page):
    page = sign_in_page(manager, java_script_enabled=False)
    page.goto(f"/dashboards/{dashboard.pk}/edit/")
    page.get_by_role("button", name="Move Open pipeline down").click()
    assert order(page) == ["By stage", "Open pipeline", "By AE"]
    page.goto(f"/dashboards/{dashboard.pk}/")
    page.get_by_role("link", name="Show all figures").click()
    page.locator("#card-2").get_by_text("1,234 USD in 1 open deal").wait_for()
