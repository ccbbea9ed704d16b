"""A meeting in a real browser: prepared, remembered, and what it brought up stands in the dossier."""

from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory
from tests.factories import TeamFactory, UserFactory


def test_evidence_goes_from_the_debrief_into_the_dossier(sign_in_page, axe):
    team = TeamFactory(name="West")
    ae, se = UserFactory(role="ae", team=team, name="Ada AE"), UserFactory(role="se", team=team, name="Sam SE")
    deal = OpportunityFactory(team=team, owner=ae, se=se, name="Acme: planning")
    meeting = MeetingFactory(opportunity=deal, hours=-3, kind="technical")
    AttendeeFactory(meeting=meeting, name="Lena Ortiz", job_title="CTO")
    page = sign_in_page(se)
    page.get_by_role("link", name="Debrief: Technical discovery").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What did we miss?").fill("Who runs the night shift")
    dialog.get_by_label("Partly").check()
    dialog.get_by_label("4", exact=True).check()
    dialog.get_by_text("Evidence for the dossier").click()
    dialog.get_by_label("What it is about").select_option(label="Need")
    dialog.get_by_label("How well do we know?").select_option(
        label="Validated: documented, or confirmed by who decides"
    )
    dialog.get_by_label("What we heard").fill("Two days a week are lost to re-keying")
    dialog.get_by_label("Who said so").fill("Lena Ortiz, CTO")
    dialog.get_by_role("button", name="Save the debrief").click()
    page.wait_for_url(f"**/meetings/{meeting.pk}/**")
    assert page.get_by_text("Who runs the night shift").is_visible()
    assert axe(page) == []
    page.goto(deal.get_absolute_url())
    assert page.locator("#qualification").get_by_text("Two days a week are lost to re-keying").is_visible()
    assert axe(page) == []
    assert page.complaints == []
