"""Who asked for a specialist reads on the home page what became of it."""

import pytest
from django.utils import timezone

from deals.actions import specialists as actions
from deals.models import Opportunity, SpecialistDecline, SpecialistRequest
from insights.home.of_closings import closings_and_answers
from insights.home.of_specialists import SINCE
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se, name="Harbour")


@pytest.fixture
def expert(other_team):
    return UserFactory(role="se", team=other_team, name="Eva Expert", skills=["Kafka"])


@pytest.fixture
def request_of(deal):
    def asked(actor, **fields):
        known = {"kind": "architect", "skill": "Kafka", "purpose": "Their topology", "due_on": timezone.localdate()}
        return actions.ask_specialist(actor, deal, SpecialistRequest(**known | fields))

    return asked


def told(user):
    return [(line.title, line.why, [label for label, _ in line.pills]) for line in closings_and_answers(user)[1].lines]


def test_that_somebody_takes_it_and_what_came_of_it(request_of, ae, se, expert):
    asked = request_of(se)
    assert told(se) == []
    actions.accept_specialist(expert, asked)
    assert told(se) == [("Harbour", "Eva Expert is on it", ["Kafka", "On it"])]
    assert told(ae) == []
    actions.finish_specialist(expert, asked, came_of_it="Two brokers are enough.")
    assert told(se) == [("Harbour", "Eva Expert: Two brokers are enough.", ["Kafka", "Finished"])]


def test_that_somebody_passes_until_another_takes_it(request_of, ae, expert, other_team):
    asked = request_of(ae, named=expert)
    actions.decline_specialist(expert, asked, reason="capacity", note="In May again")
    assert told(ae) == [("Harbour", "Eva Expert passed: no capacity; In May again", ["Kafka", "Declined"])]
    second = UserFactory(role="se", team=other_team, name="Sven Second", skills=["Kafka"])
    actions.accept_specialist(second, asked)
    assert told(ae) == [("Harbour", "Sven Second is on it", ["Kafka", "On it"])]


def test_for_some_days_and_of_the_own_deals(request_of, deal, se, expert):
    actions.decline_specialist(expert, request_of(se), reason="capacity")
    SpecialistDecline.objects.update(declined_at=timezone.now() - SINCE)
    assert told(se) == []
    SpecialistDecline.objects.update(declined_at=timezone.now())
    assert len(told(se)) == 1
    Opportunity.objects.filter(pk=deal.pk).update(se=None)
    assert told(se) == []


def test_in_one_query_on_the_home_page(request_of, se, expert, sign_in, django_assert_num_queries):
    actions.accept_specialist(expert, request_of(se))
    with django_assert_num_queries(1):
        closings_and_answers(se)
    assert "Eva Expert is on it" in sign_in(se).get("/").content.decode()
