"""Moving through the stages: gates, lanes, closing, reopening."""

import datetime

import pytest

from deals.actions.stages import move_stage, reopen
from deals.models import Claim, Handoff, Opportunity, Override, QueueEntry
from presales.errors import Conflict, GateRefused, NotAllowed
from tests.deals.factories import OpportunityFactory, proposal_of, stage, waiting
from tests.factories import UserFactory
from tests.qualification.factories import qualify

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture
def deal(team, ae):
    return OpportunityFactory(team=team, owner=ae)


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


def test_an_unqualified_deal_does_not_leave_qualification(deal, ae):
    with pytest.raises(GateRefused) as refused:
        move_stage(ae, deal, stage("discovery"))
    assert [item.what.split(":")[0] for item in refused.value.missing] == ["Budget", "Authority", "Need", "Timeline"]
    assert all(item.url for item in refused.value.missing)
    assert fresh(deal).stage == stage("qualification")


def test_a_qualified_one_does(deal, ae):
    qualify(deal.dossier)
    move_stage(ae, deal, stage("discovery"))
    moved = fresh(deal)
    assert (moved.stage, moved.version) == (stage("discovery"), 2)


def test_jumping_passes_the_gates_of_every_stage_on_the_way(deal, ae):
    qualify(deal.dossier)
    with pytest.raises(GateRefused, match="cannot be left") as refused:
        move_stage(ae, deal, stage("negotiation"))
    assert [item.what for item in refused.value.missing] == [
        "An SE has to claim the deal",
        "Need: stated, wanted is validated",
        "No requirement is recorded",
        "No demo has been held yet",
        "No POC is agreed with the customer, nor waived by them",
        "No POC is decided, nor waived by the customer",
        "The technical win is not recorded yet",
    ]


def test_a_manager_goes_past_a_gate_with_a_written_reason(deal, ae, manager):
    with pytest.raises(NotAllowed):
        move_stage(ae, deal, stage("discovery"), override=True, reason="trust me")
    with pytest.raises(Conflict, match="written reason"):
        move_stage(manager, deal, stage("discovery"), override=True)
    move_stage(manager, deal, stage("discovery"), override=True, reason="Their CFO called me")
    event = fresh(deal).events.order_by("-pgh_id").first()
    assert event.pgh_context["reason"] == "Their CFO called me"
    assert event.pgh_context["user"] == manager.pk


def test_moving_back_needs_no_gate(team, ae):
    deal = OpportunityFactory(team=team, owner=ae, stage=stage("evaluation"))
    move_stage(ae, deal, stage("discovery"))
    assert fresh(deal).stage == stage("discovery")


def test_only_the_commercial_lane_moves(deal, se, team):
    for person in (se, UserFactory(role="ae", team=team)):
        with pytest.raises(NotAllowed):
            move_stage(person, deal, stage("discovery"))


def test_won_wants_its_day_and_ends_the_claim(team, ae, se):
    deal = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("negotiation"))
    Claim.objects.create(opportunity=deal, se=se)
    Handoff.objects.create(opportunity=deal, started_by=ae, promises="Single sign-on")
    with pytest.raises(GateRefused) as refused:
        move_stage(ae, deal, stage("won"), signed_on=TODAY)
    assert [item.what for item in refused.value.missing] == ["No proposal is written yet"]
    proposal_of(deal, "sent")
    with pytest.raises(Conflict, match="signed"):
        move_stage(ae, deal, stage("won"))
    move_stage(ae, deal, stage("won"), signed_on=TODAY)
    won = fresh(deal)
    assert (won.outcome, won.closed_on, won.se) == ("won", TODAY, se)
    assert Claim.objects.get().end == "closed"


def test_lost_wants_its_reason_and_leaves_the_queue(deal, ae):
    waiting(deal)
    with pytest.raises(Conflict, match="why"):
        move_stage(ae, deal, stage("lost"))
    move_stage(ae, deal, stage("lost"), lost_reason="price", lost_to="Rival")
    lost = fresh(deal)
    assert (lost.outcome, lost.lost_reason, lost.lost_to, lost.closed_on) == ("lost", "price", "Rival", TODAY)
    assert QueueEntry.objects.get().result == "closed"


def test_a_closed_deal_opens_again_and_keeps_its_history(deal, ae):
    move_stage(ae, deal, stage("lost"), lost_reason="timing")
    with pytest.raises(Conflict, match="Open it again"):
        move_stage(ae, deal, stage("discovery"))
    reopen(ae, deal, stage("qualification"), reason="They called back")
    again = fresh(deal)
    assert (again.outcome, again.closed_on, again.lost_reason) == ("open", None, "")
    assert again.events.filter(outcome="lost").exists()


def test_opening_again_is_no_way_round_a_gate(deal, ae, manager):
    move_stage(ae, deal, stage("lost"), lost_reason="timing")
    with pytest.raises(GateRefused, match="Qualification cannot be left"):
        reopen(ae, deal, stage("negotiation"), reason="They called back")
    with pytest.raises(NotAllowed):
        reopen(ae, deal, stage("negotiation"), reason="They called back", override=True)
    reopen(manager, deal, stage("negotiation"), reason="They want to sign", override=True)
    assert fresh(deal).stage == stage("negotiation")
    assert "Need: unknown, wanted is validated" in Override.objects.get().missing


def test_the_database_itself_refuses_a_closed_deal_without_a_day(deal):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=deal.pk).update(outcome="won")
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=deal.pk).update(outcome="lost", closed_on=TODAY)


class TestThePage:
    def test_a_refused_move_says_what_is_missing_with_links(self, sign_in, deal, ae):
        client = sign_in(ae)
        url = f"/opportunities/{deal.pk}/move/"
        page = client.post(url, {"stage": stage("discovery").pk})
        assert page.status_code == 409
        assert "Budget: unknown, wanted is stated" in page.content.decode()
        data = client.post(url, {"stage": stage("discovery").pk}, headers={"Accept": "application/json"}).json()
        assert len(data["missing"]) == 4

    @pytest.mark.parametrize("data", [{}, {"stage": "x"}, {"stage": "99999999999999999999"}, {"stage": "-1"}])
    def test_bad_input_is_a_form_error(self, sign_in, deal, ae, data):
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/move/", data).status_code == 422
