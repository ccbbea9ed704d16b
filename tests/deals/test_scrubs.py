"""The pipeline scrub: what is walked in which order, what each of the two may decide, and when the next is due."""

import datetime
import threading

import pytest
from django.db import connection
from django.utils import timezone

from deals.actions import scrubs as actions
from deals.actions.pairings import accept_charter, start_pairing
from deals.actions.tasks import finish_task
from deals.models import Claim, DealTask, EvidenceProbability, Opportunity, Pairing, Scrub, ScrubDecision
from deals.scrubs import scrubs_of, walk
from people.models import Membership
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
SOON = {"what": "Ask their CFO for the budget"}


def days(number):
    return TODAY() + datetime.timedelta(days=number)


@pytest.fixture
def pairing(ae, se):
    pairing = start_pairing(ae, ae, se)
    accept_charter(se, pairing.charters.get())
    return pairing


def shared(team, ae, se, claimed=50, evidence=None, **fields):
    deal = OpportunityFactory(team=team, owner=ae, se=se, claimed_probability=claimed, **fields)
    Claim.objects.create(opportunity=deal, se=se)
    if evidence is not None:
        EvidenceProbability.objects.update_or_create(
            opportunity=deal,
            defaults={"percent": evidence, "history": 50, "dossier": 60, "committee": 70, "activity": 100},
        )
    return deal


@pytest.fixture
def deal(team, ae, se):
    return shared(team, ae, se)


@pytest.fixture
def second(team, ae, se):
    return shared(team, ae, se)


def names(steps):
    return [step.deal.name for step in steps]


class TestTheWalk:
    def test_the_worst_evidence_first(self, pairing, team, ae, se):
        for name, claimed, evidence in (
            ("sound", 40, 45), ("happy ears", 90, 30), ("unknown", 30, None), ("a little", 50, 45), ("thin", 15, 10)
        ):  # fmt: skip
            shared(team, ae, se, claimed, evidence, name=name)
        assert names(walk(pairing, ae).to_do) == ["happy ears", "unknown", "thin", "a little", "sound"]

    def test_only_open_deals_of_the_two(self, pairing, deal, team, ae, se):
        OpportunityFactory(team=team, owner=ae)
        OpportunityFactory(team=team, owner=ae, se=UserFactory(role="se", team=team))
        closed = shared(team, ae, se)
        actions.kill(ae, pairing, closed, way="lost", lost_reason="price", note="Too dear")
        assert names(walk(pairing, se).to_do) == [deal.name]

    def test_a_deal_kept_until_a_day_rests_until_then(self, pairing, deal, second, ae):
        actions.keep(ae, pairing, deal, look_again_on=days(40))
        actions.keep(ae, pairing, second)
        steps = walk(pairing, ae)
        assert (names(steps.to_do), names(steps.resting)) == ([second.name], [deal.name])
        ScrubDecision.objects.filter(opportunity=deal).update(look_again_on=TODAY())
        assert len(walk(pairing, ae).to_do) == 2

    def test_what_stands_at_stake_is_shown(self, pairing, team, ae, se, sign_in):
        deal = shared(team, ae, se, 80, 20, close_date=days(-3))
        page = sign_in(se).get(f"/pairings/{pairing.pk}/scrub/").content.decode()
        for text in (deal.name, "80 %", "20 %", "60 points less", "Close date has passed", "by the AE"):
            assert text in page

    def test_few_queries_however_many_deals(
        self, pairing, team, ae, se, manager, sign_in, django_assert_max_num_queries
    ):
        for number in range(12):
            made = shared(team, ae, se, 50, number)
            if number % 3 == 0:
                actions.fix(ae, pairing, made, assignee=se, due_on=days(3), **SOON)
            if number % 3 == 1:
                actions.keep(se, pairing, made)
        for user in (ae, se, manager):
            client = sign_in(user)
            with django_assert_max_num_queries(12):
                client.get(f"/pairings/{pairing.pk}/scrub/")
            with django_assert_max_num_queries(12):
                client.get(pairing.get_absolute_url())

    def test_junk_in_the_address_is_no_error(self, pairing, deal, ae, sign_in):
        for junk in ("x", "-1", "9" * 40, "²", "0"):
            assert sign_in(ae).get(f"/pairings/{pairing.pk}/scrub/", {"deal": junk}).status_code == 200

    def test_others_do_not_walk_it(self, pairing, deal, team, other_team, marketing, sign_in):
        strangers = [
            UserFactory(role="ae", team=team), UserFactory(role="se", team=team), marketing,
            UserFactory(role="manager", team=other_team),
        ]  # fmt: skip
        for user in strangers:
            client = sign_in(user)
            assert client.get(f"/pairings/{pairing.pk}/scrub/").status_code == 404
            for act in ("keep", "fix", "kill"):
                assert client.post(f"/pairings/{pairing.pk}/scrub/{deal.pk}/{act}/", {"version": 0}).status_code == 404
        assert not Scrub.objects.exists()

    def test_a_manager_who_sees_the_pair_but_not_its_deals_reads_of_none(
        self, pairing, deal, second, ae, se, other_team, sign_in
    ):
        Membership.objects.create(team=other_team, user=se)
        boss = UserFactory(role="manager", team=other_team)
        actions.kill(ae, pairing, deal, way="lost", lost_reason="price", note="They bought Conduitly")
        actions.fix(ae, pairing, second, assignee=se, due_on=days(5), **SOON)
        client = sign_in(boss)
        for path in (f"/pairings/{pairing.pk}/scrub/", pairing.get_absolute_url()):
            response = client.get(path)
            assert response.status_code == 200
            page = response.content.decode()
            for secret in (deal.name, second.name, "Conduitly", SOON["what"], "1 to be fixed", "1 killed"):
                assert secret not in page
        for act in ("keep", "fix", "kill"):
            assert client.get(f"/pairings/{pairing.pk}/scrub/{second.pk}/{act}/").status_code == 404


class TestKeep:
    def test_both_of_the_two(self, pairing, deal, second, ae, se):
        actions.keep(ae, pairing, deal, note="Their board meets in May")
        actions.keep(se, pairing, second)
        assert set(ScrubDecision.objects.values_list("by", "decision")) == {(ae.pk, "keep"), (se.pk, "keep")}
        assert Scrub.objects.get().started_by == ae

    def test_the_two_probabilities_stay_on_record(self, pairing, team, ae, se):
        actions.keep(ae, pairing, shared(team, ae, se, 70, 30))
        assert ScrubDecision.objects.values_list("claimed", "evidenced").get() == (70, 30)

    def test_the_close_date_is_the_aes_to_confirm(self, pairing, deal, ae, se, sign_in):
        with pytest.raises(NotAllowed):
            actions.keep(se, pairing, deal, close_date=days(90), deal_version=1)
        assert not Scrub.objects.exists()
        url = f"/pairings/{pairing.pk}/scrub/{deal.pk}/keep/"
        data = {"version": 0, "deal_version": 1, "close_date": days(90)}
        assert sign_in(se).post(url, data).status_code == 302
        assert Opportunity.objects.get().close_date is None
        Scrub.objects.all().delete()
        assert sign_in(ae).post(url, data).status_code == 302
        assert Opportunity.objects.get().close_date == days(90)

    def test_a_deal_saved_in_between_is_not_overwritten(self, pairing, deal, ae):
        Opportunity.objects.update(version=5)
        with pytest.raises(StaleEdit):
            actions.keep(ae, pairing, deal, close_date=days(90), deal_version=4)
        assert not ScrubDecision.objects.exists()

    def test_not_until_a_day_that_is_over(self, pairing, deal, ae, sign_in):
        url = f"/pairings/{pairing.pk}/scrub/{deal.pk}/keep/"
        data = {"version": 0, "deal_version": 1, "look_again_on": days(-1)}
        assert sign_in(ae).post(url, data).status_code == 422


class TestFix:
    def test_a_task_for_one_of_the_two(self, pairing, deal, second, ae, se, sign_in):
        url = f"/pairings/{pairing.pk}/scrub/{deal.pk}/fix/"
        data = {"version": 0, "deal_version": 1, "assignee": ae.pk, "due_on": days(5)} | SOON
        assert sign_in(se).post(url, data).status_code == 302
        task = DealTask.objects.get()
        assert (task.what, task.assignee, task.due_on, task.created_by) == (SOON["what"], ae, days(5), se)
        assert ScrubDecision.objects.get().task == task
        assert SOON["what"] in sign_in(ae).get(pairing.get_absolute_url()).content.decode()

    def test_for_nobody_else(self, pairing, deal, manager, team, ae, sign_in):
        mate = UserFactory(role="ae", team=team)
        with pytest.raises(Conflict, match="one of the two"):
            actions.fix(ae, pairing, deal, assignee=mate, due_on=days(5), **SOON)
        data = {"version": 0, "deal_version": 1, "assignee": mate.pk, "due_on": days(5)} | SOON
        assert sign_in(ae).post(f"/pairings/{pairing.pk}/scrub/{deal.pk}/fix/", data).status_code == 422

    def test_as_the_next_step_in_the_aes_lane_alone(self, pairing, deal, second, ae, se, sign_in):
        with pytest.raises(NotAllowed):
            actions.fix(se, pairing, deal, assignee=se, due_on=days(5), as_next_step=True, deal_version=1, **SOON)
        url = f"/pairings/{pairing.pk}/scrub/{deal.pk}/fix/"
        data = {"version": 0, "deal_version": 1, "assignee": se.pk, "due_on": days(5), "as_next_step": "on"} | SOON
        assert b"as_next_step" not in sign_in(se).get(url).content
        assert sign_in(se).post(url, data).status_code == 302
        assert Opportunity.objects.get(pk=deal.pk).next_step == ""
        assert sign_in(ae).post(url, data | {"version": 1}).status_code == 302
        deal = Opportunity.objects.get(pk=deal.pk)
        assert (deal.next_step, deal.next_step_on, deal.next_step_owner) == (SOON["what"], days(5), se)

    def test_whose_it_is_and_whoever_is_in_a_lane_ticks_it_off(self, pairing, deal, ae, se, team, sign_in):
        actions.fix(ae, pairing, deal, assignee=se, due_on=days(5), **SOON)
        task = DealTask.objects.get()
        mate = UserFactory(role="ae", team=team)
        with pytest.raises(NotAllowed):
            finish_task(mate, task)
        response = sign_in(se).post(f"/deal-tasks/{task.pk}/done/", {"next": "https://elsewhere.example/"})
        assert response.url == deal.get_absolute_url()
        assert DealTask.objects.get().done_by == se
        assert finish_task(ae, task).done_by == se

    def test_thinking_better_of_it_takes_the_task_away(self, pairing, deal, second, ae, se):
        actions.fix(ae, pairing, deal, assignee=se, due_on=days(5), **SOON)
        actions.keep(ae, pairing, deal, version=1)
        assert not DealTask.objects.exists()
        assert ScrubDecision.objects.get().decision == "keep"


class TestKill:
    def test_lost_is_the_aes(self, pairing, deal, second, ae, se):
        with pytest.raises(NotAllowed):
            actions.kill(se, pairing, deal, way="lost", lost_reason="price")
        actions.kill(ae, pairing, deal, way="lost", lost_reason="price", note="Too dear")
        deal = Opportunity.objects.get(pk=deal.pk)
        assert (deal.outcome, deal.lost_reason, deal.closed_on) == ("lost", "price", TODAY())
        assert ScrubDecision.objects.get().decision == "kill"

    def test_a_no_go_is_the_ses(self, pairing, deal, second, ae, se):
        with pytest.raises(NotAllowed):
            actions.kill(ae, pairing, deal, way="no_go", no_go_reason="gap")
        assert not Scrub.objects.exists()
        actions.kill(se, pairing, deal, way="no_go", no_go_reason="gap", note="No on-premises")
        deal = Opportunity.objects.get(pk=deal.pk)
        assert (deal.outcome, deal.no_go_reason, deal.se) == ("no_go", "gap", se)

    def test_a_manager_may_do_either(self, pairing, deal, second, manager):
        actions.kill(manager, pairing, deal, way="lost", lost_reason="price")
        actions.kill(manager, pairing, second, way="no_go", no_go_reason="gap")
        assert not Opportunity.objects.open().exists()

    @pytest.mark.parametrize(("role", "way"), [("se", "lost"), ("ae", "no_go")])
    def test_a_direct_post_of_the_other_lanes_way_changes_nothing(self, pairing, deal, role, way, request, sign_in):
        user = request.getfixturevalue(role)
        data = {"version": 0, "way": way, "lost_reason": "price", "no_go_reason": "gap", "note": "X"}
        assert sign_in(user).post(f"/pairings/{pairing.pk}/scrub/{deal.pk}/kill/", data).status_code == 422
        assert Opportunity.objects.get().is_open
        assert not Scrub.objects.exists()

    @pytest.mark.parametrize(("role", "way"), [("ae", "lost"), ("se", "no_go")])
    def test_it_wants_its_reason(self, pairing, deal, role, way, request, sign_in):
        user = request.getfixturevalue(role)
        client, url = sign_in(user), f"/pairings/{pairing.pk}/scrub/{deal.pk}/kill/"
        data = {"version": 0, "way": way, "note": "We are too dear"}
        assert client.post(url, data).status_code == 422
        reason = {"lost_reason": "price"} if way == "lost" else {"no_go_reason": "gap"}
        assert client.post(url, data | reason | {"note": ""}).status_code == 422
        assert client.post(url, data | reason).status_code == 302
        assert Opportunity.objects.get().outcome == way


class TestTwoAtOnce:
    def test_the_second_decision_does_not_overwrite_the_first(self, pairing, deal, second, ae, se, sign_in):
        actions.keep(ae, pairing, deal)
        with pytest.raises(StaleEdit, match="Ada AE decided to keep it"):
            actions.fix(se, pairing, deal, assignee=se, due_on=days(5), **SOON)
        data = {"version": 0, "deal_version": 1}
        assert sign_in(se).post(f"/pairings/{pairing.pk}/scrub/{deal.pk}/keep/", data).status_code == 409
        assert ScrubDecision.objects.get().by == ae

    def test_a_deal_that_the_partner_just_killed(self, pairing, deal, second, ae, se, sign_in):
        actions.kill(ae, pairing, deal, way="lost", lost_reason="price")
        with pytest.raises(Conflict, match="closed"):
            actions.keep(se, pairing, deal)
        data = {"version": 0, "deal_version": 1}
        assert sign_in(se).post(f"/pairings/{pairing.pk}/scrub/{deal.pk}/keep/", data).status_code == 409

    def test_a_deal_that_changed_hands(self, pairing, deal, manager, team):
        other = Opportunity.objects.get()
        other.owner = UserFactory(role="ae", team=team)
        other.save()
        with pytest.raises(Conflict, match="share"):
            actions.keep(manager, pairing, deal)

    def test_not_in_an_ended_pairing(self, pairing, deal, ae, sign_in):
        Pairing.objects.update(ended_on=TODAY())
        with pytest.raises(Conflict, match="ended"):
            actions.keep(ae, pairing, deal)
        assert b"scrub-decide" not in sign_in(ae).get(f"/pairings/{pairing.pk}/scrub/").content


@pytest.mark.django_db(transaction=True)
def test_both_decide_in_the_same_moment_and_one_decision_stands(pairing, deal, second, ae, se):
    start, heard = threading.Barrier(2), []

    def decide(act):
        try:
            start.wait(timeout=10)
            act()
            heard.append("decided")
        except StaleEdit:
            heard.append("too late")
        finally:
            connection.close()

    acts = [
        lambda: actions.keep(ae, pairing, deal),
        lambda: actions.fix(se, pairing, deal, assignee=ae, due_on=days(5), **SOON),
    ]
    threads = [threading.Thread(target=decide, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(heard) == ["decided", "too late"]
    assert ScrubDecision.objects.get().scrub == Scrub.objects.get()


class TestTheRhythm:
    def due(self):
        return Pairing.objects.with_due().get().scrub_due_on

    def test_the_last_decision_finishes_it(self, pairing, deal, second, ae, se, sign_in):
        actions.keep(ae, pairing, deal)
        assert Scrub.objects.get().finished_at is None
        actions.keep(se, pairing, second)
        assert Scrub.objects.get().finished_at is not None
        assert "You are through" in sign_in(ae).get(f"/pairings/{pairing.pk}/scrub/").content.decode()

    def test_it_may_end_before_with_what_is_left_counted(self, pairing, deal, second, ae, sign_in):
        actions.keep(ae, pairing, deal)
        assert sign_in(ae).post(f"/pairings/{pairing.pk}/scrub/finish/").status_code == 302
        assert Scrub.objects.values_list("left_open", flat=True).get() == 1
        assert actions.finish_scrub(ae, pairing) is None

    def test_the_next_one_is_due_by_the_charter_in_force(self, pairing, deal, ae):
        assert self.due() == days(14)
        pairing.charters.update(scrub_weeks=3)
        assert self.due() == days(21)
        actions.keep(ae, pairing, deal)
        Scrub.objects.update(finished_at=timezone.now() - datetime.timedelta(days=30))
        assert self.due() == days(-9)

    def test_a_proposed_charter_does_not_count_yet(self, pairing):
        pairing.charters.create(number=2, scrub_weeks=9)
        assert self.due() == days(14)

    def test_whether_each_was_in_time(self, pairing, ae, sign_in):
        now = timezone.now()
        for ago in (60, 40, 30):
            at = now - datetime.timedelta(days=ago)
            Scrub.objects.create(pairing=pairing, started_by=ae, started_at=at, finished_at=at)
        under_way, done = scrubs_of(pairing, pairing.charters.get(), ae)
        assert under_way is None
        assert [(scrub.days_after, scrub.is_late) for scrub in done] == [(10, False), (20, True), (None, False)]
        page = sign_in(ae).get(pairing.get_absolute_url()).content.decode()
        assert "20 days after the one before" in page
        assert "Overdue" in page
