"""The Maven files give their known figures through the screens, today and as of past days, wherever one looks from."""

import csv
import datetime
import re
from collections import defaultdict
from decimal import Decimal

import pytest

from deals.seeds import seed as seed_stages
from qualification.seeds import seed as seed_frameworks
from tests.deals.test_imports import bring

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


@pytest.fixture(autouse=True)
def installation(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    seed_frameworks()
    seed_stages()


@pytest.fixture
def maven(admin, shared_data):
    bring(admin, shared_data / "maven" / "sales_pipeline.csv", "opportunities")
    with (shared_data / "maven" / "sales_pipeline.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def shown(client, **query):
    """The big figures of the page by their label."""
    page = client.get("/pipeline/", query).content.decode()
    found = re.findall(r'figure-label">([^<]+)</span><div class="figure-value">([^<]*)</div><span[^>]*>([^<]*)', page)
    return {label: (value, note) for label, value, note in found}


def test_the_known_figures_are_on_the_page(admin, maven, sign_in):
    found = shown(sign_in(admin))
    assert found["Won value"][1].startswith("10,005,534 USD in 4,238 won deals")
    assert found["Win rate"][0] == "63.15 %"
    assert found["Days to win"][0] == "51.78"
    assert found["Days to lose"][0] == "41.48"


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def test_past_days_give_what_the_file_knows_of_them(admin, maven, sign_in, zone):
    admin.time_zone = zone
    admin.save()
    client = sign_in(admin)
    for day in (datetime.date(2017, 3, 31), datetime.date(2017, 6, 30), datetime.date(2017, 9, 14)):
        closed = [row for row in maven if row["close_date"] and row["close_date"] <= str(day)]
        won = [row for row in closed if row["deal_stage"] == "Won"]
        value = sum(Decimal(row["close_value"]) for row in won)
        began = [row for row in maven if row["engage_date"] and row["engage_date"] <= str(day)]
        found = shown(client, as_of=str(day))
        assert found["Won value"][1].startswith(f"{value:,.0f} USD in {len(won):,} won deals"), day
        assert found["Win rate"][0] == f"{Decimal(100 * len(won)) / len(closed):.2f} %"
        assert f"in {len(began) - len(closed):,} open deals" in found["Open pipeline"][1]


def test_value_by_quarter_is_that_of_the_file(admin, maven, sign_in):
    quarters = defaultdict(Decimal)
    for row in maven:
        if row["deal_stage"] == "Won":
            day = datetime.date.fromisoformat(row["close_date"])
            quarters[f"Q{(day.month - 1) // 3 + 1} {day.year}"] += Decimal(row["close_value"])
    client = sign_in(admin)
    text = b"".join(client.get("/pipeline/export/quarters/").streaming_content).decode("utf-8-sig")
    rows = {row["Quarter"]: Decimal(row["Won value (USD)"]) for row in csv.DictReader(text.splitlines())}
    assert rows.pop("All closed deals") == Decimal(10_005_534)
    assert rows == quarters
