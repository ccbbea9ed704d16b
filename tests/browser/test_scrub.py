"""A pair goes through its open deals by keyboard, and without scripts; an idea in reserve reaches the AE alone."""

import pytest
from django.utils import timezone

from deals.actions.pairings import accept_charter, start_pairing
from deals.models import Claim, DealTask, Opportunity, Scrub
from tests.deals.factories import MeetingFactory, OpportunityFactory
from tests.factories import UserFactory


@pytest.fixture
def pairing(ae, se):
    pairing = start_pairing(ae, ae, se)
    accept_charter(se, pairing.charters.get())
    return pairing


@pytest.fixture
def deals(team, ae, se):
    made = {
        name: OpportunityFactory(name=name, team=team, owner=ae, se=se, claimed_probability=claimed)
        for name, claimed in (("Acme", 90), ("Borealis", 70), ("Cobalt", 50))
    }
    for deal in made.values():
        Claim.objects.create(opportunity=deal, se=se)
    return made


def heading(page, name):
    page.locator("#deal-title", has_text=name).wait_for()


def test_keep_fix_and_kill_by_keyboard(pairing, deals, ae, sign_in_page, axe):
    page = sign_in_page(ae)
    page.goto(pairing.get_absolute_url())
    page.keyboard.press("s")
    heading(page, "Acme")
    assert axe(page) == []

    # Looking at the next one first, and back.
    page.keyboard.press("j")
    heading(page, "Borealis")
    page.get_by_role("link", name="Acme").click()
    heading(page, "Acme")

    page.keyboard.press("k")
    page.get_by_role("dialog").get_by_label("Note for the next scrub").fill("Their board meets in May")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    heading(page, "Borealis")

    page.keyboard.press("f")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What has to be done").fill("Ask their CFO for the budget")
    dialog.get_by_label("By when").fill(timezone.localdate().replace(month=12, day=31).isoformat())
    with page.expect_navigation():
        page.keyboard.press("Enter")
    heading(page, "Cobalt")

    page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("cannot be won technically").count() == 0  # the SE's lane
    dialog.get_by_label("Why it was lost").select_option(label="Price")
    dialog.get_by_label("What was found").fill("They bought the cheapest")
    with page.expect_navigation():
        dialog.get_by_role("button", name="End the deal").click()
    page.get_by_text("1 kept, 1 to be fixed, 1 killed").wait_for()
    assert axe(page) == []
    assert Scrub.objects.get().finished_at is not None
    assert Opportunity.objects.get(name="Cobalt").lost_reason == "price"
    assert Opportunity.objects.get(name="Borealis").next_step == "Ask their CFO for the budget"

    # The task stands with the pair until it is done.
    page.get_by_role("link", name="Back to the pair").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Done: Ask their CFO for the budget").click()
    assert DealTask.objects.get().done_by == ae
    assert page.complaints == []


def test_without_scripts(pairing, deals, se, sign_in_page):
    page = sign_in_page(se, java_script_enabled=False)
    page.goto(f"/pairings/{pairing.pk}/scrub/")
    page.get_by_role("link", name="Keep").click()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("link", name="Kill").click()
    page.get_by_label("Why it is a no-go").select_option(label="No technical pain")
    page.get_by_label("What was found").fill("Their spreadsheets do")
    page.get_by_role("button", name="End the deal").click()
    assert Opportunity.objects.get(outcome="no_go").name == "Borealis"
    assert page.locator("#deal-title").inner_text() == "Cobalt"
    page.get_by_role("button", name="Finish here").click()
    page.get_by_text("1 kept, 0 to be fixed, 1 killed, 1 left for next time").wait_for()


def test_an_idea_in_reserve_reaches_the_ae_before_the_meeting_and_no_colleague(deals, ae, se, team, sign_in_page, axe):
    deal = deals["Acme"]
    meeting = MeetingFactory(opportunity=deal)
    bench = sign_in_page(se)
    bench.goto(deal.get_absolute_url())
    bench.get_by_role("link", name="Ideas in reserve").click()
    bench.get_by_role("link", name="Keep an idea").click()
    bench.get_by_role("dialog").get_by_label("The idea").fill("Offer them a week on site")
    with bench.expect_navigation():
        bench.get_by_role("button", name="Keep it").click()
    bench.get_by_text("Offer them a week on site").wait_for()

    colleague = sign_in_page(UserFactory(role="ae", team=team))
    colleague.goto(meeting.get_absolute_url())
    assert colleague.get_by_text("Offer them a week on site").count() == 0

    page = sign_in_page(ae)
    page.goto(meeting.get_absolute_url())
    page.get_by_text("Offer them a week on site").wait_for()
    assert axe(page) == []
    page.get_by_role("link", name="Release", exact=True).click()
    page.get_by_role("dialog").get_by_label("What you say to it").fill("In the afternoon")
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name="Release").click()
    page.get_by_text("Released by Ada AE").or_(page.get_by_text("released by Ada AE")).wait_for()
    assert axe(page) == []
    assert page.complaints + bench.complaints + colleague.complaints == []
