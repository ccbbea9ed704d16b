"""Figures of today, whose SQL is kept: what somebody reads is never of another, and never of before."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Opportunity, Quota
from insights import pipeline
from insights.filters import Filters, Quarterly
from insights.periods import quarter_of
from insights.queries.added_up import fetched, rows_of, summed
from insights.queries.attainment import reached, total
from insights.queries.book import open_book
from insights.queries.closed import closed_book
from people.models import Role
from presales.quarters import quarter_start
from tests.factories import TeamFactory, UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db
COUNT = "SELECT count(*) FROM ({deals}) AS deal"


def still_open(filters):
    return filters.open_deals().order_by().values("id")


def records(filters):
    return filters.open_deals().order_by("pk")


def test_the_same_sql_tells_what_is_there_now(admin):
    filters = Filters(admin)
    for number in (1, 2, 3):
        deal(amount=Decimal(number))
        assert summed(filters, COUNT, still_open) == [(number,)]
        assert open_book(filters).total.count == number
    Opportunity.objects.update(amount=Decimal(7))
    assert open_book(filters).total.amount == 21


def test_each_reads_what_they_see():
    teams = [TeamFactory(), TeamFactory()]
    managers = [UserFactory(role=Role.MANAGER, team=team) for team in teams]
    for count, team in enumerate(teams, 1):
        for _ in range(count):
            deal(team=team)
    for _ in range(2):
        assert [open_book(Filters(manager)).total.count for manager in managers] == [1, 2]
    managers[0].memberships.update(team=teams[1])
    moved = type(managers[0]).objects.get(pk=managers[0].pk)
    assert open_book(Filters(moved)).total.count == 2


def test_each_filter_is_a_question_of_its_own(admin):
    teams, owners, ses = random_book(5)
    for data in (
        {}, {"team": str(teams[0].pk)}, {"team": str(teams[1].pk)}, {"person": str(owners[0].pk)},
        {"person": str(ses[0].pk)}, {"period": "this-quarter"}, {"period": "last-quarter"}, {"type": "new"},
        {"source": "event"}, {"source": "event", "period": "this-year"},
    ):  # fmt: skip
        filters = Filters(admin, data)
        assert summed(filters, COUNT, still_open) == [(filters.open_deals().count(),)], data
        assert fetched(filters, records) == list(filters.open_deals().order_by("pk"))


def test_days_follow_the_clock(admin, monkeypatch):
    closed_on = quarter_of(timezone.localdate()).start
    deal(stage("won"), closed_on=closed_on, amount=Decimal(9))
    asked = {"period": "this-quarter"}
    assert closed_book(Filters(admin, asked)).total.won == 1
    was = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: was + datetime.timedelta(days=120))
    assert closed_book(Filters(admin, asked)).total.won == 0
    assert closed_book(Filters(admin, {"period": quarter_of(closed_on).key})).total.won == 1


def test_a_day_that_would_be_kept_is_refused(admin):
    def wrong(filters):
        return filters.book().filter(created_at__lt=timezone.now()).values("id")

    with pytest.raises(ValueError, match="NOW and TODAY"):
        summed(Filters(admin), COUNT, wrong)


def test_who_sees_no_deal_is_asked_nothing(marketing, django_assert_num_queries):
    filters = Filters(marketing)
    assert filters.viewer.role == Role.MARKETING
    with django_assert_num_queries(0):
        assert rows_of(filters, "row", still_open) == ("", {})
        assert summed(filters, COUNT, still_open) == fetched(filters, records) == []


@pytest.mark.parametrize("data", [{}, {"period": "this-quarter"}, {"period": "last-quarter"}, {"period": "this-year"}])
def test_coverage_is_told_of_the_deals_that_goals_count(data, admin):
    teams, _, _ = random_book(6)
    Quota.objects.create(team=teams[0], quarter=quarter_start(timezone.localdate()), amount=Decimal(10_000_000))
    filters = Filters(admin, data)
    page = pipeline.build(filters)
    assert (page.coverage is None) == (data.get("period") == "last-quarter"), "it was set for this quarter alone"
    if page.coverage:
        assert page.coverage.reached == total(reached(Quarterly(admin, {"period": page.covered.key}), page.covered))
