"""Fifty SEs claim the same deal at the same moment, through the web server that the product runs: one gets it."""

import threading

import pytest
from django.db import connection, transaction

from bench import claims
from bench.processes import cookies, web_server
from deals.actions import queue as actions
from deals.models import Claim, Decline, Opportunity, Outcome
from people.models import User
from presales.errors import Conflict
from qualification.status import derive
from tests.deals.factories import OpportunityFactory, stage, waiting
from tests.factories import UserFactory
from tests.qualification.factories import qualify
from tests.qualification.test_status import NOW

ROUNDS = 4


@pytest.mark.django_db(transaction=True)
def test_fifty_claim_over_http_and_one_wins():
    next_deal, ses = claims.build(50)
    before = claims.deadlocks()
    with web_server() as port:
        headers = cookies(ses)
        for _ in range(ROUNDS):
            round_ = claims.race(port, next_deal(), ses, headers)
            assert {answer.status for answer in round_.answers} <= {204, 302, 409}
            assert round_.winners == [round_.holder]
            assert round_.open_claims == 1
            assert round_.clear == 49
    assert claims.deadlocks() == before


class TestTooLate:
    """What somebody hears whose page of the queue is older than the claim."""

    @pytest.fixture
    def deal(self, team, ae, se):
        deal = OpportunityFactory(team=team, owner=ae)
        waiting(deal)
        return deal

    @pytest.fixture
    def late(self, team, sign_in):
        return sign_in(UserFactory(role="se", team=team, name="Lea Late"))

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}, {"Accept": "application/json"}])
    def test_a_loser_hears_the_winners_name(self, deal, se, late, headers):
        actions.claim(se, deal)
        response = late.post(f"/opportunities/{deal.pk}/claim/", headers=headers)
        assert response.status_code == 409
        assert "Taken by Sam SE." in response.content.decode()

    def test_the_name_is_all_a_loser_gets_to_know(self, deal, se, late):
        actions.claim(se, deal)
        assert late.get(f"/opportunities/{deal.pk}/").status_code == 404
        assert deal.name not in late.post(f"/opportunities/{deal.pk}/claim/").content.decode()

    def test_the_same_for_a_deal_that_a_manager_assigned(self, deal, se, manager, late):
        actions.assign_se(manager, deal, se)
        assert "Taken by Sam SE." in late.post(f"/opportunities/{deal.pk}/claim/").content.decode()

    def test_a_withdrawn_request_says_so(self, deal, ae, late):
        actions.withdraw_request(ae, deal)
        response = late.post(f"/opportunities/{deal.pk}/claim/")
        assert (response.status_code, "not waiting" in response.content.decode()) == (409, True)

    def test_a_full_se_who_is_too_late_hears_that_first(self, deal, se, team, sign_in):
        full = UserFactory(role="se", team=team, capacity=0)
        actions.claim(se, deal)
        assert "Taken by" in sign_in(full).post(f"/opportunities/{deal.pk}/claim/").content.decode()

    @pytest.mark.parametrize("place", ["claim", "decline"])
    def test_other_teams_deals_stay_unknown(self, deal, se, other_team, sign_in, place):
        entry = deal.queue_entries.get()
        actions.claim(se, deal)
        stranger = sign_in(UserFactory(role="se", team=other_team))
        address = {"claim": f"/opportunities/{deal.pk}/claim/", "decline": f"/queue/{entry.pk}/decline/"}[place]
        assert stranger.post(address, {"reason": "skills"}).status_code == 404

    def test_a_deal_of_the_team_that_never_waited_stays_unknown(self, team, ae, late):
        never = OpportunityFactory(team=team, owner=ae)
        assert late.post(f"/opportunities/{never.pk}/claim/").status_code == 404

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_declining_what_is_taken_says_who_took_it(self, deal, se, late, method):
        entry = deal.queue_entries.get()
        actions.claim(se, deal)
        response = getattr(late, method)(f"/queue/{entry.pk}/decline/", {"reason": "skills"})
        assert response.status_code == 409
        assert "Taken by Sam SE." in response.content.decode()
        assert not Decline.objects.exists()


def in_background(work):
    """Run `work` on a connection of its own; gives the thread and the list that gets its result or its refusal."""
    outcome = []

    def run():
        try:
            outcome.append(work())
        except Conflict as refusal:
            outcome.append(refusal)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def wait_until_one_waits_for_a_lock():
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
class TestBesideAnUncommittedAct:
    """The second acts while the first has not committed yet."""

    @pytest.fixture
    def deal(self, team, ae, se):
        return OpportunityFactory(team=team, owner=ae)

    def test_declining_waits_for_the_claim_and_then_is_too_late(self, deal, se, team):
        entry, other = waiting(deal), UserFactory(role="se", team=team)
        with transaction.atomic():
            actions.claim(se, deal)
            thread, outcome = in_background(lambda: actions.decline(other, entry, reason="skills"))
            wait_until_one_waits_for_a_lock()
        thread.join()
        assert outcome[0].message == "Taken by Sam SE."
        assert not Decline.objects.exists()

    def test_the_sweep_leaves_a_deal_alone_that_just_gets_its_se(self, deal, se, manager):
        qualify(deal.dossier)
        derive([deal.dossier_id], NOW)
        deal.queue_entries.all().delete()
        with transaction.atomic():
            actions.assign_se(manager, deal, se)
            thread, outcome = in_background(actions.fill_queue)
            thread.join()
        assert outcome == [0]
        assert not deal.queue_entries.waiting().exists()

    def test_a_deal_that_just_grew_heavier_does_not_overload_its_se(self, deal, se, ae):
        heavy = stage("evaluation")
        User.objects.filter(pk=se.pk).update(capacity=1)
        type(heavy).objects.filter(pk=heavy.pk).update(load_weight=2)
        waiting(deal)
        with transaction.atomic():
            Opportunity.objects.filter(pk=deal.pk).update(stage=heavy)
            thread, outcome = in_background(lambda: actions.claim(User.objects.get(pk=se.pk), deal))
            wait_until_one_waits_for_a_lock()
        thread.join()
        assert "You carry 0 of 1" in outcome[0].message
        assert not Claim.objects.exists()

    def test_closing_beats_a_claim_that_comes_during_it(self, deal, se):
        from deals.actions.stages import close

        waiting(deal)
        with transaction.atomic():
            close(Opportunity.objects.get(pk=deal.pk), stage("won"), NOW.date())
            thread, outcome = in_background(lambda: actions.claim(se, deal))
            wait_until_one_waits_for_a_lock()
        thread.join()
        assert outcome[0].message == "The deal was closed in the meantime."
        deal.refresh_from_db()
        assert (deal.outcome, deal.se) == (Outcome.WON, None)
