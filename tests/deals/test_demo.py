"""The demo data: the year it tells, and that it is told once and never in production."""

import datetime
import random
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deals.demo.clock import at
from deals.demo.leads import Leads
from deals.loads import load_of, room_of
from deals.models import (
    AlignmentWish,
    Autopsy,
    CharterException,
    Claim,
    DealReview,
    DealTask,
    Decline,
    EvidenceProbability,
    Handoff,
    HelpRequest,
    Meeting,
    Objective,
    Opportunity,
    Override,
    Pairing,
    Poc,
    PocWaiver,
    Proposal,
    QueueEntry,
    ReserveNote,
    RfpQuestion,
    Rival,
    Scrub,
    SpecialistRequest,
    Stakeholder,
)
from deals.models.rates import with_value
from deals.risk import RISKS, risks_of, with_risks
from deals.rivals import against
from deals.winning.versions import LEARNER
from insights.dashboards import REGISTRY
from leads.models import Lead, LeadStage
from leads.scoring import verify
from people.demo import LOGINS
from people.models import Dashboard, Role, User
from presales.quarters import quarter_start
from qualification.models import DossierStatus, Status
from qualification.status import differences


@pytest.fixture
def demo(db):
    call_command("seed")
    call_command("load_demo")


def test_a_year_is_told_with_something_to_do_for_everybody(demo):
    assert set(User.objects.values_list("email", flat=True)) == {login.email for login in LOGINS}
    assert 380 <= Lead.objects.count() <= 420
    assert set(Lead.objects.values_list("stage", flat=True)) == set(LeadStage.values)
    assert Lead.objects.exclude(return_reason="").count() >= 10
    assert Lead.objects.past_response_time().exists()
    told = Opportunity.objects.filter(import_batch=None)
    assert 55 <= told.count() <= 65
    former = Opportunity.objects.exclude(import_batch=None)
    assert former.exclude(outcome__in=["won", "lost"]).count() == 0
    year = timezone.localdate() - datetime.timedelta(days=365)
    assert not former.filter(closed_on__gt=year).exists()  # of the months before the story alone
    # What they teach has proved itself, and every open deal says why.
    assert LEARNER.is_shown()
    assert not EvidenceProbability.objects.filter(opportunity__outcome="open", learned=None).exists()
    assert set(Opportunity.objects.values_list("stage__slug", flat=True)) >= {"qualification", "won", "lost", "no-go"}
    assert set(DossierStatus.objects.values_list("status", flat=True)) == set(Status.values)
    assert Decline.objects.exists()
    assert Claim.objects.filter(end=Claim.End.HANDED_BACK).exists()
    gone_past = Override.objects.get()
    assert gone_past.by.role == "manager"
    assert any("wanted is validated" in text for text in gone_past.missing)
    assert gone_past.opportunity.is_open
    assert {pairing.charters.accepted().exists() for pairing in Pairing.objects.active()} == {True}
    assert Pairing.objects.active().count() == 2
    assert CharterException.objects.get().opportunity.is_open
    assert set(Poc.objects.values_list("state", flat=True)) >= {"running", "passed"}
    assert [poc.is_late for poc in Poc.objects.filter(state="running")].count(True) == 1
    assert PocWaiver.objects.exists()
    this = Objective.objects.filter(quarter=quarter_start(timezone.localdate()))
    assert set(Counter(this.exclude(team=None).values_list("team", flat=True)).values()) == {2}
    assert {one.results.exists() for one in Objective.objects.all()} == {True}
    assert set(Dashboard.objects.values_list("sharing", flat=True)) == {"teams", "all"}
    assert {card.name for one in Dashboard.objects.all() for card in one.placed} <= set(REGISTRY)
    assert set(Objective.objects.values_list("state", flat=True)) == {"agreed", "proposed"}
    assert DealReview.objects.count() >= 4
    last_week = timezone.localdate() - datetime.timedelta(days=7)
    assert Opportunity.objects.filter(outcome="won", closed_on__gt=last_week).exists()
    overdue = Pairing.objects.active().with_due().filter(scrub_due_on__lt=timezone.localdate())
    assert overdue.count() == 1
    assert Scrub.objects.finished().count() >= 4  # how many found deals depends on the day of the week of the telling
    assert DealTask.objects.to_do().exists()
    assert set(Handoff.objects.values_list("state", flat=True)) == {"accepted", "handed_over"}
    assert not told.filter(outcome="won", handoffs=None).exists()
    assert Autopsy.objects.owed().exists()
    assert Autopsy.objects.exclude(agreed_at=None).exists()
    named = against(User.objects.get(role="admin"), Rival.objects.all())
    assert any(found.win_rate is not None for found in named.values())
    assert AlignmentWish.objects.count() == 4
    assert set(ReserveNote.objects.values_list("state", flat=True)) == {"reserve", "released", "held"}
    answered = RfpQuestion.objects.filter(rfp__opportunity__outcome="open").exclude(state="open")
    assert set(answered.values_list("state", flat=True)) == {"drafted", "reviewed", "done"}
    assert RfpQuestion.objects.filter(is_reusable=True, reuse_count=1).count() == 3
    assert set(SpecialistRequest.objects.values_list("state", flat=True)) == {"engaged", "waiting"}
    assert HelpRequest.objects.unsettled().filter(state="held").count() == 1
    assert Stakeholder.objects.values("opportunity").distinct().count() >= 10
    first = User.objects.get(email="se@demo.example")
    assert QueueEntry.objects.claimable_by(first).count() >= 3
    signed = told.filter(outcome="won")
    assert not signed.exclude(proposals__state="accepted").exists()
    for offer in Proposal.objects.filter(state="accepted").select_related("opportunity"):
        totals = offer.totals()
        assert (totals.yearly, totals.once) == (offer.opportunity.amount, offer.opportunity.one_off)
    on_the_way = Proposal.objects.filter(opportunity__outcome="open")
    assert set(on_the_way.values_list("state", flat=True)) == {"in_approval", "sent", "draft"}
    assert load_of(first) <= first.effective_capacity - 1
    busy, away = (User.objects.get(email=f"{login}@demo.example") for login in ("se4", "se5"))
    assert room_of(busy).is_over
    assert away.is_away
    assert Opportunity.objects.open().filter(se=away).count() == 2
    assert Claim.objects.filter(end=Claim.End.REASSIGNED).exists()

    named = {risk.name for deal in with_risks(Opportunity.objects.open()) for risk in risks_of(deal)}
    assert named == {risk.name for risk in RISKS}
    assert with_risks(Opportunity.objects.open()).filter(risks=0).count() > 10
    assert Meeting.objects.at_ambush_risk(timezone.now()).exists()
    of_leads = Meeting.objects.filter(opportunity=None)
    assert of_leads.at_ambush_risk(timezone.now()).filter(attendees__user__role=Role.SE).exists()
    assert of_leads.filter(debriefs__isnull=False).exists()

    # What is stored is what the real functions compute, and the history is as old as the story.
    assert differences(timezone.now()) == []
    assert verify.differences() == []
    won = Opportunity.objects.filter(outcome="won", lead__isnull=False).first()
    moments = list(won.events.order_by("pgh_id").values_list("pgh_created_at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > datetime.timedelta(days=10)
    assert abs(moments[0] - won.created_at) < datetime.timedelta(minutes=1)

    abroad = with_value(Opportunity.objects.filter(currency="EUR", outcome="open")).get()
    assert abroad.value > abroad.amount

    assert Opportunity.objects.open().filter(term_months=36, one_off__gt=0, competitors__isnull=False).exists()
    assert Opportunity.objects.open().filter(close_date_pushes=3).count() == 1

    before = Lead.objects.count()
    call_command("load_demo")
    assert Lead.objects.count() == before


def test_production_refuses_the_public_passwords(db, settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError):
        call_command("load_demo")
    assert not User.objects.exists()


@pytest.mark.parametrize("days", range(1, 8))
def test_the_day_of_the_week_changes_no_throw_of_the_dice(days):
    def told_at(moment: datetime.datetime) -> tuple[list[str], float]:
        dice = random.Random(1)
        with at(moment):
            ends = [end for _, end in Leads(dice, {"marketing": User()}, []).plan()]
        return ends, dice.random()

    monday = datetime.datetime(2026, 11, 23, 7, 10, tzinfo=datetime.UTC)
    assert told_at(monday + datetime.timedelta(days=days, hours=3 * days)) == told_at(monday)
