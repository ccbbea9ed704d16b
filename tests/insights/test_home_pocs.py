"""An SE's home says which POCs are overdue, end within three days, or have not begun on their first day."""

import datetime

import pytest
from django.utils import timezone

from deals.models import Opportunity
from insights.home.of_pairs import pairs_and_pocs
from tests.deals.factories import OpportunityFactory, poc_of, stage

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def running(team, ae, se):
    """`running(name, ends=…)`: a POC of the SE's that runs, and ends in so many days."""

    def build(name, ends, state="running", **fields):
        today = timezone.localdate()
        deal = OpportunityFactory(name=name, team=team, owner=ae, se=se, stage=stage("evaluation"))
        return poc_of(deal, state, starts_on=today - 30 * DAY, ends_on=today + ends * DAY, **fields)

    return build


def pocs(user):
    return pairs_and_pocs(user)[1]


def told(user):
    return [(line.title, line.pills[0][0]) for line in pocs(user).lines]


def test_overdue_first_then_what_ends_soon(running, se, ae, manager):
    running("Far", ends=4)
    running("Soon", ends=3)
    running("Today", ends=0)
    running("Late", ends=-1)
    running("Later", ends=-9)
    assert told(se) == [
        ("Later", "9 days overdue"), ("Late", "1 day overdue"), ("Today", "ends today"), ("Soon", "ends in 3 days"),
    ]  # fmt: skip
    assert told(ae) == told(manager) == []


def test_one_that_has_not_begun_is_named_and_one_that_is_over_is_not(running, se):
    running("Agreed", ends=5, state="agreed")
    running("Over", ends=-5, state="passed")
    assert told(se) == [("Agreed", "should have started 30 days ago")]


def test_a_closed_deal_wants_nothing(running, se):
    poc = running("Late", ends=-1)
    Opportunity.objects.filter(pk=poc.opportunity_id).update(
        outcome="lost", stage=stage("lost"), closed_on=timezone.localdate(), lost_reason="price"
    )
    assert told(se) == []


def test_it_stands_on_the_home_page_and_asks_once(running, se, sign_in, django_assert_num_queries):
    running("Late", ends=-1)
    with django_assert_num_queries(1):
        assert pocs(se).lines
    page = sign_in(se).get("/").content.decode()
    assert "1 day overdue" in page
