"""Leads in a real browser: quick entry by keyboard, duplicates while typing, moves, merging, and the public form."""

import time

import pytest

from leads.models import CaptureForm, Lead, LeadStage
from tests.factories import CompanyFactory, LeadFactory

TYPE_AS_SOON_AS_IT_OPENS = """() => new MutationObserver(() => {
  const field = document.querySelector("dialog[open] input[name=email]");
  if (!field || field.value) return;
  field.focus();
  field.value = "anna@acme.example";
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}).observe(document.getElementById("dialog"), { attributes: true })"""


@pytest.fixture
def anna(team, ae):
    return LeadFactory(
        name="Anna Berg",
        email="anna@acme.example",
        team=team,
        owner=ae,
        company=CompanyFactory(name="Acme Instruments"),
    )


def test_a_lead_is_logged_by_keyboard_alone_in_under_20_seconds(ae, team, sign_in_page):
    page = sign_in_page(ae)
    page.goto("/leads/")
    started = time.monotonic()
    page.keyboard.press("n")
    page.get_by_role("dialog").get_by_label("Name").wait_for()
    for text in ("Bert Cole", "bert@northwind.example", "Northwind", "Head of IT"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("e")  # the select jumps to "Event"
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads/*/")
    assert time.monotonic() - started < 20
    lead = Lead.objects.get()
    assert (lead.name, lead.email, lead.company.name, lead.job_title, lead.source, lead.owner) == (
        "Bert Cole", "bert@northwind.example", "Northwind", "Head of IT", "event", ae,
    )  # fmt: skip
    assert not page.complaints


def test_duplicates_and_companies_are_offered_while_typing(ae, anna, sign_in_page):
    page = sign_in_page(ae)
    page.goto("/leads/")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").press_sequentially("Anna@acme.example")
    dialog.get_by_text("This person may already be here").wait_for()
    assert dialog.get_by_role("link", name="Anna Berg").get_attribute("href") == f"/leads/{anna.pk}/"
    dialog.get_by_label("Company").press_sequentially("acme")
    page.locator("#known-companies option[value='Acme Instruments']").wait_for(state="attached")
    assert not page.complaints


def test_what_is_typed_the_moment_the_dialog_opens_is_heard(ae, anna, sign_in_page):
    """The form answers, and the cursor stays, from the first instant the form can be seen."""
    page = sign_in_page(ae)
    page.goto("/leads/")
    page.evaluate(TYPE_AS_SOON_AS_IT_OPENS)
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("This person may already be here").wait_for()
    assert dialog.get_by_label("E-mail").evaluate("field => field === document.activeElement")


def test_mistakes_stay_in_the_dialog_and_nothing_typed_is_lost(ae, team, sign_in_page):
    page = sign_in_page(ae)
    page.goto("/leads/")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Bert Cole")
    dialog.get_by_label("E-mail").fill("nonsense")
    page.keyboard.press("Enter")
    dialog.get_by_text("Enter a valid email address").wait_for()
    assert dialog.get_by_label("Name").input_value() == "Bert Cole"


def test_accept_fall_short_and_set_aside(ae, team, sign_in_page):
    lead = LeadFactory(name="Carla Dubois", team=team, stage=LeadStage.MQL)
    page = sign_in_page(ae)
    page.goto(f"/leads/{lead.pk}/")
    page.get_by_role("button", name="Accept").click()
    page.get_by_text("Missing for an SQL").wait_for()
    page.get_by_role("button", name="Qualify").click()
    refusal = page.locator("#refusals")
    refusal.get_by_text("This lead is not qualified yet").wait_for()
    assert refusal.get_by_role("link").count() == 4
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Look again later").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why not now").fill("Budget next year")
    dialog.get_by_role("button", name="Set aside").click()
    page.get_by_role("heading", name="Look again on").wait_for()
    page.get_by_text("“Budget next year”").wait_for()
    lead.refresh_from_db()
    assert lead.stage == LeadStage.NURTURE
    assert not page.complaints


def test_two_leads_of_one_person_become_one(ae, anna, team, sign_in_page):
    twin = LeadFactory(name="A. Berg", email="anna@acme.example", team=team, owner=ae, phone="555 0100")
    page = sign_in_page(ae)
    page.goto(f"/leads/{anna.pk}/")
    page.get_by_role("link", name="Merge").click()
    page.get_by_role("radio", name="A. Berg").check()
    page.get_by_role("button", name="Merge them").click()
    page.get_by_role("heading", name="A. Berg", level=1).wait_for()
    twin.refresh_from_db()
    anna.refresh_from_db()
    assert (twin.merged_into, anna.phone) == (anna, "555 0100")


def test_a_list_is_searched_and_many_are_moved_without_scripts(ae, anna, team, sign_in_page):
    LeadFactory(name="Somebody Else", team=team, owner=ae)
    page = sign_in_page(ae, java_script_enabled=False)
    page.goto("/leads/")
    page.get_by_label("Search leads").fill("anna acme")
    page.get_by_role("button", name="Apply").click()
    assert page.get_by_role("link", name="Somebody Else").count() == 0
    page.get_by_label("Choose Anna Berg").check()
    page.get_by_role("button", name="Disqualify").click()
    page.get_by_label("Why").select_option("no_need")
    page.get_by_role("button", name="Disqualify").click()
    assert page.get_by_text("Disqualified. 1 leads.").count() == 1
    anna.refresh_from_db()
    assert anna.stage == LeadStage.DISQUALIFIED


def test_a_stranger_sends_the_public_form(browser_page, axe, team):
    form = CaptureForm.objects.create(name="Contact")
    page = browser_page(width=390, height=844)
    page.goto(f"/f/{form.key}/")
    assert not axe(page)
    page.get_by_label("Your name").fill("Dora Klein")
    page.get_by_label("Work e-mail").fill("dora@helios.example")
    page.get_by_label("Company").fill("Helios")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="Thank you").wait_for()
    assert Lead.objects.get().name == "Dora Klein"
    assert not page.complaints
