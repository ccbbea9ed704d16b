"""Velocity and time in stage agree with plain Python, and each figure leads to its deals."""

import csv
import datetime
import io
from decimal import Decimal
from statistics import median

import pytest
from django.utils import timezone

from deals.models import Opportunity
from insights.filters import Yearly
from insights.queries.velocity import speeds, stays
from insights.screens import velocity
from people.models import Role
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage
from tests.insights.past import told
from tests.insights.test_past import random_past, states

pytestmark = pytest.mark.django_db
CENT = Decimal("0.01")


def expected(deals, period):
    deals = [one for one in deals if one.currency == "USD"]
    still = [one for one in deals if one.outcome == "open"]
    ended = [one for one in deals if one.closed_on and period.start <= one.closed_on <= period.end]
    won = [one for one in ended if one.outcome == "won"]
    lost = [one for one in ended if one.outcome == "lost"]
    days = sum((one.closed_on - one.created_at.date()).days for one in won)
    amount = sum((one.amount for one in won), Decimal(0))
    if not won or not days:
        return len(still), len(won), len(lost), None
    rate, average = Decimal(len(won)) / (len(won) + len(lost)), amount / len(won)
    speed = len(still) * rate * average / (Decimal(days) / len(won))
    return len(still), len(won), len(lost), speed.quantize(CENT)


@pytest.mark.parametrize("back", [0, 45])
def test_every_group_agrees_with_plain_python(back, admin):
    random_past(5, size=120) if back else random_book(5, size=150)
    day = timezone.localdate() - datetime.timedelta(days=back)
    filters = Yearly(admin, {"as_of": str(day)})
    deals = states(day) if back else list(Opportunity.objects.all())
    groups = {
        "all": lambda one: None, "se": lambda one: one.se_id is not None, "owner": lambda one: one.owner_id,
        "team": lambda one: one.team_id,
    }  # fmt: skip
    found = speeds(filters, filters.period)
    assert len(found) > 8
    for (kind, key), speed in found.items():
        mine = [one for one in deals if groups[kind](one) == key]
        figures = (speed.open, speed.won, speed.lost, speed.velocity)
        wanted = expected(mine, filters.period)
        assert figures[:3] == wanted[:3], (kind, key)
        assert wanted[3] is None if speed.velocity is None else abs(speed.velocity - wanted[3]) <= CENT


def test_each_count_lists_its_deals(admin, sign_in):
    random_book(6, size=80)
    client = sign_in(admin)
    checked = 0
    for table in velocity.build(Yearly(admin)).tables:
        for row in [*table.rows, *([table.total] if table.total else [])]:
            for value, url in list(zip(row.values, row.urls, strict=False))[:2]:
                response = client.get(url.replace("/deals/?", "/deals/export/?"))
                text = b"".join(response.streaming_content).decode("utf-8-sig")
                assert len(list(csv.DictReader(io.StringIO(text, newline="")))) == value, (table.slug, row.label)
                checked += 1
    assert checked > 20


def test_time_in_stage_is_the_median_of_the_stays_that_ended(admin, se):
    now = timezone.now()

    def day(back):
        return now - datetime.timedelta(days=back)

    first, second = stage("qualification"), stage("discovery")
    quick, slow, still = deal(second), deal(second), deal(first)
    told(quick, [(day(30), {"stage_id": first.pk}), (day(28), {"amount": 5}), (day(26), {"stage_id": second.pk})])
    told(
        slow,
        [
            (day(60), {"stage_id": first.pk}), (day(52), {"se_id": se.pk}), (day(50), {"stage_id": second.pk}),
            (day(40), {"stage_id": first.pk}), (day(20), {"stage_id": second.pk}),
        ],
    )  # fmt: skip
    told(still, [(day(90), {"stage_id": first.pk})])
    filters = Yearly(admin)
    found = {one.stage: (one.count, one.median, one.with_se, one.without_se) for one in stays(filters, filters.period)}
    assert found[first.pk] == (3, Decimal(str(median([4, 10, 20]))), Decimal(15), Decimal(4))
    assert found[second.pk] == (1, Decimal(10), Decimal(10), None)


def test_managers_see_the_velocity_of_their_teams_only(team, other_team, sign_in):
    manager = UserFactory(role=Role.MANAGER, team=team)
    deal(team=team)
    deal(team=other_team)
    filters = Yearly(manager)
    assert speeds(filters, filters.period)["all", None].open == 1
    assert other_team.name not in sign_in(manager).get("/insights/velocity/").content.decode()


def test_few_queries_and_lenient_reading(admin, sign_in, django_assert_max_num_queries):
    random_book(7, size=60)
    client = sign_in(admin)
    client.get("/insights/velocity/")
    for query in ("", "as_of=2026-09-01", "period=x&se=any", "period=2026-02"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/insights/velocity/?{query}").status_code == 200
