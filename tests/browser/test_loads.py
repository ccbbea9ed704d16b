"""The manager's load board: drag a deal to another SE, hear why it does not go there, and mean it."""

import pytest

from deals.actions.queue import claim
from deals.models import Claim, Opportunity
from people.models import Absence, User
from tests.deals.factories import OpportunityFactory, stage, waiting
from tests.factories import UserFactory
from tests.qualification.factories import framework


@pytest.fixture
def olga(team):
    return UserFactory(role="se", team=team, name="Olga Orlova", capacity=2)


@pytest.fixture
def deals(base, team, ae, se, olga):
    framework()
    held = OpportunityFactory(name="Nordwind: yard planning", team=team, owner=ae, stage=stage("evaluation"))
    waiting(held)
    claim(se, held)
    new = OpportunityFactory(name="Brightmill: order flow", team=team, owner=ae)
    waiting(new)
    return held, new


def column(page, name):
    return page.locator(".board-column", has=page.get_by_role("heading", name=name))


def card(page, name, in_column):
    return column(page, in_column).get_by_role("link", name=name, exact=True)


def drag(page, name, to):
    """As a hand does it: press, move in steps, let go."""
    page.locator("[data-card]", has_text=name).locator(".sub").first.hover()
    page.mouse.down()
    target, held = column(page, to).locator(".board-cards"), column(page, to).locator("[data-card]", has_text=name)
    for step in range(20):
        box = target.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.4 + 3 * step, box["y"] + 30 + step, steps=6)
        if step and held.count():
            break
        page.wait_for_timeout(50)
    page.mouse.up()


def se_of(deal):
    return Opportunity.objects.select_related("se").get(pk=deal.pk).se


def test_a_drag_reassigns_claims_and_hands_back(deals, se, olga, manager, sign_in_page, axe):
    held, new = deals
    page = sign_in_page(manager)
    page.goto("/")
    page.get_by_role("link", name="SE load", exact=True).click()
    assert column(page, "Sam SE").get_by_text("2 of 8", exact=True).is_visible()
    assert axe(page) == []

    # From one SE to another, and out of the queue.
    with page.expect_navigation():
        drag(page, held.name, "Olga Orlova")
    column(page, "Olga Orlova").get_by_text("2 of 2", exact=True).wait_for()
    assert se_of(held) == olga
    assert list(Claim.objects.order_by("pk").values_list("end", flat=True)) == ["reassigned", ""]

    # Olga is full now: the card goes back, and her column says why and asks whether it is meant.
    drag(page, new.name, "Olga Orlova")
    refusal = column(page, "Olga Orlova").locator(".refused")
    refusal.get_by_text("Olga Orlova carries 2 of 2").wait_for()
    assert card(page, new.name, "Waiting").is_visible()
    assert axe(page) == []
    assert se_of(new) is None
    with page.expect_navigation():
        refusal.get_by_role("button", name="Give it anyway").click()
    column(page, "Olga Orlova").get_by_text("2.5 of 2", exact=True).wait_for()
    assert column(page, "Olga Orlova").get_by_text("over capacity").is_visible()
    assert se_of(new) == olga

    # Back to the queue wants a note for the next SE.
    drag(page, new.name, "Waiting")
    note = column(page, "Waiting").get_by_label("Note for the next SE")
    note.wait_for()
    assert se_of(new) == olga
    note.fill("Needs somebody who knows SAP")
    with page.expect_navigation():
        column(page, "Waiting").get_by_role("button", name="Hand back").click()
    card(page, new.name, "Waiting").wait_for()
    assert se_of(new) is None
    assert page.complaints == []


def test_what_changed_meanwhile_shows_where_it_was_dropped(deals, se, olga, manager, team, sign_in_page):
    held, new = deals
    page = sign_in_page(manager)
    page.goto("/loads/")
    User.objects.filter(pk=olga.pk).update(capacity=8)
    claim(olga, new)
    drag(page, new.name, "Sam SE")
    refusal = column(page, "Sam SE").locator(".refused")
    refusal.get_by_text(f"{new.name} is with Olga Orlova by now").wait_for()
    assert refusal.get_by_role("button", name="Give it anyway").count() == 0
    assert se_of(new) == olga
    Absence.objects.create(user=olga, starts_on=olga.today, ends_on=olga.today)
    drag(page, held.name, "Olga Orlova")
    column(page, "Olga Orlova").locator(".refused").get_by_text("is away until").wait_for()
    assert se_of(held) == se
    assert page.complaints == []


def test_by_keyboard_and_without_scripts(deals, se, olga, manager, sign_in_page):
    held, _ = deals
    page = sign_in_page(manager)
    page.goto("/loads/")
    page.get_by_role("link", name=f"Give to… an SE: {held.name}").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("The best match first").wait_for()
    with page.expect_navigation():
        dialog.get_by_label("SE").press("Enter")
        dialog.get_by_role("button", name="Assign").press("Enter")
    card(page, held.name, "Olga Orlova").wait_for()
    assert se_of(held) == olga

    plain = sign_in_page(manager, java_script_enabled=False)
    plain.goto("/loads/")
    plain.get_by_role("link", name=f"Give to… an SE: {held.name}").click()
    plain.get_by_role("button", name="Assign").click()
    plain.get_by_role("heading", name="SE load").wait_for()
    assert se_of(held) == se
    plain.get_by_role("link", name=f"Hand back {held.name}").click()
    plain.get_by_label("Note for the next SE").fill("Somebody with SAP")
    plain.get_by_role("button", name="Hand back").click()
    plain.get_by_role("heading", name="SE load").wait_for()
    assert se_of(held) is None
    assert page.complaints + plain.complaints == []
