"""Two people at the same deal at the same moment: the second sees both versions, chooses, and nothing is lost."""

import datetime

import pytest
from django.utils import timezone

from deals.models import Opportunity, Stakeholder
from qualification.models import Evidence
from tests.deals.factories import OpportunityFactory, StakeholderFactory
from tests.qualification.factories import framework


@pytest.fixture
def deal(base, team, ae, se):
    framework()
    return OpportunityFactory(
        name="Nordwind: live order flow", team=team, owner=ae, se=se, amount=60000, next_step="Call the CFO",
        close_date=timezone.localdate() + datetime.timedelta(days=60),
    )  # fmt: skip


def editing(page, deal):
    """The dialog with the commercial facts, over the deal's page."""
    page.goto(deal.get_absolute_url())
    page.locator("#commercial .panel-head").first.get_by_role("link", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Next step", exact=True).wait_for()
    return dialog


def save(page, dialog):
    with page.expect_navigation():
        dialog.get_by_role("button", name="Save").click()


def stored(deal):
    return Opportunity.objects.get(pk=deal.pk)


def test_the_second_of_two_sees_both_versions_and_loses_nothing(deal, ae, manager, sign_in_page, axe):
    one, two = sign_in_page(ae), sign_in_page(manager)
    of_ae, of_manager = editing(one, deal), editing(two, deal)

    # The manager is faster: amount, next step and compelling event.
    of_manager.get_by_label("Amount a year").fill("80000")
    of_manager.get_by_label("Next step", exact=True).fill("Send the order form")
    of_manager.locator("[name=compelling_event]").fill("The plant opens in March")
    save(two, of_manager)

    # The AE changed amount and next step too, and the product, which nobody else did.
    of_ae.get_by_label("Amount a year").fill("72000")
    of_ae.get_by_label("Next step", exact=True).fill("Visit the yard with Sam")
    of_ae.get_by_label("Product").fill("Flow")
    of_ae.get_by_role("button", name="Save").click()
    conflict = of_ae.locator(".conflict")
    conflict.get_by_text("You and Mia Manager changed the same").wait_for()
    assert stored(deal).amount == 80000
    amount, step = (conflict.locator("fieldset", has_text=text) for text in ("Amount a year", "Next step"))
    for text in ("72,000", "80,000"):
        assert amount.get_by_text(text).is_visible()
    for text in ("Visit the yard with Sam", "Send the order form"):
        assert step.get_by_text(text).is_visible()
    assert "The plant opens in March" in conflict.inner_text()
    assert of_ae.get_by_label("Next step", exact=True).input_value() == "Visit the yard with Sam"
    assert axe(one) == []

    # Theirs for the amount, the own next step; the rest of both comes along.
    amount.get_by_label("Mia Manager's").check()
    save(one, of_ae)
    deal = stored(deal)
    assert (deal.amount, deal.next_step, deal.product) == (80000, "Visit the yard with Sam", "Flow")
    assert deal.compelling_event == "The plant opens in March"
    assert deal.version == 3
    # What was not kept is not gone either: the history has it.
    assert "Send the order form" in one.locator(".timeline-list").inner_text()
    assert one.complaints + two.complaints == []


def test_it_works_with_scripts_off(deal, ae, manager, sign_in_page):
    one, two = sign_in_page(ae, java_script_enabled=False), sign_in_page(manager, java_script_enabled=False)
    for page in (one, two):
        page.goto(f"/opportunities/{deal.pk}/edit/")
    two.get_by_label("Next step", exact=True).fill("Send the order form")
    two.get_by_role("button", name="Save").click()
    two.wait_for_url(f"**{deal.get_absolute_url()}")
    one.get_by_label("Next step", exact=True).fill("Visit the yard")
    one.get_by_role("button", name="Save").click()
    one.locator(".conflict").wait_for()
    one.locator(".conflict").get_by_label("Yours").check()
    one.get_by_role("button", name="Save").click()
    one.wait_for_url(f"**{deal.get_absolute_url()}")
    assert stored(deal).next_step == "Visit the yard"


def test_each_in_the_own_lane_they_do_not_meet(deal, ae, se, sign_in_page):
    one, two = sign_in_page(ae), sign_in_page(se)
    dialog = editing(one, deal)
    # Meanwhile the SE records evidence.
    need = deal.dossier.framework.criteria.get(key="need")
    two.goto(f"/dossiers/{deal.dossier_id}/{need.pk}/record/")
    two.get_by_label("Stated: the customer said so").check()
    two.get_by_label("What we know").fill("Orders are typed twice")
    two.get_by_label("Who said so").fill("Lena Brandt, CTO")
    two.locator("#main button.btn-primary, main button.btn-primary").first.click()
    two.wait_for_url(f"**{deal.get_absolute_url()}**")
    dialog.get_by_label("Amount a year").fill("72000")
    save(one, dialog)
    assert stored(deal).amount == 72000
    assert Evidence.objects.current().get(dossier=deal.dossier).text == "Orders are typed twice"
    assert one.complaints + two.complaints == []


def test_ae_and_se_meet_on_the_buying_committee(deal, ae, se, sign_in_page):
    person = StakeholderFactory(opportunity=deal, name="Lena Brandt", role="champion", job_title="CTO")
    one, two = sign_in_page(ae), sign_in_page(se)
    for page in (one, two):
        page.goto(f"/stakeholders/{person.pk}/edit/")
    two.get_by_label("Note").fill("Wants proof on their own data")
    two.get_by_role("button", name="Save").click()
    two.wait_for_url("**/opportunities/**")
    one.get_by_label("Stance").select_option(label="Supports us")
    one.get_by_role("button", name="Save").click()
    one.get_by_text("Sam SE also changed this, where you changed nothing").wait_for()
    assert one.get_by_label("Note").input_value() == "Wants proof on their own data"
    one.get_by_role("button", name="Save").click()
    one.wait_for_url("**/opportunities/**")
    person = Stakeholder.objects.get(pk=person.pk)
    assert (person.stance, person.note) == ("supports", "Wants proof on their own data")
