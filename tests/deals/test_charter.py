"""The charter is live: what is held back, what lets it through, and the SE who accepts it anyway."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import help_requests as requests
from deals.actions import pairings
from deals.actions.pairings import TERMS
from deals.actions.queue import request_help
from deals.charter import below_charter, charter_in_force, with_charter
from deals.models import Charter, CharterException, HelpRequest, Opportunity, QueueEntry
from presales.errors import Conflict, GateRefused, NotAllowed
from qualification.models import TeamPolicy
from tests.deals.factories import OpportunityFactory, StakeholderFactory, stage, waiting
from tests.factories import UserFactory
from tests.qualification.factories import DossierFactory, evidence, framework

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    """Claimed by the SE; nothing is known yet."""
    return OpportunityFactory(team=team, owner=ae, se=se)


@pytest.fixture
def free(team, ae):
    """A deal without an SE."""
    return OpportunityFactory(team=team, owner=ae)


def in_days(days):
    return timezone.localdate() + datetime.timedelta(days=days)


def meet(deal):
    evidence(deal.dossier, "budget", 2, amount=50000)
    evidence(deal.dossier, "timeline", 2, decision_on=in_days(90))
    StakeholderFactory(opportunity=deal, role="economic_buyer", stance="neutral")


def agree(ae, se, **changes):
    pairing = pairings.start_pairing(ae, ae, se)
    terms = {name: Charter._meta.get_field(name).get_default() for name in TERMS} | changes
    return pairings.accept_charter(se, pairings.propose_charter(ae, pairing, terms, based_on=1))


def missing(deal):
    return [item.what for item in below_charter(Opportunity.objects.get(pk=deal.pk))]


def held(deal, actor, kind="demo"):
    with pytest.raises(GateRefused) as refused:
        request_help(actor, deal, kind, "Their own case")
    return HelpRequest.objects.unsettled().get(opportunity=deal, kind=kind), refused.value


class TestTheThresholds:
    def test_a_bare_deal_misses_all_three_each_with_the_link_that_mends_it(self, deal):
        found = below_charter(deal)
        assert [item.what for item in found] == [
            "Nobody has said that a budget exists",
            "Nobody has named a decision within 6 months",
            "No sponsor at VP level is engaged",
        ]
        assert all(item.url for item in found)
        assert found[2].url == f"/opportunities/{deal.pk}/stakeholders/add/?role=economic_buyer"

    def test_a_deal_that_meets_them_misses_nothing(self, deal):
        meet(deal)
        assert missing(deal) == []

    @pytest.mark.parametrize(
        ("level", "amount", "age", "said"),
        [(1, 50000, 0, "Nobody has said"), (2, None, 0, "no figure"), (2, 0, 0, "no figure"), (2, 50000, 60, "stale")],
    )
    def test_a_budget_is_stated_fresh_and_a_figure(self, deal, level, amount, age, said):
        meet(deal)
        evidence(deal.dossier, "budget", level, amount=amount, age=age)
        assert [said in text for text in missing(deal)] == [True]

    def test_a_date_that_went_stale_is_asked_for_again(self, deal):
        meet(deal)
        evidence(deal.dossier, "timeline", 2, decision_on=in_days(90), age=60)
        assert ["has gone stale" in text for text in missing(deal)] == [True]

    @pytest.mark.parametrize(
        ("days", "said"), [(-1, "has passed"), (0, ""), (89, ""), (100, "falls on"), (None, "Nobody has named")]
    )
    def test_the_decision_falls_within_the_agreed_months(self, deal, ae, se, days, said):
        agree(ae, se, timeline_months=3)
        meet(deal)
        evidence(deal.dossier, "timeline", 2, decision_on=None if days is None else in_days(days))
        assert [said in text for text in missing(deal)] == ([True] if said else [])

    @pytest.mark.parametrize(
        ("role", "title", "stance", "engaged"),
        [
            ("economic_buyer", "", "supports", True),
            ("user", "Vice President Operations", "neutral", True),
            ("champion", "Chief Information Officer", "supports", True),
            ("champion", "Director of IT", "supports", False),
            ("economic_buyer", "", "unknown", False),
            ("economic_buyer", "CFO", "against", False),
        ],
    )
    def test_a_sponsor_is_senior_and_engaged(self, deal, role, title, stance, engaged):
        meet(deal)
        deal.stakeholders.all().delete()
        StakeholderFactory(opportunity=deal, role=role, job_title=title, stance=stance)
        assert (missing(deal) == []) is engaged

    def test_who_is_known_but_not_heard_is_the_one_to_mend(self, deal):
        person = StakeholderFactory(opportunity=deal, role="economic_buyer", name="Lena", stance="unknown")
        sponsor = below_charter(deal)[-1]
        assert sponsor.url == f"/stakeholders/{person.pk}/edit/"
        assert "Lena has not been heard yet" in sponsor.what

    def test_what_the_pair_does_not_ask_for_is_not_missed(self, deal, ae, se):
        agree(ae, se, budget_required=False, sponsor_required=False)
        evidence(deal.dossier, "timeline", 2, decision_on=in_days(30))
        assert missing(deal) == []

    def test_without_an_agreed_charter_the_teams_timeline_holds(self, free, team):
        TeamPolicy.objects.create(team=team, framework=framework(), timeline_months=2)
        free.dossier.team = team
        free.dossier.save()
        meet(free)  # in 90 days
        assert ["within 2 months" in text for text in missing(free)] == [True]

    def test_a_framework_without_budget_and_date_is_measured_by_the_deal_itself(self, team, ae, se):
        deal = OpportunityFactory(
            team=team, owner=ae, se=se, dossier=DossierFactory(framework=framework("none")), amount=0
        )
        StakeholderFactory(opportunity=deal, role="economic_buyer", stance="supports")
        assert len(missing(deal)) == 2
        Opportunity.objects.update(amount=1, close_date=in_days(30))
        assert missing(deal) == []


class TestHoldingBack:
    @pytest.mark.parametrize("kind", ["demo", "poc"])
    def test_a_request_below_the_charter_is_kept_and_refused_with_what_is_missing(self, deal, ae, kind):
        request, refused = held(deal, ae, kind)
        assert (request.state, request.requested_by, len(request.missing)) == ("held", ae, 3)
        assert len(refused.missing) == 3
        assert "held back by the charter" in refused.message

    def test_other_kinds_of_help_have_no_threshold(self, free, ae):
        assert request_help(ae, free, "discovery").kind == "discovery"
        assert not HelpRequest.objects.exists()

    def test_asking_again_keeps_one_request_and_measures_anew(self, deal, ae):
        held(deal, ae)
        evidence(deal.dossier, "budget", 2, amount=50000)
        request, refused = held(deal, ae)
        assert len(request.missing) == len(refused.missing) == 2

    def test_mended_it_goes_to_the_se(self, deal, ae):
        request, _ = held(deal, ae)
        meet(deal)
        assert request_help(ae, deal, "demo").pk == request.pk
        request.refresh_from_db()
        assert request.state == "with_se"
        # Once through, it stays through, whatever the evidence does later.
        deal.stakeholders.all().delete()
        assert request_help(ae, deal, "demo", "Twice").state == "with_se"

    def test_without_an_se_it_goes_to_the_queue(self, free, ae):
        request, _ = held(free, ae)
        assert not QueueEntry.objects.exists()
        meet(free)
        assert request_help(ae, free, "demo").kind == "demo"
        request.refresh_from_db()
        assert (request.state, QueueEntry.objects.waiting().count()) == ("queued", 1)

    def test_what_is_no_demo_or_poc_one_asks_the_se_directly(self, deal, ae):
        with pytest.raises(Conflict, match="Ask them directly"):
            request_help(ae, deal, "rfp")

    def test_only_the_commercial_lane_asks(self, deal, se, team):
        for actor in (se, UserFactory(role="ae", team=team)):
            with pytest.raises(NotAllowed):
                request_help(actor, deal, "demo")
        assert not HelpRequest.objects.exists()

    def test_a_closed_deal_asks_for_nothing(self, deal, ae):
        request, _ = held(deal, ae)
        Opportunity.objects.update(outcome="won", closed_on=timezone.localdate(), stage=stage("won"))
        with pytest.raises(Conflict, match="closed"):
            request_help(ae, deal, "demo")
        with pytest.raises(Conflict, match="closed"):
            requests.withdraw_help_request(ae, request)
        assert not HelpRequest.objects.unsettled().exists()


class TestAcceptingAnyway:
    def test_the_se_accepts_with_a_reason_that_is_kept(self, deal, ae, se):
        request, _ = held(deal, ae)
        requests.accept_anyway(se, request, reason="The CFO comes to the demo")
        request.refresh_from_db()
        exception = CharterException.objects.get()
        assert request.state == "with_se"
        assert (exception.by, exception.kind, exception.opportunity) == (se, "demo", deal)
        assert (exception.reason, len(exception.missing)) == ("The CFO comes to the demo", 3)

    def test_twice_is_one_exception(self, deal, ae, se):
        request, _ = held(deal, ae)
        for _ in range(2):
            requests.accept_anyway(se, request, reason="So be it")
        assert CharterException.objects.count() == 1

    def test_without_a_reason_nothing_happens(self, deal, ae, se):
        request, _ = held(deal, ae)
        with pytest.raises(Conflict, match="reason"):
            requests.accept_anyway(se, request, reason="  ")
        with pytest.raises(IntegrityError), transaction.atomic():
            CharterException.objects.create(
                request=request, opportunity=deal, kind="demo", missing=[], by=se, reason=""
            )  # fmt: skip

    def test_once_nothing_is_missing_it_is_no_exception(self, deal, ae, se):
        request, _ = held(deal, ae)
        meet(deal)
        assert requests.accept_anyway(se, request, reason="Fine").state == "with_se"
        assert not CharterException.objects.exists()

    def test_neither_the_ae_nor_an_se_without_the_deal(self, deal, ae, team):
        request, _ = held(deal, ae)
        for actor in (ae, UserFactory(role="se", team=team)):
            with pytest.raises(NotAllowed):
                requests.accept_anyway(actor, request, reason="Let us")

    def test_on_a_deal_without_an_se_any_se_of_the_team_may_and_it_enters_the_queue(self, free, ae, se):
        request, _ = held(free, ae)
        assert requests.accept_anyway(se, request, reason="Strategic").state == "queued"
        assert QueueEntry.objects.waiting().get().kind == "demo"

    def test_what_is_withdrawn_is_not_accepted(self, deal, ae, se):
        request, _ = held(deal, ae)
        requests.withdraw_help_request(ae, request)
        with pytest.raises(Conflict, match="withdrawn"):
            requests.accept_anyway(se, request, reason="Late")

    def test_the_se_says_when_it_is_done(self, deal, ae, se):
        request, _ = held(deal, ae)
        with pytest.raises(Conflict):
            requests.finish_request(se, request)
        requests.accept_anyway(se, request, reason="Now")
        assert requests.finish_request(se, request).state == "done"
        with pytest.raises(Conflict):
            requests.withdraw_help_request(ae, request)


class TestThePages:
    def test_the_ae_sees_what_is_missing_when_asking_and_on_the_deal(self, deal, ae, sign_in):
        client = sign_in(ae)
        response = client.post(f"/opportunities/{deal.pk}/ask/", {"kind": "demo", "note": "Their own case"})
        assert response.status_code == 409
        assert "No sponsor at VP level is engaged" in response.content.decode()
        page = client.get(deal.get_absolute_url()).content.decode()
        assert "Demo request held back" in page
        assert "No sponsor at VP level is engaged" in page
        assert "Accept anyway" not in page

    def test_the_se_sees_it_and_accepts_it_by_page(self, deal, ae, se, sign_in):
        request, _ = held(deal, ae)
        client = sign_in(se)
        page = client.get(deal.get_absolute_url()).content.decode()
        assert "Demo request held back" in page
        assert f"/help-requests/{request.pk}/accept/" in page
        assert client.post(f"/help-requests/{request.pk}/accept/", {"reason": ""}).status_code == 422
        assert client.post(f"/help-requests/{request.pk}/accept/", {"reason": "The CFO comes"}).status_code == 302
        page = client.get(deal.get_absolute_url()).content.decode()
        assert "1 charter exception" in page
        assert "The CFO comes" in page

    def test_asking_again_by_page(self, deal, ae, sign_in):
        request, _ = held(deal, ae)
        client = sign_in(ae)
        assert client.post(f"/help-requests/{request.pk}/again/").status_code == 409
        meet(deal)
        page = client.get(deal.get_absolute_url()).content.decode()
        assert "Nothing is missing any more" in page
        assert client.post(f"/help-requests/{request.pk}/again/").url == deal.get_absolute_url()
        request.refresh_from_db()
        assert request.state == "with_se"

    def test_who_has_an_se_asks_only_for_demo_and_poc(self, deal, free, ae, sign_in):
        page = sign_in(ae).get(f"/opportunities/{deal.pk}/ask/").content.decode()
        assert 'value="poc"' in page
        assert 'value="rfp"' not in page
        assert 'value="rfp"' in sign_in(ae).get(f"/opportunities/{free.pk}/ask/").content.decode()

    def test_the_home_pages_show_what_is_held_back(self, deal, ae, se, sign_in):
        held(deal, ae)
        for person, act in ((se, "Accept anyway"), (ae, "See why")):
            page = sign_in(person).get("/").content.decode()
            assert "Demo request held back" in page
            assert act in page

    def test_a_full_story_in_few_queries(self, deal, ae, se, sign_in, django_assert_max_num_queries):
        TeamPolicy.objects.create(team=deal.team, framework=framework())
        deal.dossier.team = deal.team
        deal.dossier.save()
        agree(ae, se)
        waiting(deal)
        for kind in ("demo", "poc"):
            request, _ = held(deal, ae, kind)
            requests.accept_anyway(se, request, reason="Strategic")
            requests.finish_request(se, request)
        held(deal, ae)
        for person in (ae, se):
            client = sign_in(person)
            with django_assert_max_num_queries(12):
                client.get(deal.get_absolute_url())


def test_the_page_reads_the_charter_that_is_in_force(deal, ae, se):
    def read():
        found = with_charter(Opportunity.objects.all()).get(pk=deal.pk)
        in_force = charter_in_force(deal)
        assert found.charter == (in_force and {"pairing": in_force.pairing_id, "number": in_force.number})
        return in_force and in_force.number

    assert read() is None
    second = agree(ae, se)
    assert read() == 2
    terms = {name: getattr(second, name) for name in TERMS} | {"timeline_months": 9}
    third = pairings.propose_charter(se, second.pairing, terms, based_on=2)
    assert read() == 2  # only one of the two has accepted the third
    pairings.accept_charter(ae, third)
    assert read() == 3
    pairings.end_pairing(ae, third.pairing)
    assert read() is None
