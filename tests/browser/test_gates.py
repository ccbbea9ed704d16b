"""On the board: a gate refuses a card where it was dropped and says what is missing; a manager lets it go on there."""

import pytest

from deals.models import Opportunity, Override
from tests.deals.factories import OpportunityFactory, stage
from tests.qualification.factories import framework


@pytest.fixture
def deal(base, team, ae):
    framework()
    made = OpportunityFactory(name="Nordwind: live order flow", team=team, owner=ae, stage=stage("discovery"))
    OpportunityFactory(name="Another deal", team=team, owner=ae, stage=stage("presentation"))
    return made


def column(page, slug):
    return page.locator(".board-column", has=page.locator(f"[data-stage='{stage(slug).pk}']"))


def drag(page, name, slug):
    """As a hand does it: press, move in steps, let go."""
    card = page.locator("[data-card]", has_text=name)
    card.locator(".sub").first.hover()
    page.mouse.down()
    target, held = column(page, slug).locator(".board-cards"), column(page, slug).locator("[data-card]", has_text=name)
    for step in range(20):
        box = target.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.4 + 3 * step, box["y"] + 30 + step, steps=6)
        if step and held.count():
            break
        page.wait_for_timeout(50)
    page.mouse.up()


def slug_of(deal):
    return Opportunity.objects.select_related("stage").get(pk=deal.pk).stage.slug


def test_a_gate_refuses_a_drag_and_the_manager_overrides_it(deal, ae, manager, sign_in_page, axe):
    # The AE drops the deal on the next stage: it goes back, and the column says what is missing, with links.
    page = sign_in_page(ae)
    page.goto("/board/")
    drag(page, deal.name, "presentation")
    refusal = column(page, "presentation").locator(".refused")
    refusal.get_by_text("Discovery cannot be left for Solution Presentation yet").wait_for()
    assert refusal.get_by_role("link", name="Need: unknown, wanted is validated").is_visible()
    assert refusal.get_by_role("button", name="Move it anyway").count() == 0
    assert column(page, "discovery").get_by_text(deal.name).is_visible()
    refusal.get_by_role("link", name="An SE has to claim the deal").click()
    page.wait_for_url(f"**/opportunities/{deal.pk}/ask/")
    assert slug_of(deal) == "discovery"

    # The manager does the same and lets it go on right there, with a reason.
    desk = sign_in_page(manager)
    desk.goto("/board/")
    drag(desk, deal.name, "presentation")
    refusal = column(desk, "presentation").locator(".refused")
    refusal.get_by_label("Why it may go on anyway").wait_for()
    assert axe(desk) == []
    refusal.get_by_role("button", name="Move it anyway").click()  # without a reason nothing is sent
    assert slug_of(deal) == "discovery"
    refusal.get_by_label("Why it may go on anyway").fill("Their COO wants to see it on Tuesday")
    with desk.expect_navigation():
        refusal.get_by_role("button", name="Move it anyway").click()
    column(desk, "presentation").get_by_text(deal.name).wait_for()
    assert slug_of(deal) == "presentation"
    assert Override.objects.get().by == manager

    # It is on record: on the deal for everybody, and in the manager's list.
    desk.goto("/opportunities/?attention=overridden")
    desk.get_by_role("link", name=deal.name).click()
    panel = desk.get_by_role("region", name="Went past a gate")
    assert panel.get_by_text("Their COO wants to see it on Tuesday").is_visible()
    assert panel.get_by_text("An SE has to claim the deal").is_visible()

    # Back again needs no gate.
    desk.goto("/board/")
    with desk.expect_navigation():
        drag(desk, deal.name, "discovery")
    column(desk, "discovery").get_by_text(deal.name).wait_for()
    assert slug_of(deal) == "discovery"
    assert page.complaints + desk.complaints == []


def test_without_scripts_the_form_does_the_same(deal, manager, sign_in_page):
    page = sign_in_page(manager, java_script_enabled=False)
    page.goto("/board/")
    page.get_by_role("link", name=f"Move {deal.name}").click()
    page.get_by_role("button", name="Move", exact=True).click()
    assert page.get_by_role("link", name="An SE has to claim the deal").is_visible()
    page.get_by_role("textbox", name="Note").fill("The board meets on Tuesday")
    page.get_by_label("Go past what is missing").check()
    page.get_by_role("button", name="Move", exact=True).click()
    page.get_by_role("heading", name=deal.name).wait_for()
    assert slug_of(deal) == "presentation"
    assert Override.objects.get().reason == "The board meets on Tuesday"


def test_the_admin_changes_what_a_stage_wants(deal, admin, sign_in_page):
    stage("evaluation").criteria.all().delete()
    page = sign_in_page(admin)
    page.goto("/stages/")
    page.get_by_role("link", name="Evaluation / POC").click()
    page.get_by_role("link", name="Add a criterion").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("An SE is on it").check()
    dialog.get_by_label("Advisory").check()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Add").click()
    row = page.locator("li", has_text="An SE has claimed the deal")
    assert row.get_by_text("Advisory").is_visible()
    row.get_by_role("link", name="Change: An SE is on it").click()
    dialog.get_by_label("Required").check()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Save").click()
    assert row.get_by_text("Required").is_visible()
    with page.expect_navigation():
        row.get_by_role("button", name="Remove: An SE is on it").click()
    page.get_by_text("A deal leaves this stage freely").wait_for()
    page.get_by_text("Rita RevOps removed “An SE is on it”").wait_for()
    assert page.complaints == []
