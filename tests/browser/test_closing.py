"""How deals end: a lost one is looked into by both until they agree, a won one is handed over until it is accepted."""

import pytest

from deals.models import Autopsy, Claim, Competitor, ExitCriterion, Handoff, Opportunity
from tests.deals.factories import OpportunityFactory, StakeholderFactory, stage
from tests.factories import UserFactory
from tests.qualification.factories import evidence, framework


@pytest.fixture
def deal(base, team, ae, se):
    framework()
    ExitCriterion.objects.exclude(gate="handoff_started").delete()
    made = OpportunityFactory(name="Nordwind: live order flow", team=team, owner=ae, se=se, stage=stage("negotiation"))
    Claim.objects.create(opportunity=made, se=se)
    evidence(made.dossier, "budget", 2)
    return made


def send(page, button):
    """Press a button of the dialog and wait for the page that follows."""
    with page.expect_navigation():
        page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def look_back(page, missed):
    page.get_by_role("link", name="Write my view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What did we miss?").fill(missed)
    dialog.get_by_label("When did we first know?").fill("When they asked for a second quote")
    dialog.get_by_label("What would we do again?").fill("The workshop")
    dialog.get_by_label("Budget").check()
    send(page, "Save my view")


def test_a_lost_deal_leaves_a_lesson(deal, ae, se, sign_in_page, axe):
    Competitor.objects.create(opportunity=deal, name="Conduitly")
    page = sign_in_page(ae)
    page.goto(f"/opportunities/{deal.pk}/move/")
    page.get_by_label("Move to").select_option(label="Closed Lost")
    page.get_by_label("Why it was lost").select_option(label="Lost to a competitor")
    page.get_by_role("textbox", name="Competitor").fill("Conduitly")
    with page.expect_navigation():
        page.get_by_role("button", name="Move", exact=True).click()

    # The AE looks back alone; the SE finds it at home and reads nothing of it before the own view is written.
    page.goto("/")
    page.get_by_role("link", name="Look back").wait_for()
    page.goto(f"/opportunities/{deal.pk}/")
    page.get_by_role("navigation", name="Deal").get_by_role("link", name="Autopsy").click()
    look_back(page, "Nobody of us had met their auditors")
    assert page.get_by_text("Nobody of us had met their auditors").is_visible()
    desk = sign_in_page(se)
    desk.get_by_role("link", name=deal.name).first.click()
    desk.get_by_text("shows when yours is written").wait_for()
    assert desk.get_by_text("Nobody of us had met their auditors").count() == 0
    assert axe(desk) == []
    look_back(desk, "The test system had no real data")
    assert desk.get_by_text("Nobody of us had met their auditors").is_visible()

    # Then one of them writes down what both take from it.
    desk.get_by_role("link", name="Agree on the lesson").click()
    desk.get_by_role("dialog").get_by_label("What we take from it").fill("Ask who audits them before the demo")
    send(desk, "Agree on it")
    desk.get_by_role("heading", name="The lesson").wait_for()
    assert axe(desk) == []
    assert Autopsy.objects.get().agreed_by == se
    desk.goto("/autopsies/?q=audits")
    assert desk.get_by_role("link", name=deal.name).is_visible()

    # Whoever meets that competitor finds it.
    desk.goto(f"/opportunities/{deal.pk}/")
    desk.get_by_role("link", name="Conduitly").first.click()
    desk.get_by_role("link", name="Add a competitor").click()
    desk.get_by_role("dialog").get_by_label("How we win against them").fill("Let their own team change a source")
    send(desk, "Add")
    desk.get_by_text("Ask who audits them before the demo").wait_for()
    assert desk.get_by_text("0.0 %").is_visible()
    assert axe(desk) == []
    assert page.complaints + desk.complaints == []


def test_a_won_deal_is_handed_over(deal, team, ae, se, sign_in_page, axe):
    receiver = UserFactory(role="se", team=team, name="Cora Success")
    StakeholderFactory(opportunity=deal, name="Kim Doe", role="economic_buyer", job_title="CFO")

    # Without a handoff the deal is not won; the answer leads to where it is started.
    page = sign_in_page(ae)
    page.goto(f"/opportunities/{deal.pk}/move/")
    page.get_by_role("link", name="The handoff is not started").click()
    page.get_by_role("link", name="Write what we promised").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What we promised").fill("Single sign-on by March")
    dialog.get_by_label("What success is measured by").fill("Half the tickets")
    dialog.get_by_label("Who receives it").select_option(label="Cora Success")
    send(page, "Save")
    page.get_by_role("region", name="People to know").get_by_role("link", name="Add").click()
    page.get_by_role("dialog").get_by_label("What to know").fill("Reads every invoice")
    send(page, "Add")
    assert axe(page) == []
    page.goto(f"/opportunities/{deal.pk}/move/")
    page.get_by_label("Move to").select_option(label="Closed Won")
    page.get_by_label("Closed on").fill("2026-01-15")
    with page.expect_navigation():
        page.get_by_role("button", name="Move", exact=True).click()
    assert Opportunity.objects.get().outcome == "won"

    # The SE writes the other half, the AE gives it away.
    desk = sign_in_page(se)
    desk.goto(f"/opportunities/{deal.pk}/handoff/")
    desk.get_by_role("region", name="Custom work").get_by_role("link", name="Write it").click()
    desk.get_by_role("dialog").get_by_label("Custom work").fill("A connector to their warehouse")
    desk.get_by_role("dialog").get_by_label("Risks").fill("None known")
    send(desk, "Save")
    page.goto(f"/opportunities/{deal.pk}/handoff/")
    page.get_by_role("link", name="Hand over", exact=True).click()
    send(page, "Hand over")
    assert page.get_by_text("Waits for the receiver").first.is_visible()

    # The receiver asks, gets an answer, and accepts.
    theirs = sign_in_page(receiver)
    theirs.get_by_role("link", name=f"Read: {deal.name}").click()
    assert theirs.get_by_text("Kim Doe").is_visible()
    theirs.get_by_role("link", name="Return with a question").click()
    theirs.get_by_role("dialog").get_by_label("What do you want to know?").fill("Who pays for the connector?")
    send(theirs, "Return it")
    page.goto("/")
    page.get_by_role("link", name=f"Answer: {deal.name}").click()
    page.get_by_role("link", name="Hand over", exact=True).click()
    page.get_by_role("dialog").get_by_label("Your answer").fill("They do, from April")
    send(page, "Hand over")
    theirs.goto("/handoffs/")
    theirs.get_by_role("link", name=deal.name).click()
    theirs.get_by_text("They do, from April").wait_for()
    assert axe(theirs) == []
    with theirs.expect_navigation():
        theirs.get_by_role("button", name="Accept").click()
    theirs.get_by_text("The customer is yours to look after").wait_for()
    assert Handoff.objects.get().is_accepted
    assert page.complaints + desk.complaints + theirs.complaints == []
