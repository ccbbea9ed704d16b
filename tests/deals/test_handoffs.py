"""The handoff of a won deal: started before the signature, written by two lanes, accepted by its receiver."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions.handoffs import (
    accept_handoff,
    add_person,
    hand_over,
    remove_person,
    return_handoff,
    write_handoff,
)
from deals.actions.stages import move_stage, reopen
from deals.gates import missing_for
from deals.models import Claim, ExitCriterion, Handoff, Opportunity
from presales.errors import Conflict, GateRefused, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, StakeholderFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()
PROMISED = "Single sign-on by March"
BUILT = "A connector to their warehouse"


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("negotiation"))
    Claim.objects.create(opportunity=made, se=se)
    ExitCriterion.objects.exclude(gate="handoff_started").delete()
    return made


@pytest.fixture
def receiver(other_team):
    """Somebody of another team, who sees none of our deals."""
    return UserFactory(role="se", team=other_team, name="Cora Success")


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


def current(deal):
    return Handoff.objects.current().get(opportunity=deal)


def promise(ae, deal, receiver=None, **facts):
    facts = {"promises": PROMISED, "success_metrics": "Half the tickets", "receiver": receiver, **facts}
    return write_handoff(ae, deal, Handoff(**facts), "commercial")


def build(se, deal):
    found = current(deal)
    found.custom_work, found.risks = BUILT, "Their release in May"
    return write_handoff(se, deal, found, "technical", found.version)


def win(ae, deal):
    return move_stage(ae, fresh(deal), stage("won"), signed_on=TODAY)


@pytest.fixture
def given(deal, ae, se, receiver):
    """A won deal whose handoff lies with the receiver."""
    promise(ae, deal, receiver)
    build(se, deal)
    win(ae, deal)
    return hand_over(ae, current(deal))


class TestWinningWantsIt:
    def test_a_deal_is_not_won_before_its_handoff_is_started(self, deal, ae):
        with pytest.raises(GateRefused) as refused:
            win(ae, deal)
        [missing] = refused.value.missing
        assert (missing.what, missing.url) == ("The handoff is not started", f"/opportunities/{deal.pk}/handoff/")
        assert fresh(deal).is_open

    def test_first_words_of_either_lane_start_it(self, deal, ae, se):
        write_handoff(se, deal, Handoff(custom_work="None"), "technical")
        assert missing_for(deal, stage("won")) == []
        win(ae, deal)
        assert (fresh(deal).outcome, current(deal).closed_on) == ("won", TODAY)

    def test_one_of_an_earlier_closing_does_not_count(self, deal, ae, se, receiver, given):
        reopen(ae, fresh(deal), stage("negotiation"), reason="They want another year")
        assert [item.what for item in missing_for(fresh(deal), stage("won"))] == ["The handoff is not started"]

    def test_losing_does_not_want_it(self, deal, ae):
        move_stage(ae, deal, stage("lost"), lost_reason="price")
        assert fresh(deal).outcome == "lost"


class TestLanes:
    def test_the_se_does_not_promise_and_the_ae_does_not_build(self, deal, ae, se):
        with pytest.raises(NotAllowed):
            write_handoff(se, deal, Handoff(promises=PROMISED), "commercial")
        with pytest.raises(NotAllowed):
            write_handoff(ae, deal, Handoff(custom_work=BUILT), "technical")
        assert not Handoff.objects.exists()

    def test_writing_in_one_lane_leaves_the_other_alone(self, deal, ae, se):
        promise(ae, deal)
        found = current(deal)
        found.promises, found.custom_work = "Everything", BUILT
        write_handoff(se, deal, found, "technical", found.version)
        assert (current(deal).promises, current(deal).custom_work) == (PROMISED, BUILT)

    def test_posting_the_other_lanes_fields_writes_nothing_of_them(self, deal, ae, se, sign_in):
        promise(ae, deal)
        data = {"custom_work": BUILT, "risks": "None", "promises": "Everything", "receiver": se.pk, "version": 1}
        assert sign_in(se).post(f"/opportunities/{deal.pk}/handoff/custom-work/", data).status_code == 302
        assert (current(deal).promises, current(deal).receiver, current(deal).risks) == (PROMISED, None, "None")
        assert sign_in(se).post(f"/opportunities/{deal.pk}/handoff/promises/", data).status_code == 403

    def test_what_the_requirements_call_custom_work_is_carried_over(self, deal, se, sign_in):
        deal.requirements.create(text="A connector to their warehouse", fit="custom", order=1)
        deal.requirements.create(text="Single sign-on", fit="native", order=2)
        page = sign_in(se).get(f"/opportunities/{deal.pk}/handoff/custom-work/").content.decode()
        assert "A connector to their warehouse" in page
        assert "Single sign-on" not in page
        write_handoff(se, deal, Handoff(custom_work="Nothing after all"), "technical")
        page = sign_in(se).get(f"/opportunities/{deal.pk}/handoff/custom-work/").content.decode()
        assert "Nothing after all" in page
        assert "A connector" not in page

    def test_the_manager_writes_both(self, deal, manager):
        promise(manager, deal)
        build(manager, deal)

    def test_nobody_hands_over_to_the_deals_own_ae(self, deal, ae):
        with pytest.raises(Conflict, match="somebody else"):
            promise(ae, deal, ae)


class TestHandingOver:
    def test_says_what_is_missing(self, deal, ae):
        promise(ae, deal, success_metrics="")
        with pytest.raises(Conflict) as refused:
            hand_over(ae, current(deal))
        for text in ("what success is measured by", "who receives it", "built for them alone", "not won yet"):
            assert text in refused.value.message

    def test_without_an_se_nothing_technical_is_wanted(self, deal, ae, receiver):
        Claim.objects.all().delete()
        Opportunity.objects.update(se=None)
        promise(ae, fresh(deal), receiver)
        win(ae, deal)
        assert hand_over(ae, current(deal)).waits

    def test_only_the_commercial_lane_hands_over(self, deal, ae, se, receiver):
        promise(ae, deal, receiver)
        with pytest.raises(NotAllowed):
            hand_over(se, current(deal))

    def test_while_the_receiver_reads_nothing_changes(self, deal, ae, se, given):
        with pytest.raises(Conflict, match="lies with Cora"):
            build(se, deal)
        with pytest.raises(Conflict, match="lies with Cora"):
            add_person(ae, given, StakeholderFactory(opportunity=deal))
        assert hand_over(ae, given).handed_over_at == given.handed_over_at

    def test_a_receiver_who_has_left_gets_nothing(self, deal, ae, se, receiver):
        promise(ae, deal, receiver)
        build(se, deal)
        win(ae, deal)
        receiver.is_active = False
        receiver.save()
        with pytest.raises(Conflict, match="has left"):
            hand_over(ae, current(deal))


class TestReceiving:
    def test_accepted(self, given, receiver, ae, se, deal):
        accept_handoff(receiver, given)
        found = current(deal)
        assert found.is_accepted
        assert timezone.now() - found.accepted_at < datetime.timedelta(minutes=1)
        accept_handoff(receiver, given)
        with pytest.raises(Conflict, match="has accepted it"):
            build(se, deal)

    def test_by_nobody_else(self, given, ae, se, manager, admin):
        for person in (ae, se, manager, admin):
            with pytest.raises(NotAllowed):
                accept_handoff(person, given)
            with pytest.raises(NotAllowed):
                return_handoff(person, given, "Why?")

    def test_returned_with_a_question_that_has_to_be_answered(self, given, receiver, ae, se, deal):
        with pytest.raises(Conflict, match="what you want to know"):
            return_handoff(receiver, given, " ")
        return_handoff(receiver, given, "Who pays for the connector?")
        build(se, deal)
        with pytest.raises(Conflict, match="Answer the question"):
            hand_over(ae, current(deal))
        hand_over(ae, current(deal), answer="They do, from April")
        assert (current(deal).question, current(deal).answer) == ("Who pays for the connector?", "They do, from April")
        accept_handoff(receiver, current(deal))

    def test_what_was_not_handed_over_is_not_received(self, deal, ae, receiver):
        promise(ae, deal, receiver)
        for act in (
            lambda: accept_handoff(receiver, current(deal)),
            lambda: return_handoff(receiver, current(deal), "?"),
        ):
            with pytest.raises(Conflict, match="not waiting"):
                act()


class TestWhoReadsIt:
    def test_the_receiver_once_it_is_handed_over_and_not_the_deal(self, deal, ae, se, receiver, sign_in):
        promise(ae, deal, receiver)
        assert not Handoff.objects.visible_to(receiver).exists()
        build(se, deal)
        win(ae, deal)
        assert not Handoff.objects.visible_to(receiver).exists()
        found = hand_over(ae, current(deal))
        client = sign_in(receiver)
        page = client.get(f"/handoffs/{found.pk}/").content.decode()
        for text in (PROMISED, BUILT, "Their release in May", "Half the tickets"):
            assert text in page
        assert f"/opportunities/{deal.pk}/" not in page
        assert client.get(f"/opportunities/{deal.pk}/handoff/").status_code == 404
        assert "/handoffs/" in client.get("/handoffs/").content.decode()

    def test_nobody_else_of_another_team(self, given, other_team, marketing, sign_in):
        for person in (
            UserFactory(role="ae", team=other_team),
            UserFactory(role="manager", team=other_team),
            marketing,
        ):
            assert not Handoff.objects.visible_to(person).exists()
            assert sign_in(person).get(f"/handoffs/{given.pk}/").status_code == 404

    def test_nor_who_was_the_receiver_before(self, given, receiver, ae, team, deal):
        return_handoff(receiver, given, "Is that ours?")
        found = current(deal)
        found.receiver = UserFactory(role="se", team=team, name="Dora")
        write_handoff(ae, deal, found, "commercial", found.version)
        assert not Handoff.objects.visible_to(receiver).exists()


class TestPeople:
    def test_kept_by_name_whatever_becomes_of_the_committee(self, deal, ae, se):
        promise(ae, deal)
        buyer = StakeholderFactory(opportunity=deal, name="Kim Doe", job_title="CFO", role="economic_buyer")
        add_person(se, current(deal), buyer, "Reads every invoice")
        with pytest.raises(Conflict, match="named already"):
            add_person(ae, current(deal), buyer)
        buyer.delete()
        person = current(deal).people.get()
        assert (person.name, person.job_title, person.note) == ("Kim Doe", "CFO", "Reads every invoice")
        remove_person(ae, person)
        remove_person(ae, person)
        assert not current(deal).people.exists()

    def test_of_this_deal_only(self, deal, ae, sign_in):
        promise(ae, deal)
        other = StakeholderFactory()
        with pytest.raises(Conflict, match="another deal"):
            add_person(ae, current(deal), other)
        answer = sign_in(ae).post(f"/handoffs/{current(deal).pk}/people/add/", {"stakeholder": other.pk})
        assert answer.status_code == 422


class TestOpenedAgain:
    def test_it_stays_as_the_record_of_that_closing(self, deal, ae, se, receiver, given, sign_in):
        accept_handoff(receiver, given)
        reopen(ae, fresh(deal), stage("negotiation"), reason="They want another year")
        kept = Handoff.objects.get()
        assert (kept.is_record, kept.promises, kept.closed_on) == (True, PROMISED, TODAY)
        assert Handoff.objects.visible_to(receiver).filter(pk=kept.pk).exists()
        for act in (lambda: hand_over(ae, kept), lambda: return_handoff(receiver, kept, "Why?")):
            with pytest.raises(Conflict):
                act()
        promise(ae, fresh(deal), promises="Two years at that price")
        page = sign_in(ae).get(f"/opportunities/{deal.pk}/handoff/").content.decode()
        assert "Two years at that price" in page
        assert PROMISED in page
        assert "Handoff of the closing on" in page

    def test_one_that_was_only_started_goes_on(self, deal, ae):
        promise(ae, deal)
        move_stage(ae, fresh(deal), stage("lost"), lost_reason="price")
        reopen(ae, fresh(deal), stage("negotiation"), reason="They called")
        assert current(deal).promises == PROMISED


class TestTwoAtOnce:
    def test_the_second_of_two_sees_both_values(self, deal, ae, manager, sign_in):
        promise(ae, deal)
        found = current(deal)
        found.promises = "Two promises"
        write_handoff(manager, deal, found, "commercial", found.version)
        data = {"promises": "Three", "success_metrics": "", "receiver": "", "version": 1}
        answer = sign_in(ae).post(f"/opportunities/{deal.pk}/handoff/promises/", data)
        assert answer.status_code == 409
        assert "Now stored: Two promises" in answer.content.decode()

    def test_what_the_other_lane_wrote_meanwhile_is_no_conflict(self, deal, ae, se, manager, sign_in):
        promise(ae, deal)
        build(se, deal)
        url = f"/opportunities/{deal.pk}/handoff/promises/"
        data = {"promises": "Three", "success_metrics": "", "receiver": "", "version": 1}
        assert sign_in(ae).post(url, data).status_code == 302
        assert (current(deal).promises, current(deal).custom_work) == ("Three", BUILT)
        assert sign_in(manager).post(url, data | {"promises": "Four"}).status_code == 409
        assert current(deal).promises == "Three"

    def test_two_first_words_at_once_are_one(self, deal, ae, manager):
        promise(ae, deal)
        with pytest.raises(StaleEdit):
            promise(manager, deal)


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "handed_over"},
        {"state": "accepted", "closed_on": TODAY},
        {"state": "nowhere"},
        {"accepted_at": timezone.now()},
        {"reopened_at": timezone.now()},
    ],
)
def test_the_database_refuses_it_too(deal, ae, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        Handoff.objects.create(opportunity=deal, started_by=ae, **facts)


class TestPages:
    @pytest.mark.parametrize(
        "data", [{}, {"promises": " "}, {"promises": "x" * 4001}, {"promises": "x", "receiver": "0"}]
    )
    def test_bad_input_is_a_form_error(self, deal, ae, sign_in, data):
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/handoff/promises/", data).status_code == 422

    def test_few_queries_whatever_the_number(
        self, deal, ae, se, receiver, given, sign_in, django_assert_max_num_queries
    ):
        for number in range(6):
            person = StakeholderFactory(opportunity=deal, name=f"Person {number}")
            given.people.create(stakeholder=person, name=person.name, role="user")
        pair, reader = sign_in(ae), sign_in(receiver)
        with django_assert_max_num_queries(12):
            assert pair.get(f"/opportunities/{deal.pk}/handoff/").status_code == 200
        with django_assert_max_num_queries(12):
            assert reader.get(f"/handoffs/{given.pk}/").status_code == 200
        with django_assert_max_num_queries(12):
            assert reader.get("/handoffs/?view=all&cursor=junk").status_code == 200
