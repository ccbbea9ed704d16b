"""The claim queue: who enters, who sees, who wins, and what happens afterwards."""

from decimal import Decimal

import pytest

from deals.actions import queue as actions
from deals.actions.queue import fill_queue
from deals.loads import load_of, with_load
from deals.models import Claim, Opportunity, QueueEntry
from people.models import User
from presales.errors import Conflict, NotAllowed
from qualification.status import derive
from tests.deals.factories import OpportunityFactory, stage, waiting
from tests.factories import UserFactory
from tests.qualification.factories import qualify
from tests.qualification.test_status import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae):
    return OpportunityFactory(team=team, owner=ae)


@pytest.fixture
def other_se(team):
    return UserFactory(role="se", team=team)


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


class TestEntering:
    def test_a_deal_enters_the_moment_its_dossier_becomes_qualified(self, deal):
        qualify(deal.dossier)
        derive([deal.dossier_id], NOW)
        entry = QueueEntry.objects.get()
        assert (entry.opportunity, entry.kind) == (deal, "qualified")

    def test_filling_twice_enters_once(self, deal):
        qualify(deal.dossier)
        derive([deal.dossier_id], NOW)
        assert fill_queue() == 0
        assert QueueEntry.objects.count() == 1

    def test_the_sweep_finds_what_the_hook_missed(self, deal):
        qualify(deal.dossier)
        derive([deal.dossier_id], NOW)
        QueueEntry.objects.all().delete()
        assert fill_queue() == 1

    @pytest.mark.parametrize("state", ["closed", "claimed", "unqualified"])
    def test_others_do_not_enter(self, deal, se, state):
        if state != "unqualified":
            qualify(deal.dossier)
        if state == "closed":
            Opportunity.objects.update(outcome="won", closed_on=NOW.date(), stage=stage("won"))
        if state == "claimed":
            Opportunity.objects.update(se=se)
        derive([deal.dossier_id], NOW)
        assert fill_queue() == 0

    def test_what_the_ae_took_out_does_not_come_back_by_itself(self, deal, ae):
        qualify(deal.dossier)
        derive([deal.dossier_id], NOW)
        actions.withdraw_request(ae, deal)
        assert fill_queue() == 0
        actions.request_help(ae, deal, "rfp", "Forty questions")
        assert QueueEntry.objects.waiting().get().kind == "rfp"

    def test_the_owner_asks_for_help_by_kind_and_nobody_else(self, deal, ae, team):
        actions.request_help(ae, deal, "rfp")
        with pytest.raises(NotAllowed):
            actions.request_help(UserFactory(role="ae", team=team), deal, "rfp")


class TestClaiming:
    def test_one_wins_and_the_others_hear_who(self, deal, se, other_se):
        waiting(deal)
        actions.claim(se, deal)
        with pytest.raises(Conflict, match="Taken by Sam SE"):
            actions.claim(other_se, fresh(deal))
        assert fresh(deal).se == se
        assert Claim.objects.current().get().se == se
        assert QueueEntry.objects.get().result == "claimed"

    def test_repeating_the_own_claim_is_a_success(self, deal, se):
        waiting(deal)
        assert actions.claim(se, deal) == actions.claim(se, fresh(deal))

    def test_only_ses_of_the_team_claim(self, deal, other_team, ae, manager):
        waiting(deal)
        for person in (UserFactory(role="se", team=other_team), ae, manager):
            with pytest.raises(NotAllowed):
                actions.claim(person, deal)

    def test_what_does_not_wait_cannot_be_claimed(self, deal, se):
        with pytest.raises(Conflict, match="not waiting"):
            actions.claim(se, deal)

    def test_a_full_se_is_told_what_to_do(self, deal, se, team):
        User.objects.filter(pk=se.pk).update(capacity=1)
        se.refresh_from_db()
        OpportunityFactory(team=team, se=se, stage=stage("discovery"))
        waiting(deal)
        with pytest.raises(Conflict, match="Hand a deal back"):
            actions.claim(se, deal)

    def test_a_declined_entry_leaves_only_the_own_queue(self, deal, se, other_se):
        entry = waiting(deal)
        actions.decline(se, entry, reason="skills")
        assert not QueueEntry.objects.claimable_by(se).exists()
        assert QueueEntry.objects.claimable_by(other_se).exists()


class TestAfterwards:
    @pytest.fixture
    def claimed(self, deal, se):
        waiting(deal)
        actions.claim(se, deal)
        return fresh(deal)

    def test_handed_back_it_waits_again_with_a_note(self, claimed, se):
        actions.hand_back(se, claimed, reason="Needs a Kubernetes person")
        assert fresh(claimed).se is None
        assert Claim.objects.get().end == "handed_back"
        assert QueueEntry.objects.waiting().get().note == "Needs a Kubernetes person"

    def test_only_the_claimer_or_a_manager_hands_back(self, claimed, other_se, ae, manager):
        for person in (other_se, ae):
            with pytest.raises(NotAllowed):
                actions.hand_back(person, claimed, reason="x")
        actions.hand_back(manager, claimed, reason="x")

    def test_a_no_go_closes_the_deal_with_its_reason(self, claimed, se):
        actions.call_no_go(se, claimed, no_go_reason="gap", reason="No on-premises version")
        closed = fresh(claimed)
        assert (closed.outcome, closed.no_go_reason, closed.se) == ("no_go", "gap", se)
        assert Claim.objects.get().end == "no_go"
        assert not QueueEntry.objects.waiting().exists()

    def test_a_no_go_without_its_reason_changes_nothing(self, claimed, se):
        with pytest.raises(Conflict, match="Say why"):
            actions.call_no_go(se, claimed, no_go_reason="", reason="No API")
        claimed.refresh_from_db()
        assert claimed.is_open
        assert claimed.se == se

    def test_a_manager_assigns_and_reassigns(self, claimed, manager, other_se):
        actions.assign_se(manager, claimed, other_se, reason="Vacation")
        assert fresh(claimed).se == other_se
        assert list(Claim.objects.order_by("pk").values_list("end", flat=True)) == ["reassigned", ""]

    def test_assigning_beyond_capacity_wants_a_word(self, claimed, manager, other_se):
        User.objects.filter(pk=other_se.pk).update(capacity=0)
        with pytest.raises(Conflict, match="carries 0 of 0"):
            actions.assign_se(manager, claimed, other_se)
        actions.assign_se(manager, claimed, other_se, beyond_capacity=True)

    def test_the_load_is_the_sum_of_the_stages_weights(self, claimed, se, team):
        OpportunityFactory(team=team, se=se, stage=stage("evaluation"))
        assert load_of(se) == Decimal("2.5")
        assert with_load(User.objects.filter(pk=se.pk)).get().load == Decimal("2.5")


class TestThePage:
    def test_three_clicks_to_the_best_deal(self, sign_in, deal, se):
        User.objects.filter(pk=se.pk).update(skills=["Kubernetes"])
        Opportunity.objects.filter(pk=deal.pk).update(needed_skills="kubernetes, SSO")
        waiting(deal)
        client = sign_in(se)
        page = client.get("/queue/").content.decode()
        assert "you bring kubernetes" in page
        assert "wants SSO" in page
        response = client.post(f"/opportunities/{deal.pk}/claim/")
        assert response.status_code == 302
        assert fresh(deal).se == se

    def test_the_loser_gets_a_conflict_page_that_names_the_winner(self, sign_in, deal, se, other_se):
        waiting(deal)
        waiting(deal, kind="demo")
        theirs = sign_in(other_se)
        sign_in(se).post(f"/opportunities/{deal.pk}/claim/")
        Opportunity.objects.filter(pk=deal.pk)
        response = theirs.post(f"/opportunities/{deal.pk}/claim/", headers={"Accept": "application/json"})
        assert response.status_code in (404, 409)

    def test_the_number_of_queries_does_not_grow(self, sign_in, team, ae, se, manager, django_assert_max_num_queries):
        for _ in range(30):
            waiting(OpportunityFactory(team=team, owner=ae))
        for person in (se, manager):
            client = sign_in(person)
            client.get("/queue/")
            with django_assert_max_num_queries(12):
                client.get("/queue/")
