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
    for name in ("By stage", "Open pipeline"):
        box = page.locator("[data-arrange] li", has_text=name).bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 20, steps=8)
        page.mouse.move(box["x"] + 20, box["y"] + 4, steps=4)
        page.wait_for_timeout(200)  # until the cards have made room
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
    page.get_by_role("textbox", name=re.compile("Name")).fill("The team's week")
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


def test_on_paper_each_chart_is_followed_by_its_table(dashboard, manager, sign_in_page):
    page = sign_in_page(manager, theme="dark")
    page.goto(f"/dashboards/{dashboard.pk}/")
    page.locator("#card-2 .chart svg").wait_for()
    page.evaluate("window.print = () => { window.asked = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.asked")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_text("Printed by Mia Manager").is_visible()
    for gone in (".app-side", ".filters", ".app-actions"):
        assert not page.locator(gone).first.is_visible(), gone
    chart, table = page.locator("#card-2 .chart"), page.locator("#card-2 table")
    assert table.is_visible()
    assert chart.bounding_box()["y"] < table.bounding_box()["y"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.emulate_media(media="screen")
    assert not table.is_visible(), "folded away again"
    assert page.complaints == []
