"""The charter, as the pair meets it: a demo is held back, what is missing is added, and the request goes through."""

import datetime

from django.utils import timezone

from deals.models import HelpRequest
from tests.deals.factories import OpportunityFactory
from tests.qualification.factories import evidence


def test_the_charter_holds_back_a_demo_until_the_missing_evidence_is_there(ae, se, team, sign_in_page, axe):
    deal = OpportunityFactory(name="Acme: plant monitoring", team=team, owner=ae, se=se)
    evidence(deal.dossier, "timeline", 2, decision_on=timezone.localdate() + datetime.timedelta(days=60))
    page = sign_in_page(ae)
    page.goto(deal.get_absolute_url())

    # The AE asks for a demo; the dialog says what the charter misses.
    page.get_by_role("link", name="Ask for a demo or POC").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Help with").select_option(label="Demo")
    dialog.get_by_label("What is wanted").fill("Their own yard")
    dialog.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("held back by the charter").first.wait_for()
    assert page.get_by_role("link", name="No sponsor at VP level is engaged").first.is_visible()
    assert HelpRequest.objects.get().state == "held"

    # The SE sees it on the home page and on the deal's.
    bench = sign_in_page(se)
    bench.get_by_text("Demo request held back").wait_for()
    assert bench.get_by_role("link", name="Accept anyway").is_visible()

    # The AE mends the one and the other from the list itself.
    page.goto(deal.get_absolute_url())
    held = page.locator(".held")
    held.get_by_role("link", name="No sponsor at VP level is engaged").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=False).first.fill("Lena Brandt")
    assert dialog.get_by_label("Role in the decision").input_value() == "economic_buyer"
    dialog.get_by_label("Stance").select_option(label="Neutral")
    with page.expect_navigation():
        dialog.get_by_role("button", name="Add", exact=True).click()
    held.get_by_role("link", name="Nobody has said that a budget exists").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Stated: the customer said so").check()
    dialog.get_by_label("What we know").fill("120,000 a year are set aside")
    dialog.get_by_label("Who said so").fill("Lena Brandt, CFO")
    dialog.locator("[name=amount]").fill("120000")
    with page.expect_navigation():
        dialog.locator("button.btn-primary").click()
    held.get_by_text("Nothing is missing any more").wait_for()
    assert axe(page) == []

    # Asked again, it goes through to the SE, who says when it is done.
    with page.expect_navigation():
        held.get_by_role("button", name="Ask again").click()
    page.get_by_text("It went through").wait_for()
    bench.goto(deal.get_absolute_url())
    bench.get_by_role("button", name="Done").click()
    bench.get_by_text("Done.").wait_for()
    assert HelpRequest.objects.get().state == "done"
    assert page.complaints + bench.complaints == []


def test_the_se_accepts_anyway_and_the_reason_stands_on_the_deal(ae, se, team, sign_in_page):
    deal = OpportunityFactory(name="Acme: plant monitoring", team=team, owner=ae, se=se)
    HelpRequest.objects.create(opportunity=deal, kind="poc", state="held", requested_by=ae)
    page = sign_in_page(se)
    page.get_by_role("link", name="Accept anyway").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why you accept it anyway").fill("Their CFO decides after it")
    with page.expect_navigation():
        dialog.get_by_role("button", name="Accept anyway").click()
    page.get_by_text("1 charter exception").click()
    page.get_by_text("Their CFO decides after it").wait_for()
    assert page.complaints == []
