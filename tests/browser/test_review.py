"""A manager goes through the deals worth asking about by keyboard, sets a task and marks them; and without scripts."""

import datetime

import pytest
from django.utils import timezone

from deals.models import DealReview, DealTask
from tests.insights.factories import deal


@pytest.fixture
def deals(team, ae, se):
    late = timezone.localdate() - datetime.timedelta(days=4)
    common = {"team": team, "owner": ae, "se": se, "next_step": ""}
    return [
        deal(name="Acme", close_date=late, amount=500, **common),
        deal(name="Borealis", amount=900, **common),
        deal(name="Cobalt", amount=300, **common),
    ]


def heading(page, name):
    page.locator("#deal-title", has_text=name).wait_for()


def test_stepping_a_task_and_marking_by_keyboard(deals, manager, sign_in_page, axe):
    page = sign_in_page(manager)
    page.goto("/insights/review/")
    heading(page, "Acme")
    page.get_by_text("What happened at the customer on the day we had written down?").wait_for()
    assert axe(page) == []

    for key, name in (("j", "Borealis"), ("j", "Cobalt"), ("j", "Acme"), ("k", "Cobalt"), ("k", "Borealis"),
                      ("k", "Acme")):  # fmt: skip
        page.keyboard.press(key)
        heading(page, name)

    page.get_by_role("link", name="Set a task: Agree a new close date with the customer").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("What has to be done").input_value() == "Agree a new close date with the customer"
    with page.expect_navigation():
        dialog.get_by_role("button", name="Set the task").click()
    heading(page, "Acme")
    page.get_by_text("Agree a new close date with the customer: Ada AE by").wait_for()

    page.keyboard.press("r")
    page.get_by_role("dialog").get_by_label("What came of it").fill("Their board meets in May")
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name="Mark as reviewed").click()
    heading(page, "Borealis")
    page.get_by_role("heading", name="Reviewed lately").wait_for()
    assert axe(page) == []
    assert DealReview.objects.get().note == "Their board meets in May"
    assert DealTask.objects.get().assignee.name == "Ada AE"
    assert page.complaints == []


def test_without_scripts(deals, manager, sign_in_page):
    page = sign_in_page(manager, java_script_enabled=False)
    page.goto("/insights/review/")
    page.locator("a[rel=next]").click()
    assert page.locator("#deal-title").inner_text() == "Borealis"
    page.get_by_role("link", name="Reviewed").click()
    page.get_by_role("button", name="Mark as reviewed").click()
    assert page.locator("#deal-title").inner_text() == "Cobalt"


def test_home_shows_the_week_once_it_is_there_and_leads_to_the_review(deals, manager, sign_in_page, axe):
    page = sign_in_page(manager)
    page.goto("/")
    page.get_by_role("heading", name="What changed since").wait_for()
    assert page.locator(".figures-five .figure").count() == 5
    assert axe(page) == []
    page.get_by_role("link", name="Review: Borealis").click()
    heading(page, "Borealis")
    assert page.complaints == []


def test_without_scripts_a_link_leads_to_the_week(deals, manager, sign_in_page):
    page = sign_in_page(manager, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="Five figures against last week").click()
    page.locator(".figures-five .figure").nth(4).wait_for()
