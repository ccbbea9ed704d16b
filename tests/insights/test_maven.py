"""The Maven files give their known figures through the screens, today and as of past days, wherever one looks from."""

import csv
import datetime
import re
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from deals.seeds import seed as seed_stages
from people.models import Membership, Role, Team
from qualification.seeds import seed as seed_frameworks
from tests.deals.test_imports import bring
from tests.factories import UserFactory

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


a_day = datetime.date.fromisoformat


def exported(client, table, **query):
    response = client.get(f"/pipeline/export/{table}/", query)
    return list(csv.DictReader(b"".join(response.streaming_content).decode("utf-8-sig").splitlines()))


@pytest.fixture
def by_manager(admin, shared_data):
    """The book with its people: each manager with a team of the own, since two share each office."""
    with (shared_data / "maven" / "sales_teams.csv").open(newline="", encoding="utf-8-sig") as file:
        agents = {row["sales_agent"]: row["manager"] for row in csv.DictReader(file)}
    managers = {}
    for name in sorted(set(agents.values())):
        team = Team.objects.create(name=f"Team of {name}")
        managers[name] = UserFactory(role=Role.MANAGER, name=name, team=team), team
    for agent, manager in agents.items():
        person = UserFactory(role=Role.AE, name=agent)
        Membership.objects.create(user=person, team=managers[manager][1])
    bring(admin, shared_data / "maven" / "sales_pipeline.csv", "opportunities")
    with (shared_data / "maven" / "sales_pipeline.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [row | {"manager": agents[row["sales_agent"]]} for row in csv.DictReader(file)]
    return managers, rows


@pytest.mark.parametrize("day", ["", "2017-06-30"])
def test_value_and_days_by_manager_are_those_of_the_file(admin, by_manager, sign_in, day):
    managers, rows = by_manager
    query = {"as_of": day} if day else {}
    whole = Decimal(0)
    for name, (manager, team) in managers.items():
        mine = [
            row for row in rows if row["manager"] == name and row["close_date"] and row["close_date"] <= (day or "9")
        ]
        won = [row for row in mine if row["deal_stage"] == "Won"]
        value = sum(Decimal(row["close_value"]) for row in won)
        whole += value
        # As the manager, who sees the own team alone, and as an admin who asks for that team.
        for client, further in ((sign_in(manager), {}), (sign_in(admin), {"team": team.pk})):
            found = shown(client, **query, **further)
            assert found["Won value"][1].startswith(f"{value:,.0f} USD in {len(won):,} won deals"), name
            assert found["Win rate"][0] == f"{Decimal(100 * len(won)) / len(mine):.2f} %"
            for outcome, label in (("Won", "Days to win"), ("Lost", "Days to lose")):
                ended = [row for row in mine if row["deal_stage"] == outcome]
                days = [
                    (
                        datetime.date.fromisoformat(row["close_date"]) - datetime.date.fromisoformat(row["engage_date"])
                    ).days
                    for row in ended
                ]
                mean = (Decimal(sum(days)) / len(days)).quantize(Decimal("0.01"), ROUND_HALF_UP)
                assert found[label][0] == str(mean), (name, label)
            quarters = defaultdict(Decimal)
            for row in won:
                closed = a_day(row["close_date"])
                quarters[f"Q{(closed.month - 1) // 3 + 1} {closed.year}"] += Decimal(row["close_value"])
            table = {
                row["Quarter"]: Decimal(row["Won value (USD)"])
                for row in exported(client, "quarters", **query, **further)
            }
            assert table.pop("All closed deals") == value
            assert table == quarters
    if not day:
        assert whole == Decimal(10_005_534)
    # Velocity's table of teams tells the same days to win, and counts every decided deal of the period.
    client = sign_in(admin)
    text = b"".join(client.get("/insights/velocity/export/teams/?period=2017&as_of=" + day).streaming_content)
    decided = {row["Team"]: int(row["Decided"]) for row in csv.DictReader(text.decode("utf-8-sig").splitlines())}
    for name, (_, team) in managers.items():
        ended = [row for row in rows if row["manager"] == name and "2017" <= row["close_date"] <= (day or "9")]
        assert decided[team.name] == len(ended)
