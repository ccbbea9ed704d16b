"""Specialists beside the SE: who may ask, whom it is offered to, who gets it, what they see and for how long."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import specialists as actions
from deals.actions.queue import hand_back
from deals.actions.stages import close
from deals.forms.meetings import OurAttendeeForm
from deals.models import Opportunity, SpecialistRequest
from insights.home.of_deals import specialist_of
from leads.models import Company
from presales.errors import Conflict, NotAllowed
from qualification.models import Dossier
from tests.deals.factories import OpportunityFactory, stage
from tests.deals.test_claim_race import in_background, wait_until_one_waits_for_a_lock
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NEXT_WEEK = datetime.timedelta(days=7)


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se, name="Harbour")


@pytest.fixture
def expert(other_team):
    return UserFactory(role="se", team=other_team, name="Eva Expert", skills=["kafka", "Security"])


@pytest.fixture
def second(other_team):
    return UserFactory(role="se", team=other_team, name="Sven Second", skills=["Kafka"])


@pytest.fixture
def plain(other_team):
    return UserFactory(role="se", team=other_team, name="Paula Plain", skills=["SAP"])


def ask(actor, deal, **fields):
    known = {"kind": "architect", "skill": "Kafka", "purpose": "Their topology", "named": None}
    known["due_on"] = timezone.localdate() + NEXT_WEEK
    return actions.ask_specialist(actor, deal, SpecialistRequest(**known | fields))


def sees(user, deal):
    return Opportunity.objects.visible_to(user).filter(pk=deal.pk).exists()


def is_asked(user, request):
    return SpecialistRequest.objects.asked_of(user).filter(pk=request.pk).exists()


class TestAsking:
    @pytest.mark.parametrize("who", ["ae", "se", "manager", "admin"])
    def test_the_pair_and_its_managers_ask(self, who, deal, request):
        made = ask(request.getfixturevalue(who), deal)
        assert (made.state, made.requested_by.role) == ("waiting", who)

    def test_colleagues_specialists_and_marketing_do_not(self, deal, team, expert, marketing):
        for other in (UserFactory(role="ae", team=team), UserFactory(role="se", team=team), expert, marketing):
            with pytest.raises(NotAllowed):
                ask(other, deal)

    def test_a_closed_deal_asks_nobody(self, deal, ae):
        close(deal, stage("won"), timezone.localdate())
        with pytest.raises(Conflict, match="closed"):
            ask(ae, deal)

    def test_for_one_skill_one_request_at_a_time(self, deal, ae, se, expert):
        first = ask(ae, deal)
        with pytest.raises(Conflict, match="waits for an answer"):
            ask(se, deal, skill="KAFKA ")
        actions.accept_specialist(expert, first)
        with pytest.raises(Conflict, match="Eva Expert is on it"):
            ask(se, deal)
        ask(se, deal, skill="Security")
        with pytest.raises(IntegrityError), transaction.atomic():
            SpecialistRequest.objects.create(
                opportunity=deal, skill="kafka", purpose="x", due_on=timezone.localdate(), requested_by=ae
            )

    def test_only_another_active_se_can_be_named(self, deal, ae, se, manager, expert):
        expert.is_active = False
        for nobody in (se, manager, expert):
            with pytest.raises(Conflict, match="cannot be asked"):
                ask(ae, deal, named=nobody)

    def test_the_form_wants_a_skill_that_somebody_brings_or_a_name(self, deal, ae, expert, sign_in):
        page, client = f"/opportunities/{deal.pk}/specialists/ask/", sign_in(ae)
        data = {"kind": "devrel", "skill": "COBOL", "purpose": "Their core", "due_on": timezone.localdate() + NEXT_WEEK}
        assert "No other SE brings COBOL" in client.post(page, data).content.decode()
        assert client.post(page, data | {"due_on": "2020-01-01", "named": expert.pk}).status_code == 422
        assert client.post(page, data | {"named": expert.pk}).status_code == 302
        assert SpecialistRequest.objects.get().named == expert


class TestWhomItIsOfferedTo:
    def test_to_those_of_any_team_who_bring_the_skill(self, deal, ae, se, expert, second, plain):
        se.skills = ["Kafka"]
        se.save()
        request = ask(ae, deal)
        assert [is_asked(who, request) for who in (expert, second, plain, se, ae)] == [True, True, False, False, False]
        assert SpecialistRequest.objects.visible_to(expert).get() == request
        assert not SpecialistRequest.objects.visible_to(plain).exists()

    def test_who_is_named_is_asked_alone_and_if_they_pass_everyone_is(self, deal, ae, second, plain):
        request = ask(ae, deal, named=plain)
        assert (is_asked(plain, request), is_asked(second, request)) == (True, False)
        actions.decline_specialist(plain, request, reason="capacity")
        assert (is_asked(plain, request), is_asked(second, request)) == (False, True)

    def test_declining_leaves_it_with_the_others(self, deal, ae, expert, second, sign_in):
        request = ask(ae, deal)
        actions.decline_specialist(expert, request, reason="capacity", note="Back in May")
        assert (is_asked(expert, request), is_asked(second, request)) == (False, True)
        assert "Back in May" in sign_in(ae).get(f"/opportunities/{deal.pk}/specialists/").content.decode()

    def test_who_is_asked_reads_the_request_and_not_the_deal(self, deal, ae, expert, plain, sign_in):
        ask(ae, deal)
        client = sign_in(expert)
        page = client.get("/specialists/").content.decode()
        assert "Their topology" in page
        assert "Harbour" in page
        assert f"/opportunities/{deal.pk}/" not in page
        assert client.get(f"/opportunities/{deal.pk}/").status_code == 404
        assert "Harbour" not in sign_in(plain).get("/specialists/").content.decode()


class TestAccepting:
    def test_one_gets_it_and_the_others_hear_who(self, deal, ae, expert, second, sign_in):
        request = ask(ae, deal)
        assert sign_in(expert).post(f"/specialists/{request.pk}/accept/").status_code == 302
        late = sign_in(second).post(f"/specialists/{request.pk}/accept/")
        assert (late.status_code, "Taken by Eva Expert." in late.content.decode()) == (409, True)
        assert sign_in(second).get(f"/specialists/{request.pk}/decline/").status_code == 409
        assert SpecialistRequest.objects.get().specialist == expert

    def test_repeating_ones_own_is_a_success(self, deal, ae, expert):
        request = ask(ae, deal)
        first = actions.accept_specialist(expert, request)
        assert actions.accept_specialist(expert, request).accepted_at == first.accepted_at

    def test_whom_it_is_not_offered_to_does_not_know_of_it(self, deal, ae, se, plain, sign_in):
        request = ask(ae, deal)
        with pytest.raises(NotAllowed):
            actions.accept_specialist(plain, request)
        assert sign_in(plain).post(f"/specialists/{request.pk}/accept/").status_code == 404
        assert sign_in(se).post(f"/specialists/{request.pk}/accept/").status_code == 403

    def test_nobody_takes_what_was_withdrawn_or_whose_deal_closed(self, deal, ae, expert):
        request = ask(ae, deal)
        actions.withdraw_specialist(ae, request)
        with pytest.raises(Conflict, match="withdrawn"):
            actions.accept_specialist(expert, request)
        again = ask(ae, deal)
        close(deal, stage("won"), timezone.localdate())
        with pytest.raises(Conflict, match="deal closed"):
            actions.accept_specialist(expert, again)

    def test_the_database_knows_no_engagement_without_a_specialist(self, deal, ae):
        request = ask(ae, deal)
        with pytest.raises(IntegrityError), transaction.atomic():
            SpecialistRequest.objects.filter(pk=request.pk).update(state="engaged")


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_for_the_first_and_is_too_late(deal, ae, expert, second):
    request = ask(ae, deal)
    with transaction.atomic():
        actions.accept_specialist(expert, request)
        thread, outcome = in_background(lambda: actions.accept_specialist(second, request))
        wait_until_one_waits_for_a_lock()
    thread.join()
    assert outcome[0].message == "Taken by Eva Expert."
    assert SpecialistRequest.objects.get().specialist == expert


class TestWhileEngaged:
    @pytest.fixture
    def engaged(self, deal, ae, expert):
        return actions.accept_specialist(expert, ask(ae, deal))

    def test_the_specialist_sees_the_deal_and_what_belongs_to_it(self, engaged, deal, expert, second, sign_in):
        client = sign_in(expert)
        for page in ("", "requirements/", "specialists/"):
            assert client.get(f"/opportunities/{deal.pk}/{page}").status_code == 200
        assert Company.objects.visible_to(expert).filter(pk=deal.company_id).exists()
        assert Dossier.objects.visible_to(expert).filter(pk=deal.dossier_id).exists()
        assert not sees(second, deal)

    def test_and_changes_neither_lane(self, engaged, deal, expert):
        for lane in ("work_commercial", "work_technical", "work_stakeholders", "work_meetings", "move_stage",
                     "ask_specialist", "read_reserve", "write_proposal", "claim", "call_no_go"):  # fmt: skip
            assert not expert.has_perm(f"deals.{lane}", deal), lane
        assert not expert.has_perm("deals.withdraw_specialist", engaged)

    @pytest.mark.parametrize("end", ["finish", "withdraw"])
    def test_until_it_is_finished_or_withdrawn(self, end, engaged, deal, ae, expert, sign_in):
        if end == "finish":
            actions.finish_specialist(expert, engaged, came_of_it="Three brokers are enough")
        else:
            actions.withdraw_specialist(ae, engaged)
        client = sign_in(expert)
        assert not sees(expert, deal)
        assert client.get(f"/opportunities/{deal.pk}/specialists/").status_code == 404
        own = client.get("/specialists/").content.decode()
        assert "Their topology" in own
        assert f"/opportunities/{deal.pk}/" not in own
        assert SpecialistRequest.objects.visible_to(expert).get() == engaged

    def test_the_pair_reads_what_came_of_it(self, engaged, deal, se, expert, sign_in):
        sign_in(expert).post(f"/specialists/{engaged.pk}/finish/", {"came_of_it": "Three brokers are enough"})
        page = sign_in(se).get(f"/opportunities/{deal.pk}/specialists/").content.decode()
        assert "Three brokers are enough" in page

    def test_finishing_wants_words_and_the_specialist(self, engaged, ae, expert):
        with pytest.raises(Conflict, match="what came of it"):
            actions.finish_specialist(expert, engaged, came_of_it="  ")
        with pytest.raises(NotAllowed):
            actions.finish_specialist(ae, engaged, came_of_it="Fine")

    def test_what_is_finished_is_not_withdrawn(self, engaged, ae, expert):
        actions.finish_specialist(expert, engaged, came_of_it="Fine")
        with pytest.raises(Conflict, match="finished"):
            actions.withdraw_specialist(ae, engaged)

    def test_withdrawing_twice_is_a_success(self, engaged, ae, se):
        actions.withdraw_specialist(ae, engaged)
        assert actions.withdraw_specialist(se, engaged).state == "withdrawn"

    def test_closing_lets_the_specialist_still_write_the_note(self, engaged, deal, expert):
        close(deal, stage("won"), timezone.localdate())
        assert sees(expert, deal)
        assert actions.finish_specialist(expert, engaged, came_of_it="Fine").state == "finished"

    def test_another_se_of_the_deal_changes_nothing_for_them(self, engaged, deal, se, expert):
        hand_back(se, deal, reason="Holidays")
        assert sees(expert, deal)

    def test_may_be_named_to_a_meeting_while_on_it(self, engaged, deal, ae, expert):
        def may_come():
            return expert in OurAttendeeForm(user=ae, subject=deal).fields["user"].queryset

        assert may_come()
        actions.finish_specialist(expert, engaged, came_of_it="Fine")
        assert not may_come()


class TestPages:
    def test_home_shows_what_is_asked_and_what_one_is_on(
        self, deal, ae, expert, second, sign_in, django_assert_num_queries
    ):
        request = ask(ae, deal)
        with django_assert_num_queries(1):
            section = specialist_of(expert)
        assert [(line.title, line.action.label) for line in section.lines] == [("Harbour", "Accept")]
        actions.accept_specialist(expert, request)
        assert [line.action.label for line in specialist_of(expert).lines] == ["Finish"]
        assert not specialist_of(second).lines
        assert "Specialist requests" in sign_in(expert).get("/").content.decode()

    @pytest.mark.parametrize("page", ["/specialists/", "/opportunities/{}/specialists/"])
    def test_as_many_queries_for_many_requests(self, page, deal, ae, expert, sign_in, django_assert_max_num_queries):
        expert.skills = [f"Skill {number}" for number in range(12)]
        expert.save()
        for number in range(12):
            made = ask(ae, deal, skill=f"Skill {number}")
            if number % 3 == 0:
                actions.accept_specialist(expert, made)
        client = sign_in(expert)
        with django_assert_max_num_queries(6):
            assert client.get(page.format(deal.pk)).status_code == 200

    def test_the_queue_leads_there(self, se, sign_in):
        assert 'href="/specialists/"' in sign_in(se).get("/queue/").content.decode()

    def test_the_form_of_a_deal_that_somebody_may_not_work_on_is_refused(self, deal, team, sign_in):
        mate = sign_in(UserFactory(role="ae", team=team))
        assert mate.get(f"/opportunities/{deal.pk}/specialists/").status_code == 200
        assert mate.get(f"/opportunities/{deal.pk}/specialists/ask/").status_code == 403
