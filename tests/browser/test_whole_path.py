"""The whole path, as people walk it: a lead is logged, scored, qualified and converted, then claimed and managed."""

import time

import pytest

from leads.models import Lead
from tests.factories import CompanyFactory, LeadFactory

PATIENCE = 30  # seconds until the worker has done its part


def reload_until(page, ready, what):
    """Look again, as a person would, until the worker has done its part."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {PATIENCE} s")
        page.wait_for_timeout(300)
        page.reload()


def log_lead_by_keyboard(page):
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("Name", exact=False).first.wait_for()
    for text in ("Dana Whitfield", "dana.whitfield@northwind.example", "Northwind Foods", "VP Engineering"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Dana Whitfield").wait_for()


def record_engagement(page, kind):
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What happened").select_option(label=kind)
    with page.expect_navigation():
        dialog.locator("button.btn-primary").click()


def record_evidence(page, criterion, text, **facts):
    page.get_by_role("link", name=f"Record evidence for {criterion}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Stated: the customer said so").check()
    dialog.get_by_label("What we know").fill(text)
    dialog.get_by_label("Who said so").fill("Dana Whitfield, VP Engineering")
    for name, value in facts.items():
        dialog.locator(f"[name={name}]").fill(value)
    with page.expect_navigation():
        dialog.locator("button.btn-primary").click()


def test_from_a_logged_lead_to_the_managers_pipeline(ae, se, manager, team, worker, sign_in_page):
    page = sign_in_page(ae)

    # The AE logs a lead with the keyboard alone, and the worker scores it.
    log_lead_by_keyboard(page)
    lead = Lead.objects.get(name="Dana Whitfield")
    assert (lead.owner, lead.team) == (ae, team)
    reload_until(page, lambda: Lead.objects.get(pk=lead.pk).score.computed_rev > 0, "scoring")

    # It shows interest, reaches the threshold and becomes an MQL; the AE accepts it.
    for kind in ("Demo request", "Trial sign-up", "Meeting"):
        record_engagement(page, kind)
    reload_until(page, lambda: Lead.objects.get(pk=lead.pk).stage == "mql", "becoming an MQL")
    page.reload()
    page.get_by_role("button", name="Accept").click()
    page.get_by_text("It is yours").wait_for()

    # A gate refuses what is not known yet, and says what is missing.
    page.get_by_role("button", name="Qualify").click()
    page.locator("#refusals").get_by_text("Budget").wait_for()
    assert Lead.objects.get(pk=lead.pk).stage == "sal"

    # Evidence, one criterion after the other; then it is an SQL.
    page.reload()
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 60 * 24 * 3600))
    record_evidence(page, "Budget", "120,000 a year are set aside", amount="120000")
    record_evidence(page, "Authority", "The CTO signs", person_name="Lena Brandt, CTO")
    record_evidence(page, "Need", "Outages cost two days of production a month")
    record_evidence(page, "Timeline", "Before the season starts", decision_on=day)
    reload_until(page, page.get_by_role("button", name="Make it an SQL").is_visible, "qualification")
    page.get_by_role("button", name="Make it an SQL").click()
    page.get_by_role("link", name="Convert to opportunity").click()

    # The opportunity takes the qualification along, and waits for an SE.
    assert page.get_by_label("Amount a year").input_value() == "120000.00"
    page.get_by_label("Name").fill("Northwind Foods: plant monitoring")
    page.get_by_role("button", name="Make the opportunity").click()
    page.get_by_role("heading", name="Northwind Foods: plant monitoring").wait_for()
    assert page.get_by_text("The CTO signs").is_visible()

    # The SE finds it at the top of the own home page and claims it with one click.
    bench = sign_in_page(se)
    claim = bench.get_by_role("button", name="Claim: Northwind Foods: plant monitoring")
    reload_until(bench, claim.is_visible, "the claim queue")
    claim.click()
    bench.get_by_text("It is yours").wait_for()

    # The manager sees it on the pipeline page, with amount, AE and SE, and opens the deals behind the figure.
    desk = sign_in_page(manager)
    desk.get_by_role("link", name="Pipeline", exact=True).click()
    for table, row in (("stages", "Qualification"), ("owners", ae.name), ("ses", se.name), ("teams", team.name)):
        line = desk.locator(f"#{table} tbody tr", has_text=row)
        assert "120,000" in line.inner_text()
        assert "12,000" in line.inner_text()  # weighted with the stage's 10 %
    desk.locator("[data-chart] svg").first.wait_for()
    desk.locator("#stages").get_by_role("link", name="Qualification").click()
    desk.get_by_text("1 deal, 120,000 USD in all").wait_for()
    desk.get_by_role("link", name="Northwind Foods: plant monitoring").click()
    desk.get_by_role("heading", name="Northwind Foods: plant monitoring").wait_for()
    assert page.complaints + bench.complaints + desk.complaints == []


def test_the_second_of_two_writers_sees_both_versions_and_loses_nothing(ae, team, sign_in_page):
    lead = LeadFactory(name="Kim Old", owner=ae, team=team, company=CompanyFactory(name="Acme"))
    first, second = sign_in_page(ae), sign_in_page(ae)
    for page in (first, second):
        page.goto(f"/leads/{lead.pk}/edit/")
    first.get_by_label("Name", exact=False).first.fill("Kim First")
    first.get_by_role("button", name="Save").click()
    first.get_by_role("heading", name="Kim First").wait_for()
    second.get_by_label("Name", exact=False).first.fill("Kim Second")
    second.get_by_role("button", name="Save").click()
    second.get_by_text("Kim First").first.wait_for()
    assert second.get_by_label("Name", exact=False).first.input_value() == "Kim Second"
    assert Lead.objects.get(pk=lead.pk).name == "Kim First"
    second.get_by_role("button", name="Save").click()
    second.get_by_role("heading", name="Kim Second").wait_for()
    assert Lead.objects.get(pk=lead.pk).name == "Kim Second"
