"""The technical win: the SE's to record, with day and signature, whatever the deal comes to."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions.stages import move_stage
from deals.actions.technical_wins import record_technical_win
from deals.gates import missing_for
from deals.models import Claim, Competitor, ExitCriterion, Opportunity, TechnicalWin
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, StakeholderFactory, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("evaluation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def buyer(deal):
    return StakeholderFactory(opportunity=deal, role="technical_buyer", name="Kim Doe", job_title="Architect")


def today():
    return timezone.localdate()


def won(buyer, **facts):
    return TechnicalWin(state="won", decided_on=today(), signed_off_by=buyer, **facts)


def stored(deal):
    return TechnicalWin.objects.get(opportunity=deal)


class TestRecording:
    def test_with_day_signature_rival_and_satisfaction(self, deal, se, buyer):
        rival = Competitor.objects.create(opportunity=deal, name="Conduitly")
        record_technical_win(se, deal, won(buyer, against=rival, satisfaction=4, note="Their letter of Monday"))
        kept = stored(deal)
        assert (kept.state, kept.decided_on, kept.satisfaction) == ("won", today(), 4)
        assert (kept.signed_off_name, kept.against_name, kept.recorded_by) == ("Kim Doe", "Conduitly", se)

    def test_outlives_who_signed_and_who_lost(self, deal, se, buyer):
        rival = Competitor.objects.create(opportunity=deal, name="Conduitly")
        record_technical_win(se, deal, won(buyer, against=rival))
        buyer.delete()
        rival.delete()
        kept = stored(deal)
        assert (kept.signed_off_name, kept.against_name) == ("Kim Doe", "Conduitly")
        kept.note = "Still so"
        record_technical_win(se, deal, kept, kept.version)
        assert stored(deal).signed_off_name == "Kim Doe"

    def test_whom_somebody_takes_out_is_out(self, deal, se, buyer):
        rival = Competitor.objects.create(opportunity=deal, name="Conduitly")
        record_technical_win(se, deal, won(buyer, against=rival))
        kept = stored(deal)
        kept.against = None
        record_technical_win(se, deal, kept, kept.version)
        assert stored(deal).against_name == ""
        kept = stored(deal)
        kept.signed_off_by = None
        with pytest.raises(Conflict, match="who at the customer signed off"):
            record_technical_win(se, deal, kept, kept.version)

    def test_taken_back_it_is_pending_without_day_and_name(self, deal, se, buyer):
        record_technical_win(se, deal, won(buyer, satisfaction=4))
        kept = stored(deal)
        kept.state = "pending"
        record_technical_win(se, deal, kept, kept.version)
        kept = stored(deal)
        assert (kept.decided_on, kept.signed_off_name, kept.satisfaction) == (None, "", 4)

    def test_it_is_work_on_the_deal(self, deal, se):
        before = deal.last_activity_at
        record_technical_win(se, deal, TechnicalWin(satisfaction=2))
        assert Opportunity.objects.get().last_activity_at > before

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"state": "won"}, "on which day"),
            ({"state": "lost"}, "on which day"),
            ({"state": "won", "decided_on": datetime.date(2024, 1, 9)}, "who at the customer signed off"),
            ({"state": "lost", "decided_on": datetime.date(2099, 1, 9)}, "when it has been made"),
        ],
    )
    def test_refused_with_a_sentence(self, deal, se, facts, sentence):
        with pytest.raises(Conflict, match=sentence):
            record_technical_win(se, deal, TechnicalWin(**facts))
        assert not TechnicalWin.objects.exists()

    def test_nobody_of_another_deal_signs(self, deal, se):
        with pytest.raises(Conflict, match="another deal"):
            record_technical_win(se, deal, won(StakeholderFactory()))

    @pytest.mark.parametrize(
        "facts",
        [
            {"state": "won"},
            {"state": "won", "decided_on": datetime.date(2024, 1, 9)},
            {"decided_on": datetime.date(2024, 1, 9)},
            {"satisfaction": 6},
            {"state": "maybe"},
        ],
    )
    def test_the_database_refuses_it_too(self, deal, facts):
        with pytest.raises(IntegrityError), transaction.atomic():
            TechnicalWin.objects.create(opportunity=deal, **facts)


class TestLane:
    def test_the_ae_does_not_write_it(self, deal, ae, buyer):
        with pytest.raises(NotAllowed):
            record_technical_win(ae, deal, won(buyer))

    def test_nor_an_se_who_does_not_hold_the_deal(self, deal, buyer, team):
        from tests.factories import UserFactory

        with pytest.raises(NotAllowed):
            record_technical_win(UserFactory(role="se", team=team), deal, won(buyer))

    def test_the_manager_may(self, deal, manager, buyer):
        record_technical_win(manager, deal, won(buyer))
        assert stored(deal).recorded_by == manager


class TestIndependence:
    def test_a_deal_that_is_lost_keeps_its_technical_win(self, deal, ae, se, buyer):
        record_technical_win(se, deal, won(buyer))
        move_stage(ae, Opportunity.objects.get(), stage("lost"), lost_reason="price")
        assert (Opportunity.objects.get().outcome, stored(deal).state) == ("lost", "won")

    def test_it_can_be_recorded_when_the_deal_is_closed(self, deal, ae, se, buyer):
        move_stage(ae, deal, stage("lost"), lost_reason="price")
        record_technical_win(se, Opportunity.objects.get(), won(buyer, satisfaction=5))
        assert Opportunity.objects.get().outcome == "lost"

    def test_a_technical_loss_does_not_close_the_deal_but_holds_it_back(self, deal, se, buyer):
        ExitCriterion.objects.exclude(gate="technical_win_recorded").delete()
        decision = won(buyer)
        decision.state = "lost"
        record_technical_win(se, deal, decision)
        found = Opportunity.objects.get()
        assert found.is_open
        [missing] = missing_for(found, stage("negotiation"))
        assert missing.what == f"The technical decision was lost on {today():%-d %b %Y}"


class TestInTheBrowser:
    def address(self, deal):
        return f"/opportunities/{deal.pk}/technical-win/"

    def test_recorded_and_shown(self, deal, se, ae, buyer, sign_in):
        data = {"state": "won", "decided_on": today(), "signed_off_by": buyer.pk, "satisfaction": "5", "note": "A mail"}
        answer = sign_in(se).post(f"{self.address(deal)}record/", data)
        assert answer.url == self.address(deal)
        page = sign_in(ae).get(self.address(deal)).content.decode()
        for text in ("Kim Doe", "Architect", "5 of 5", "A mail", "Sam SE", "The technical lane"):
            assert text in page
        assert "Record the decision" not in page
        assert "Technical win" in sign_in(ae).get(f"/opportunities/{deal.pk}/").content.decode()

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "state"),
            ({"state": "won"}, "decided_on"),
            ({"state": "won", "decided_on": "2024-03-01"}, "signed_off_by"),
            ({"state": "lost", "decided_on": "2099-03-01"}, "decided_on"),
            ({"state": "pending", "satisfaction": "9"}, "satisfaction"),
            ({"state": "pending", "note": "x" * 1001}, "note"),
            ({"state": "pending", "signed_off_by": "99999"}, "signed_off_by"),
        ],
    )
    def test_bad_input_is_a_form_error(self, deal, se, sign_in, data, field):
        answer = sign_in(se).post(f"{self.address(deal)}record/", data)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors

    def test_the_second_of_two_sees_both_values(self, deal, se, manager, buyer, sign_in):
        record_technical_win(se, deal, won(buyer, note="As I heard it"))
        decision = stored(deal)
        decision.note = "As they wrote it"
        record_technical_win(manager, deal, decision, 1)
        data = {"state": "pending", "note": "Not so fast", "version": 1}
        answer = sign_in(se).post(f"{self.address(deal)}record/", data)
        assert answer.status_code == 409
        assert "Now stored: As they wrote it" in answer.content.decode()
        assert stored(deal).state == "won"

    def test_two_first_words_at_once_are_one(self, deal, se, manager, buyer):
        record_technical_win(manager, deal, won(buyer))
        with pytest.raises(StaleEdit):
            record_technical_win(se, deal, TechnicalWin(satisfaction=1))
        assert stored(deal).state == "won"

    def test_few_queries(self, deal, se, buyer, sign_in, django_assert_max_num_queries):
        record_technical_win(se, deal, won(buyer, satisfaction=3))
        client = sign_in(se)
        with django_assert_max_num_queries(12):
            assert client.get(self.address(deal)).status_code == 200
