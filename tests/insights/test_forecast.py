"""The forecast by month and category, its evidence-based figure, and how calls turned out, by plain Python."""

import csv
import datetime
import io
import math
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.actions.forecasts import call_forecast
from deals.models import EvidenceProbability, ForecastCall, Opportunity
from insights.filters import Quarterly
from insights.periods import quarter_of
from insights.queries.forecast import calls, evidence
from insights.screens import forecast
from people.models import Role
from presales.quarters import quarter_start, shifted
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def rows_of(client, url):
    text = b"".join(client.get(url.replace("/deals/?", "/deals/export/?")).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_cell_is_the_sum_of_its_deals(admin, sign_in):
    random_book(31, size=200)
    for place, one in enumerate(Opportunity.objects.order_by("pk")):
        one.forecast_category = ["pipeline", "best_case", "commit", "omitted"][place % 4]
        one.save()
    client = sign_in(admin)
    table = forecast.build(Quarterly(admin, {"period": str(timezone.localdate().year)})).table("months")
    assert len(table.rows) > 2
    for row in [*table.rows, table.total]:
        for value, url in zip(row.values, row.urls, strict=True):
            if url:
                assert sum((Decimal(one["Value"]) for one in rows_of(client, url)), Decimal(0)) == value, (
                    row.label,
                    url,
                )
    for at in range(6):
        assert sum(row.values[at] for row in table.rows) == table.total.values[at]


def test_the_evidence_based_figure_is_that_of_independent_deals(admin, quarter):
    today = timezone.localdate()
    deal(stage("won"), amount=Decimal(5000), closed_on=today)
    chances = [(Decimal(1000), 50), (Decimal(3000), 20), (Decimal("777.77"), 95)]
    for amount, percent in chances:
        made = deal(amount=amount, close_date=today)
        EvidenceProbability.objects.update_or_create(
            opportunity=made, defaults={"percent": percent, "input_rev": 1, "computed_rev": 1}
        )
    deal(amount=Decimal(100), close_date=today, claimed_probability=10)  # nothing is known of it
    deal(amount=Decimal(9999), close_date=shifted(quarter, 1))
    found = evidence(Quarterly(admin), quarter_of(today))
    chances.append((Decimal(100), 10))
    mean = sum((amount * percent / 100).quantize(Decimal("0.01")) for amount, percent in chances)
    spread = math.sqrt(sum(float(amount) ** 2 * percent * (100 - percent) / 10000 for amount, percent in chances))
    assert (found.figure, found.unknown) == (5000 + mean, 1)
    assert found.deviation == pytest.approx(spread)
    assert found.low == max(found.figure - Decimal(1.2816 * spread).quantize(Decimal("0.01")), Decimal(5000))
    assert found.low >= 5000
    assert found.high <= 5000 + sum(amount for amount, _ in chances)


def test_the_newest_call_counts_and_the_first_is_remembered(ae, manager, team, quarter):
    for amount in (100, 300, 200):
        call_forecast(ae, quarter, Decimal(amount))
    call_forecast(manager, quarter, Decimal(900), team=team)
    found = {one.whose: (one.first, one.amount) for one in calls(Quarterly(manager), [quarter])}
    assert found == {ae.name: (100, 200), f"{team.name} ({manager.name})": (900, 900)}
    assert [one.whose for one in calls(Quarterly(ae), [quarter])] == [ae.name]


def test_past_calls_stand_beside_what_was_won(admin, ae, manager, team, quarter):
    before = shifted(quarter, -1)
    moment = datetime.datetime.combine(before, datetime.time(12), datetime.UTC)
    ForecastCall.objects.create(author=ae, quarter=before, amount=1000, called_at=moment)
    later = moment + datetime.timedelta(days=30)
    ForecastCall.objects.create(author=ae, quarter=before, amount=1100, called_at=later)
    ForecastCall.objects.create(author=manager, team=team, quarter=before, amount=3000, called_at=later)
    deal(stage("won"), team=team, owner=ae, amount=1250, closed_on=before)
    deal(stage("won"), team=team, amount=750, closed_on=before)
    deal(stage("won"), team=team, amount=9000, closed_on=quarter)
    rows = {row.label: row.values[1:] for row in forecast.build(Quarterly(admin)).table("accuracy").rows}
    assert rows[ae.name] == [1000, 1100, 1250, Decimal(-20), Decimal(-12)]
    assert rows[f"{team.name} ({manager.name})"] == [3000, 3000, 2000, Decimal(50), Decimal(50)]


def test_a_past_day_knows_the_calls_of_its_time_and_says_how_it_is_judged(admin, ae, quarter, sign_in):
    moment = timezone.now() - datetime.timedelta(days=2)
    ForecastCall.objects.create(author=ae, quarter=quarter, amount=1000, called_at=moment)
    ForecastCall.objects.create(author=ae, quarter=quarter, amount=5000)
    day = timezone.localdate() - datetime.timedelta(days=1)
    filters = Quarterly(admin, {"as_of": str(day), "period": f"{quarter.year}-Q{(quarter.month + 2) // 3}"})
    assert [one.amount for one in calls(filters, [quarter])] == [1000]
    page = sign_in(admin).get(f"/insights/forecast/?as_of={day}").content.decode()
    assert "Evidence-based" in page
    assert "judged by today" in page


def test_managers_see_the_calls_of_their_teams_only(manager, other_team, quarter, sign_in):
    call_forecast(UserFactory(role=Role.AE, team=other_team, name="Stranger Sam"), quarter, Decimal(5))
    assert "Stranger Sam" not in sign_in(manager).get("/insights/forecast/").content.decode()


@pytest.mark.parametrize("query", ["period=x", "period=2026-13", "as_of=1990-01-01", "period=2026-02&person=all"])
def test_nonsense_is_read_leniently(admin, sign_in, query):
    for name in ("forecast", "goals"):
        assert sign_in(admin).get(f"/insights/{name}/?{query}").status_code == 200
