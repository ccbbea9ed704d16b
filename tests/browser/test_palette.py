"""The command palette, with the keyboard alone."""

from tests.factories import CompanyFactory, LeadFactory


def test_ctrl_k_finds_a_lead_and_enter_opens_it(ae, team, sign_in_page, axe):
    lead = LeadFactory(name="Jonas Berg", company=CompanyFactory(name="Nordwind"), team=team)
    page = sign_in_page(ae)
    page.keyboard.press("Control+k")
    page.keyboard.type("jonas")
    page.locator("#palette-hits a.hit", has_text="Jonas Berg").wait_for()
    assert axe(page) == []
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/leads/{lead.pk}/")
    assert page.complaints == []


def test_it_jumps_to_pages_with_the_arrows_and_closes_with_escape(ae, sign_in_page):
    page = sign_in_page(ae)
    page.keyboard.press("Control+k")
    page.keyboard.type("compan")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/companies/")
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_without_scripts_there_is_a_page(ae, team, sign_in_page):
    LeadFactory(name="Jonas Berg", team=team)
    page = sign_in_page(ae, java_script_enabled=False)
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Search everything").fill("jonas")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("link", name="Jonas Berg").is_visible()
