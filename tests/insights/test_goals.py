"""Quotas, pace and coverage agree with plain Python; each figure leads to the deals that add up to it."""

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Opportunity, Quota
from insights import pipeline
from insights.filters import Filters, Quarterly
from insights.periods import quarter_of
from insights.queries.quotas import quarters_in, quotas_of
from insights.screens import goals
from people.models import Membership, Role
from presales.quarters import quarter_start, shifted
from tests.factories import TeamFactory, UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def summed(client, url, column):
    text = b"".join(client.get(url.replace("/deals/?", "/deals/export/?")).streaming_content).decode("utf-8-sig")
    return sum((Decimal(row[column]) for row in csv.DictReader(io.StringIO(text, newline=""))), Decimal(0))


def test_every_figure_is_the_sum_of_its_deals(admin, sign_in, quarter):
    teams, owners, _ = random_book(21, size=150)
    for team, amount in zip(teams, (900_000, 400_000, 100_000), strict=True):
        Quota.objects.create(team=team, quarter=quarter, amount=amount)
    Quota.objects.create(user=owners[0], quarter=quarter, amount=250_000)
    client = sign_in(admin)
    built = goals.build(Quarterly(admin))
    period = quarter_of(timezone.localdate())
    checked = 0
    for table in built.tables:
        for row in table.rows:
            quota, won, attained, rest, still_open, ratio = row.values
            assert (won, still_open) == (summed(client, row.urls[1], "Value"), summed(client, row.urls[4], "Value")), (
                row
            )
            if quota is not None:
                assert attained == round(100 * won / quota, 2)
                assert rest == max(quota - won, Decimal(0))
                assert ratio == (round(still_open / rest, 1) if rest else None)
                checked += 1
    assert checked >= 4
    mine = Opportunity.objects.filter(owner=owners[0], outcome="won", closed_on__range=(period.start, period.end))
    row = next(row for row in built.tables[1].rows if row.label == owners[0].name)
    assert row.values[1] == sum((one.amount for one in mine if one.currency == "USD"), Decimal(0))


def test_a_team_without_a_quota_has_those_below_it_and_of_its_people(admin, quarter):
    upper = TeamFactory()
    first, second = TeamFactory(parent=upper), TeamFactory(parent=upper)
    ann, bob = (UserFactory(role=Role.AE, team=team) for team in (first, second))
    Quota.objects.create(user=ann, quarter=quarter, amount=10)
    Quota.objects.create(user=bob, quarter=quarter, amount=20)
    Quota.objects.create(team=second, quarter=quarter, amount=70)
    Quota.objects.create(team=second, quarter=shifted(quarter, 1), amount=1000)
    found = quotas_of(Quarterly(admin), quarter_of(quarter))
    assert [found.team(team.pk) for team in (first, second, upper)] == [10, 70, 80]
    assert found.all() == 80
    assert found.team(TeamFactory().pk) is None
    assert Quarterly(admin, {"person": str(bob.pk)}).person == bob
    assert found.asked(Quarterly(admin, {"person": str(bob.pk)})) == 20


def test_coverage_is_open_by_what_is_left_to_win(admin, sign_in, team, ae, quarter):
    Quota.objects.create(team=team, quarter=quarter, amount=1000)
    today = timezone.localdate()
    deal(stage("won"), team=team, owner=ae, amount=400, closed_on=today)
    deal(team=team, owner=ae, amount=1500, close_date=today)
    deal(team=team, owner=ae, amount=9999, close_date=shifted(quarter, 1))
    cover = pipeline.build(Filters(admin)).coverage
    assert (cover.rest, cover.ratio) == (600, Decimal("2.5"))
    assert "2.5 ×" in sign_in(admin).get("/pipeline/").content.decode()
    assert "2.5 ×" in sign_in(admin).get("/insights/goals/").content.decode()
    assert pipeline.build(Filters(admin, {"source": "event"})).coverage is None, "a quota is not of one source"


def test_a_reached_quota_leaves_nothing_to_cover(admin, team, quarter):
    Quota.objects.create(team=team, quarter=quarter, amount=1000)
    deal(stage("won"), team=team, amount=1200, closed_on=timezone.localdate())
    cover = pipeline.build(Filters(admin)).coverage
    assert (cover.rest, cover.ratio) == (0, None)


def test_quotas_of_a_past_day_are_those_that_were_set_then(admin, team, quarter):
    Quota.objects.create(team=team, quarter=quarter, amount=1000)
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    filters = Quarterly(admin, {"as_of": str(yesterday)})
    assert quotas_of(filters, quarter_of(quarter)).all() is None


def test_managers_and_aes_see_their_own_goals_only(manager, ae, team, other_team, sign_in, quarter):
    stranger = UserFactory(role=Role.AE, team=other_team, name="Stranger Sam")
    mate = UserFactory(role=Role.AE, team=team, name="Mate Mary")
    for person in (stranger, ae, mate):
        Quota.objects.create(user=person, quarter=quarter, amount=777)
    page = sign_in(manager).get("/insights/goals/").content.decode()
    assert "Mate Mary" in page
    assert "Stranger Sam" not in page
    assert other_team.name not in page
    own = goals.build(Quarterly(ae, {"person": "all"}))
    assert {row.label: row.values[0] for row in own.tables[1].rows} == {ae.name: 777}


def test_whole_quarters_of_a_period_count():
    period = quarter_of(datetime.date(2026, 5, 5))
    assert quarters_in(period) == [datetime.date(2026, 4, 1)]
    year = Quarterly(UserFactory(), {"period": "2026"}).period
    assert len(quarters_in(year)) == 4
    month = Quarterly(UserFactory(), {"period": "2026-05"}).period
    assert (month.label, quarters_in(month)) == ("May 2026", [])


def test_the_pages_take_few_queries(admin, sign_in, quarter, django_assert_max_num_queries):
    teams, owners, _ = random_book(22, size=40)
    for team in teams:
        Quota.objects.create(team=team, quarter=quarter, amount=5)
    for owner in owners:
        Quota.objects.create(user=owner, quarter=quarter, amount=5)
    assert Membership.objects.exists()
    client = sign_in(admin)
    client.get("/pipeline/")
    day = timezone.localdate() - datetime.timedelta(days=3)
    for path in ("/pipeline/", "/insights/goals/", "/insights/forecast/", f"/pipeline/?as_of={day}"):
        with django_assert_max_num_queries(12):
            client.get(path)
