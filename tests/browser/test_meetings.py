"""A meeting in a real browser: prepared, remembered, and what it brought up stands in the dossier."""

import datetime

from django.utils import timezone

from deals.models import Meeting
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory
from tests.qualification.factories import DossierFactory


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


def test_a_first_call_is_planned_on_the_lead_and_goes_on_with_the_opportunity(sign_in_page, axe):
    team = TeamFactory(name="West")
    ae, se = UserFactory(role="ae", team=team, name="Ada AE"), UserFactory(role="se", team=team, name="Sam SE")
    lead = LeadFactory(
        name="Lena Ortiz", job_title="CTO", company=CompanyFactory(name="Acme"), team=team, owner=ae, stage="sql",
        dossier=DossierFactory(team=team),
    )  # fmt: skip
    page = sign_in_page(ae)
    page.goto(lead.get_absolute_url())
    page.get_by_role("link", name="Plan a meeting").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("Lena Ortiz, CTO, comes").is_checked()
    dialog.get_by_label("Starts").fill("2027-05-04T10:00")
    dialog.get_by_label("Objective").fill("What the delays cost them")
    dialog.get_by_label("Sam SE").check()
    dialog.get_by_role("button", name="Plan the meeting").click()
    page.wait_for_url("**/meetings/*/")
    assert page.get_by_role("heading", name="Discovery call").is_visible()
    assert axe(page) == []
    meeting = Meeting.objects.get()
    assert {str(person) for person in meeting.attendees.all()} == {"Ada AE", "Sam SE", "Lena Ortiz"}
    # The day comes and goes.
    over = timezone.now() - datetime.timedelta(hours=1)
    Meeting.objects.update(starts_at=over - datetime.timedelta(minutes=45), ends_at=over)
    page.goto("/")
    page.get_by_role("link", name="Debrief: Discovery call: Lena Ortiz, Acme").click()
    dialog.get_by_label("What did we miss?").fill("Who signs above her")
    dialog.get_by_label("Yes").check()
    dialog.get_by_label("4", exact=True).check()
    dialog.get_by_role("button", name="Save the debrief").click()
    page.wait_for_url(f"**/meetings/{meeting.pk}/**")
    assert sign_in_page(se).get_by_text("Debrief owed").first.is_visible()
    page.goto(lead.get_absolute_url())
    page.locator("#meetings").get_by_text("One debrief owed").wait_for()
    assert axe(page) == []
    page.goto(f"/leads/{lead.pk}/convert/")
    page.get_by_label("Amount").fill("60000")
    page.get_by_label("Close date").fill("2027-09-01")
    page.get_by_role("button", name="Make the opportunity").click()
    page.wait_for_url("**/opportunities/*/")
    assert page.locator("#meetings").get_by_text("What the delays cost them").is_visible()
    assert page.complaints == []
