"""A whole deal, as its people carry it: from the claim through the POC to the signature, and one that is lost.

Every step goes through the pages; only the clock is helped, where a demo has to be over before it is debriefed.
"""

import datetime
import re

import pytest
from django.utils import timezone

from deals.models import Autopsy, Claim, Handoff, Meeting, Opportunity, Poc, Proposal, QueueEntry, TechnicalWin
from tests.deals.factories import OpportunityFactory, poc_of, stage
from tests.factories import CompanyFactory, UserFactory
from tests.qualification.factories import DossierFactory, framework, qualify


@pytest.fixture
def deal(base, team, ae):
    """Qualified, and waiting for its SE."""
    dossier = DossierFactory(framework=framework("bant"), team=team)
    qualify(dossier)
    made = OpportunityFactory(
        name="Northwind: live order flow", company=CompanyFactory(name="Northwind Foods"), team=team, owner=ae,
        dossier=dossier, amount=90000, compelling_event="Their present contract ends",
    )  # fmt: skip
    QueueEntry.objects.create(opportunity=made)
    return made


def stage_of(deal):
    return Opportunity.objects.select_related("stage").get(pk=deal.pk).stage.slug


def press(page, name):
    """Press a button that leads on, in the dialog if there is one."""
    dialog = page.get_by_role("dialog").filter(visible=True)
    with page.expect_navigation():
        (dialog if dialog.count() else page).get_by_role("button", name=name, exact=True).click()


def fill(page, link, button, **values):
    """Open a form by its link, fill in the fields by name, and send it."""
    page.get_by_role("link", name=link, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).wait_for()
    for name, value in values.items():
        field = dialog.locator(f"[name={name}]")
        if value is True:
            field.check()
        elif field.count() > 1:
            dialog.locator(f"[name={name}][value='{value}']").check()
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    press(page, button)


def go(page, deal, tab):
    page.goto(f"/opportunities/{deal.pk}/")
    page.get_by_role("navigation", name="Deal").get_by_role("link", name=tab).click()


def move(page, deal, target, **values):
    """Move the deal on; what is missing, if anything, is what the page says."""
    page.goto(f"/opportunities/{deal.pk}/move/")
    page.get_by_label("Move to").select_option(label=target)
    for name, value in values.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    press(page, "Move")


def today():
    return timezone.localdate().isoformat()


def hold_demo(deal, page, bench):
    """Planned, gone through in the huddle, held, and debriefed by both."""
    page.goto(f"/opportunities/{deal.pk}/meetings/plan/")
    page.get_by_label("Kind of meeting").select_option(label="Demo")
    page.get_by_label("Starts").fill((timezone.now() + datetime.timedelta(days=2)).strftime("%Y-%m-%dT10:00"))
    page.get_by_label("Objective").fill("They see their own orders")
    press(page, "Plan the meeting")
    for _ in range(5):
        with page.expect_navigation():
            page.get_by_role("button", name=re.compile("^Tick: ")).first.click()
    meeting = Meeting.objects.get()
    ago = timezone.now() - datetime.timedelta(hours=3)
    Meeting.objects.update(starts_at=ago, ends_at=ago + datetime.timedelta(minutes=45))
    for who, missed in ((page, "Who signs for the plants"), (bench, "The night shift")):
        who.goto(f"/meetings/{meeting.pk}/")
        who.get_by_role("link", name="Write yours").click()
        dialog = who.get_by_role("dialog")
        dialog.get_by_label("What did we miss?").fill(missed)
        dialog.get_by_label("Yes", exact=True).first.check()
        dialog.get_by_label("4", exact=True).check()
        press(who, "Save the debrief")


def run_poc(deal, page, bench, guest, axe):
    """Proposed, shared, agreed, started, measured and passed, while the AE and the customer read along."""
    # Nothing leaves Evaluation without it: the refusal leads the AE to the page, which says whose lane it is.
    move(page, deal, "Negotiation")
    page.get_by_role("link", name="No POC is agreed with the customer, nor waived by them").click()
    assert page.get_by_text("The technical lane: Sam SE proposes it").is_visible()
    assert axe(page) == []

    go(bench, deal, "POC")
    fill(bench, "Propose a POC", "Propose", scope="The orders of one plant", days_planned="8")
    fill(bench, "Add", "Add", text="Orders live", measure="Five working days", target="95 of 100 in five minutes")
    bench.get_by_label("What is done").fill("Access to the test system")
    bench.get_by_label("Whose turn").select_option(label="Customer")
    press(bench, "Add")
    bench.get_by_label("More about: Orders live").click()
    bench.get_by_role("link", name="What it proves").click()
    bench.get_by_role("dialog").get_by_label("Orders within five minutes").check()
    press(bench, "Save")
    assert bench.get_by_role("link", name="Start", exact=True).count() == 0
    assert axe(bench) == []

    # The customer reads the plan under a link, without an account, and nothing else.
    bench.get_by_role("link", name="Share the plan").click()
    bench.get_by_label("For whom").fill("Their project lead")
    bench.get_by_role("button", name="Make the link").click()
    address = bench.locator(".copyable").inner_text()
    path = re.search(r"/plan/[\w-]{43}/$", address)[0]
    guest.goto(path)
    assert guest.get_by_text("95 of 100 in five minutes").is_visible()
    assert guest.get_by_text("Proposed").is_visible()
    assert guest.get_by_text("Sam SE").count() == guest.get_by_text("90,000").count() == 0
    assert axe(guest) == []
    bench.get_by_role("link", name="Done").click()
    bench.get_by_text("Their project lead").wait_for()

    # They agree, it begins, and from then on the criteria are locked.
    fill(bench, "They agree", "Record the agreement", stakeholder="Dana Whitfield", how="By mail")
    assert bench.get_by_role("link", name="Add", exact=True).count() == 0
    fill(bench, "Start", "Start")
    assert Poc.objects.get().state == "running"
    fill(bench, "Record result: Orders live", "Save", result="97 of 100", met="yes", evidence="The log of the week")
    with bench.expect_navigation():
        bench.get_by_role("button", name="Done: Access to the test system").click()
    assert axe(bench) == []
    fill(bench, "End it", "Record the end", state="passed")
    assert Poc.objects.get().state == "passed"
    guest.reload()
    assert guest.get_by_text("97 of 100").is_visible()
    assert guest.get_by_text("Passed").is_visible()
    assert guest.get_by_text("The log of the week").count() == 0
    with bench.expect_navigation():
        bench.get_by_role("button", name="Revoke the link for Their project lead").click()
    assert guest.goto(path).status == 404


def make_offer(deal, page, bench, desk):
    """Priced above the limit, approved, sent and accepted."""
    go(page, deal, "Proposal")
    press(page, "Start the proposal")
    page.get_by_role("link", name="Set the price").click()
    for name, value in {"description": "Licence", "quantity": "1", "unit_price": "100000", "discount": "20"}.items():
        page.locator(f"[name=lines-0-{name}]").fill(value)
    press(page, "Save")
    for who, section in ((page, "Terms"), (bench, "Our solution")):
        go(who, deal, "Proposal")
        who.get_by_role("link", name=f"Write: {section}").click()
        who.get_by_label(section).fill("As it was tried in the POC.")
        press(who, "Save")
    page.reload()
    page.get_by_role("link", name="Ask for approval").click()
    page.get_by_role("dialog").get_by_label("Why they should have it").fill("They sign for three years")
    press(page, "Ask")
    go(desk, deal, "Proposal")
    desk.get_by_role("link", name="Approve").click()
    desk.get_by_role("dialog").get_by_label("Why").fill("A reference in their industry")
    press(desk, "Approve")
    page.reload()
    page.get_by_role("link", name="Record as sent").click()
    press(page, "Record as sent")
    page.get_by_role("link", name="They accepted").click()
    press(page, "Record the acceptance")
    assert Proposal.objects.get().state == "accepted"


def test_from_the_claim_to_the_signature_and_the_handoff(deal, team, ae, se, manager, sign_in_page, browser_page, axe):
    receiver = UserFactory(role="se", team=team, name="Cora Success")
    page, bench, desk, guest = sign_in_page(ae), sign_in_page(se), sign_in_page(manager), browser_page()

    # Claimed by the SE; the AE names who signs and who decides on the technology.
    bench.get_by_role("button", name=f"Claim: {deal.name}").click()
    bench.get_by_text("It is yours").wait_for()
    for name, role, title in (("Lena Brandt", "economic_buyer", "CFO"), ("Dana Whitfield", "technical_buyer", "CTO")):
        page.goto(f"/opportunities/{deal.pk}/stakeholders/add/?role={role}")
        page.get_by_label("Name", exact=False).first.fill(name)
        page.locator("[name=role]").select_option(role)
        page.locator("[name=job_title]").fill(title)
        page.locator("[name=stance]").select_option("supports")
        press(page, "Add")
    move(page, deal, "Discovery")

    # Only the SE validates the pain.
    move(page, deal, "Solution Presentation")
    page.get_by_role("link", name="Need: stated, wanted is validated").wait_for()
    assert stage_of(deal) == "discovery"
    bench.goto(f"/opportunities/{deal.pk}/")
    bench.get_by_role("link", name="Record evidence for Need").click()
    dialog = bench.get_by_role("dialog")
    dialog.get_by_label("Validated", exact=False).first.check()
    dialog.get_by_label("What we know").fill("Two days a month are lost to outages; seen in their logs")
    dialog.get_by_label("Who said so").fill("Dana Whitfield, CTO")
    press(bench, "Record evidence")
    move(page, deal, "Solution Presentation")

    # What they want, how we fit, and a demo that both look back on.
    go(bench, deal, "Requirements")
    bench.get_by_label("What they want").fill("Orders within five minutes")
    bench.locator(".requirement-quick [name=fit]").select_option(label="Native")
    press(bench, "Add")
    hold_demo(deal, page, bench)
    move(page, deal, "Evaluation / POC")
    assert stage_of(deal) == "evaluation"

    run_poc(deal, page, bench, guest, axe)
    go(bench, deal, "Requirements")
    assert bench.get_by_text("Put to the proof in").is_visible()
    go(bench, deal, "Technical win")
    fill(bench, "Record the decision", "Record", state="Won", decided_on=today(), signed_off_by="Dana Whitfield",
         satisfaction="5: delighted", note="Signed the protocol")  # fmt: skip
    assert TechnicalWin.objects.get().is_won
    move(page, deal, "Negotiation")

    # Offered, accepted, handed over, signed.
    make_offer(deal, page, bench, desk)
    go(page, deal, "Handoff")
    fill(page, "Write what we promised", "Save", promises="Live orders by March", success_metrics="Half the tickets",
         receiver="Cora Success")  # fmt: skip
    go(bench, deal, "Handoff")
    custom = bench.get_by_role("region", name="Custom work")
    custom.get_by_role("link", name="Write it").click()
    bench.get_by_role("dialog").get_by_label("Custom work").fill("None; everything is configuration")
    bench.get_by_role("dialog").get_by_label("Risks").fill("None known")
    press(bench, "Save")
    move(page, deal, "Closed Won", signed_on=today())
    won = Opportunity.objects.get(pk=deal.pk)
    assert (won.outcome, won.closed_on.isoformat()) == ("won", today())
    go(page, deal, "Handoff")
    page.get_by_role("link", name="Hand over", exact=True).click()
    press(page, "Hand over")
    theirs = sign_in_page(receiver)
    theirs.get_by_role("link", name=f"Read: {deal.name}").click()
    press(theirs, "Accept")
    assert Handoff.objects.get().is_accepted

    # Nobody went past a gate, and the deal's story tells all of it.
    assert not won.overrides.exists()
    page.goto(f"/opportunities/{deal.pk}/timeline/")
    for words in ("claimed the deal", "started POC 1", "ended POC 1: passed", "sent proposal 1", "Closed Won"):
        assert page.get_by_text(words).first.is_visible(), words
    assert page.complaints + bench.complaints + desk.complaints + guest.complaints + theirs.complaints == []


def look_back(page, missed):
    page.get_by_role("link", name="Write my view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What did we miss?").fill(missed)
    dialog.get_by_label("When did we first know?").fill("When they asked for a second quote")
    dialog.get_by_label("What would we do again?").fill("The workshop on their own data")
    press(page, "Save my view")


def test_a_deal_whose_poc_fails_is_lost_and_both_look_back(deal, ae, se, sign_in_page, axe):
    Opportunity.objects.filter(pk=deal.pk).update(stage=stage("evaluation"), se=se)
    Claim.objects.create(opportunity=deal, se=se)
    QueueEntry.objects.update(closed_at=timezone.now(), result="claimed")
    poc_of(Opportunity.objects.get(pk=deal.pk), "running")
    page, bench = sign_in_page(ae), sign_in_page(se)

    # The SE measures what falls short, and says so; the technical decision goes to another.
    page.goto(f"/opportunities/{deal.pk}/competitors/add/")
    page.get_by_label("Name", exact=False).first.fill("Conduitly")
    press(page, "Add")
    page.goto(f"/opportunities/{deal.pk}/stakeholders/add/")
    page.get_by_label("Name", exact=False).first.fill("Dana Whitfield")
    page.locator("[name=role]").select_option("technical_buyer")
    press(page, "Add")
    go(bench, deal, "POC")
    fill(bench, "Record result: Criterion 0", "Save", result="60 of 100", met="no")
    fill(bench, "End it", "Record the end", state="failed", note="Too slow on their own network")
    assert bench.get_by_text("Too slow on their own network").first.is_visible()
    go(bench, deal, "Technical win")
    fill(bench, "Record the decision", "Record", state="Lost", decided_on=today(), signed_off_by="Dana Whitfield",
         against="Conduitly")  # fmt: skip

    # The AE closes it with the reason; the autopsy wants both views before it has a lesson.
    move(page, deal, "Closed Lost", lost_reason="Lost to a competitor", lost_to="Conduitly")
    assert Opportunity.objects.get(pk=deal.pk).outcome == "lost"
    go(page, deal, "Autopsy")
    look_back(page, "Their network was never measured before the POC")
    go(bench, deal, "Autopsy")
    assert bench.get_by_text("Their network was never measured").count() == 0
    look_back(bench, "The target was ours, not theirs")
    assert bench.get_by_text("Their network was never measured").is_visible()
    bench.get_by_role("link", name="Agree on the lesson").click()
    bench.get_by_role("dialog").get_by_label("What we take from it").fill("Measure their network before the targets")
    press(bench, "Agree on it")
    lesson = Autopsy.objects.get()
    assert (lesson.agreed_by, lesson.lost_to, lesson.views.count()) == (se, "Conduitly", 2)
    page.goto("/autopsies/?q=network")
    assert page.get_by_role("link", name=deal.name).is_visible()
    assert axe(page) + axe(bench) == []
    assert page.complaints + bench.complaints == []
