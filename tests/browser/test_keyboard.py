"""The frame with the keyboard alone, and without scripts."""

import pytest


def focused(page):
    return page.evaluate("(document.activeElement.textContent || document.activeElement.name || '').trim()")


def test_the_first_stop_skips_to_the_content(ae, sign_in_page):
    page = sign_in_page(ae)
    page.goto("/account/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_every_stop_shows_where_it_is(admin, sign_in_page):
    page = sign_in_page(admin)
    page.goto("/people/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break  # past the last stop
        shown = page.evaluate("""() => {
          const style = getComputedStyle(document.activeElement);
          return style.outlineStyle !== "none" || style.boxShadow !== "none";
        }""")
        assert shown, focused(page)


def test_a_dialog_opens_and_closes_by_keyboard_and_gives_the_focus_back(admin, sign_in_page):
    page = sign_in_page(admin)
    page.goto("/people/")
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").wait_for()
    assert page.evaluate("document.activeElement.name") == "name"
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.locator(":focus", has_text="Invite somebody").wait_for()


def test_a_dialog_sends_shows_errors_and_then_leads_on(admin, team, sign_in_page):
    page = sign_in_page(admin)
    page.goto("/teams/")
    page.get_by_role("link", name="Add a team").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(team.name)
    dialog.get_by_role("button", name="Add team").click()
    dialog.get_by_text("already exists").wait_for()
    dialog.get_by_label("Name").fill("North")
    dialog.get_by_role("button", name="Add team").click()
    page.get_by_text("Team North added").wait_for()
    assert page.complaints == []


@pytest.mark.parametrize("width", [390, 768])
def test_the_menu_of_small_screens_works_without_scripts(admin, sign_in_page, width):
    page = sign_in_page(admin, width=width, java_script_enabled=False)
    page.goto("/account/")
    link = page.get_by_role("link", name="Teams", exact=True)
    assert not link.is_visible()
    page.get_by_role("button", name="Menu").click()
    link.click()
    page.wait_for_url("**/teams/")


def test_a_group_of_the_menu_stays_as_it_was_left(ae, sign_in_page):
    page = sign_in_page(ae)
    page.goto("/account/")
    entry = page.get_by_role("link", name="Forecast", exact=True)
    assert not entry.is_visible()
    page.locator("summary", has_text="Insights").click()
    entry.wait_for()
    page.goto("/leads/")
    assert entry.is_visible()
    page.locator("summary", has_text="Insights").click()
    page.goto("/account/")
    assert not entry.is_visible()
    assert page.complaints == []


def test_forms_work_without_scripts(admin, sign_in_page):
    page = sign_in_page(admin, java_script_enabled=False)
    page.goto("/teams/")
    page.get_by_role("link", name="Add a team").click()
    page.get_by_label("Name").fill("North")
    page.get_by_role("button", name="Add team").click()
    assert page.get_by_text("Team North added").is_visible()


def test_the_theme_is_remembered_and_follows_the_system_on_auto(ae, sign_in_page):
    page = sign_in_page(ae, theme="auto", color_scheme="dark")
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "dark"
    page.emulate_media(color_scheme="light")
    page.locator("html[data-bs-theme=light]").wait_for(state="attached")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.wait_for_load_state()
    assert page.evaluate(theme) == "dark"
    page.reload()
    assert page.evaluate(theme) == "dark"
