"""A proposal as people make it: drafted by two, approved above the limit, sent, accepted, and looked at on paper."""

import pytest

from deals.models import Opportunity, Proposal
from tests.deals.factories import OpportunityFactory, StakeholderFactory, stage
from tests.factories import CompanyFactory
from tests.qualification.factories import DossierFactory, evidence, framework


@pytest.fixture
def deal(base, team, ae, se):
    dossier = DossierFactory(framework=framework("bant"), team=team)
    evidence(dossier, "need", 3, text="Outages cost two days of production a month.")
    made = OpportunityFactory(
        name="Nordwind: plant monitoring", company=CompanyFactory(name="Nordwind Logistics"), team=team, owner=ae,
        se=se, stage=stage("negotiation"), dossier=dossier, amount=90000,
    )  # fmt: skip
    StakeholderFactory(opportunity=made, role="economic_buyer", name="Lena Brandt", job_title="CFO")
    return made


def save(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def write(page, section, text):
    page.get_by_role("link", name=f"Write: {section}").click()
    page.get_by_label(section).fill(text)
    save(page, "Save")


def fill_line(page, row, **values):
    for name, value in values.items():
        field = page.locator(f"[name=lines-{row}-{name}]")
        field.select_option(value) if name == "recurrence" else field.fill(value)


def state():
    return Proposal.objects.get().state


def test_from_the_draft_to_the_acceptance(deal, ae, se, manager, sign_in_page, axe):
    # The AE begins it; what the customer said of the need is there already. The price is the AE's.
    page = sign_in_page(ae)
    page.goto(f"/opportunities/{deal.pk}/")
    page.get_by_role("link", name="Proposal", exact=True).click()
    save(page, "Start the proposal")
    assert page.get_by_text("Outages cost two days of production a month.").is_visible()
    assert page.get_by_role("link", name="Write: Our solution").count() == 0
    page.get_by_role("link", name="Set the price").click()
    fill_line(page, 0, description="Platform licence", quantity="40", unit_price="2500", discount="20")
    fill_line(page, 1, description="Set-up", quantity="2.5", unit_price="1333.33", recurrence="once")
    assert axe(page) == []
    save(page, "Save")
    assert page.get_by_text("80,000.00 USD").first.is_visible()
    assert page.get_by_text("83,333.33 USD").is_visible()  # 80,000 a year and 3,333.33 once (2.5 × 1,333.33, half-up)
    write(page, "Terms", "Thirty days after the invoice.")

    # The SE writes the solution and finds no way to the price.
    bench = sign_in_page(se)
    bench.goto(page.url)
    assert bench.get_by_role("link", name="Change price and validity").count() == 0
    write(bench, "Our solution", "A connector in each plant.\n\nNothing runs at night any more.")

    # A discount above the limit waits for the manager, who says why.
    page.reload()
    page.get_by_role("link", name="Ask for approval").click()
    page.get_by_role("dialog").get_by_label("Why they should have it").fill("They sign for three years")
    save(page, "Ask")
    assert page.get_by_role("link", name="Approve").count() == 0
    assert state() == "in_approval"
    desk = sign_in_page(manager)
    desk.goto(page.url)
    assert desk.get_by_text("above the limit").is_visible()
    assert axe(desk) == []
    desk.get_by_role("link", name="Approve").click()
    desk.get_by_role("dialog").get_by_text("They sign for three years").wait_for()
    desk.get_by_role("dialog").get_by_label("Why").fill("A reference in their industry")
    save(desk, "Approve")
    assert state() == "approved"

    # What the customer reads: in dark it is paper on a dark table, printed it is paper alone.
    paper = sign_in_page(ae, theme="dark")
    paper.goto(f"/proposals/{Proposal.objects.get().pk}/print/")
    assert paper.get_by_text("Draft, not an offer").is_visible()
    assert paper.get_by_role("button", name="Print or save as PDF").is_visible()
    assert axe(paper) == []
    for words in ("They sign for three years", "A reference in their industry"):
        assert paper.get_by_text(words).count() == 0
    ground = "getComputedStyle(document.body).backgroundColor"
    assert paper.evaluate(ground) == "rgb(17, 21, 29)"
    paper.emulate_media(media="print")
    assert paper.evaluate(ground) == "rgb(255, 255, 255)"
    assert paper.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor") == "rgb(255, 255, 255)"
    assert not paper.get_by_role("button", name="Print or save as PDF").is_visible()
    assert not paper.get_by_text("Back to the proposal").is_visible()
    assert paper.get_by_text("83,333.33 USD").is_visible()

    # Sent to who decides, and accepted.
    page.reload()
    page.get_by_role("link", name="Record as sent").click()
    assert page.get_by_role("dialog").get_by_label("To whom").input_value() == "Lena Brandt, CFO"
    save(page, "Record as sent")
    assert page.get_by_role("link", name="Change", exact=False).count() == 1  # the deal's figures, nothing of the offer
    page.get_by_role("link", name="They accepted").click()
    page.get_by_role("dialog").get_by_label("What they said").fill("Signed and sent back")
    save(page, "Record the acceptance")
    assert page.get_by_text("by Lena Brandt, CFO").is_visible()
    assert axe(page) == []
    paper.reload()
    paper.get_by_text("by Lena Brandt, CFO.").wait_for()
    assert state() == "accepted"
    assert Opportunity.objects.get(pk=deal.pk).is_open
    assert page.complaints + bench.complaints + desk.complaints + paper.complaints == []


def test_on_a_phone_and_without_scripts(deal, ae, sign_in_page):
    page = sign_in_page(ae, width=390, java_script_enabled=False)
    page.goto(f"/opportunities/{deal.pk}/proposals/")
    save(page, "Start the proposal")
    page.get_by_role("link", name="Set the price").click()
    fill_line(page, 0, description="Platform licence", quantity="1", unit_price="90000", discount="0")
    save(page, "Save")
    assert page.get_by_text("90,000.00 USD").first.is_visible()
    page.get_by_role("link", name="Record as sent").click()
    page.get_by_label("To whom").fill("Lena Brandt")
    save(page, "Record as sent")
    page.get_by_text("is not whole yet").wait_for()
    page.get_by_role("link", name="The solution is not written yet").wait_for()
    for address in ("", "price/", "print/", "compare/"):
        page.goto(f"/proposals/{Proposal.objects.get().pk}/{address}")
        assert page.locator("body").bounding_box()["width"] <= 390, address
