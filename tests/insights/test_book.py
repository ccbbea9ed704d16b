"""Every figure of the pipeline agrees with plain Python over the same deals, to the cent."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Opportunity
from insights.filters import Filters
from insights.queries.book import left_out, open_book, other_currencies
from insights.queries.closed import closed_book
from people.models import Role
from tests.factories import UserFactory
from tests.insights import oracle
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db


def lines(found):
    return {line.key: (line.count, line.amount, line.weighted) for line in found}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_table_of_the_open_pipeline_agrees_with_plain_python(seed, admin):
    random_book(seed)
    deals = list(Opportunity.objects.filter(outcome="open").select_related("stage"))
    book = open_book(Filters(admin))
    today = timezone.now().date()
    assert lines(book.by_stage) == oracle.grouped(deals, lambda d: d.stage_id)
    assert lines(book.by_owner) == oracle.grouped(deals, lambda d: (d.owner_id, "" if d.owner_id else d.owner_name))
    assert lines(book.by_team) == oracle.grouped(deals, lambda d: d.team_id)
    assert lines(book.by_se) == oracle.grouped(deals, lambda d: d.se_id)
    assert lines(book.by_age) == oracle.grouped(deals, lambda d: oracle.age_key(d, today))
    for table in (book.by_stage, book.by_owner, book.by_team, book.by_se, book.by_age):
        assert sum(line.count for line in table) == book.total.count
        assert sum(line.amount for line in table) == book.total.amount
        assert sum(line.weighted for line in table) == book.total.weighted


@pytest.mark.parametrize("seed", [4, 5])
def test_closed_deals_agree_with_plain_python_in_total_and_by_quarter(seed, admin):
    random_book(seed)
    deals = list(Opportunity.objects.exclude(outcome="open"))
    book = closed_book(Filters(admin))

    def figures(c):
        return (c.won, c.lost, c.no_go, c.won_amount, c.days_to_win, c.days_to_lose)

    assert figures(book.total) == oracle.closed(deals)
    for closed in book.quarters:
        inside = [d for d in deals if closed.period.start <= d.closed_on <= closed.period.end]
        assert figures(closed) == oracle.closed(inside)
    assert sum(c.won_amount for c in book.quarters) == book.total.won_amount


def test_each_filter_narrows_the_figures_as_plain_python_does(admin):
    teams, owners, ses = random_book(6)
    deals = list(Opportunity.objects.filter(outcome="open").select_related("stage"))
    quarter = f"{timezone.now().year}-Q{(timezone.now().month - 1) // 3 + 1}"
    period = Filters(admin, {"period": quarter}).period
    cases = [
        ({"team": str(teams[0].pk)}, lambda d: d.team_id in (teams[0].pk, teams[1].pk)),
        ({"team": str(teams[2].pk)}, lambda d: d.team_id == teams[2].pk),
        ({"person": str(owners[0].pk)}, lambda d: d.owner_id == owners[0].pk),
        ({"person": str(ses[0].pk)}, lambda d: d.se_id == ses[0].pk),
        ({"source": "event"}, lambda d: d.source == "event"),
        ({"type": "renewal"}, lambda d: d.type == "renewal"),
        ({"period": quarter}, lambda d: d.close_date and period.start <= d.close_date <= period.end),
        ({"team": "x", "person": "-1", "source": "?", "type": "' OR 1", "period": "0000"}, lambda d: True),
    ]
    for data, wanted in cases:
        book = open_book(Filters(admin, data))
        expected = oracle.grouped([d for d in deals if wanted(d)], lambda d: None).get(
            None, (0, Decimal(0), Decimal(0))
        )
        assert (book.total.count, book.total.amount, book.total.weighted) == expected, data


def test_a_manager_sees_the_figures_of_the_own_teams_and_those_below_only():
    teams, _, _ = random_book(7)
    manager = UserFactory(role=Role.MANAGER, team=teams[0])
    deals = [
        d
        for d in Opportunity.objects.filter(outcome="open").select_related("stage")
        if d.team_id in (teams[0].pk, teams[1].pk)
    ]
    book = open_book(Filters(manager))
    assert lines(book.by_team) == oracle.grouped(deals, lambda d: d.team_id)
    assert open_book(Filters(manager, {"team": str(teams[2].pk)})).total == book.total
    closed = closed_book(Filters(manager))
    mine = Opportunity.objects.exclude(outcome="open").filter(team__in=[teams[0], teams[1]])
    assert closed.total.won_amount == oracle.closed(list(mine))[3]


def test_marketing_has_no_pipeline(marketing):
    deal()
    assert open_book(Filters(marketing)).total.count == 0
    assert closed_book(Filters(marketing)).total.won == 0


def test_an_ae_starts_with_the_own_figures_and_may_look_at_the_team(ae, team):
    deal(owner=ae, team=team)
    deal(team=team)
    assert open_book(Filters(ae)).total.count == 1
    assert open_book(Filters(ae, {"person": "all"})).total.count == 2


def test_weighted_is_rounded_half_up_deal_by_deal(admin):
    for _ in range(3):
        deal(stage("qualification"), amount=Decimal("0.05"))  # 10 % of it is half a cent
    assert open_book(Filters(admin)).total.weighted == Decimal("0.03")


def test_deals_in_other_currencies_are_named_not_added(admin):
    deal(amount=Decimal(10))
    deal(amount=Decimal(7), currency="EUR")
    filters = Filters(admin)
    assert open_book(filters).total.amount == Decimal(10)
    assert other_currencies(filters.open_deals()) == [("EUR", 1, Decimal(7))]
    assert left_out(filters, Filters.open_deals) == left_out(filters, Filters.whole_book) == [("EUR", 1, Decimal(7))]
    assert left_out(filters, Filters.closed_deals) == []


def test_no_gos_are_apart_from_the_win_rate(admin):
    for slug in ("won", "lost", "lost", "no-go"):
        deal(stage(slug))
    assert closed_book(Filters(admin)).total.win_rate == Decimal("33.33")


def test_a_deal_grows_old_by_calendar_days(admin):
    now = timezone.now().replace(hour=12)
    for days in (0, 30, 31, 60, 61, 90, 91, 180, 181):
        deal(created_at=now - datetime.timedelta(days=days))
    book = open_book(Filters(admin))
    assert {line.key: line.count for line in book.by_age} == {"a": 2, "b": 2, "c": 2, "d": 2, "e": 1}
