"""Opening and every movement add up to closing, deal by deal and to the cent, and agree with plain Python."""

import csv
import datetime
import io
import random
from collections import defaultdict
from decimal import Decimal

import pytest

from deals.models import Opportunity
from insights.filters import Filters, Span
from insights.queries.book import open_book
from insights.queries.movement import KINDS, by_deal, movement, moves
from insights.screens import movement as screen
from people.models import Role
from tests.factories import UserFactory
from tests.insights import histories
from tests.insights.histories import FIRST, LAST, random_histories

pytestmark = pytest.mark.django_db
PARTS = [name for name, _, _ in KINDS if name not in ("opening", "closing")]


def span(user, since, until, **data):
    return Span(user, {"since": str(since), "until": str(until), **data})


def random_days(chance):
    since = FIRST + datetime.timedelta(days=chance.randrange(-5, 280))
    return since, since + datetime.timedelta(days=chance.randrange(1, 120))


@pytest.fixture
def book(db):
    return random_histories(1)


def test_a_thousand_random_histories_reconcile_deal_by_deal(book, admin):
    chance = random.Random(2)
    seen = set()
    for round_ in range(12):
        since, until = random_days(chance)
        data = [
            {},
            {"period": "2026-Q3"},
            {"team": str(book[0][0].pk)},
            {"period": "2026", "person": str(book[1][1].pk)},
        ]
        filters = span(admin, since, until, **data[round_ % 4])
        deals = defaultdict(lambda: defaultdict(Decimal))
        for pk, kind, amount in by_deal(filters):
            assert kind not in deals[pk], "each deal is in a step once"
            deals[pk][kind] = amount
            seen.add(kind)
        lines = movement(filters).lines
        for kind, line in lines.items():
            mine = [told[kind] for told in deals.values() if kind in told]
            assert (line.count, line.amount) == (len(mine), sum(mine, Decimal(0)))
        for pk, told in deals.items():
            assert told["opening"] + sum(told[kind] for kind in PARTS) == told["closing"], (pk, dict(told))
        assert sum(lines[kind].amount for kind in ["opening", *PARTS]) == lines["closing"].amount
    assert seen == {name for name, _, _ in KINDS}, "the histories had everything in them"


def test_every_step_agrees_with_plain_python(book, admin):
    teams, owners = book
    chance = random.Random(3)
    cases = [
        ({}, lambda deal: True),
        ({"period": "2026-Q2"}, lambda deal: True),
        ({"team": str(teams[1].pk)}, lambda deal: deal.team_id == teams[1].pk),
        ({"person": str(owners[2].pk), "period": "2026-Q3"}, lambda deal: deal.owner_id == owners[2].pk),
    ]
    for data, in_scope in cases:
        since, until = random_days(chance)
        filters = span(admin, since, until, **data)
        expected = histories.moves(since, until, in_scope, filters.period)
        found = defaultdict(dict)
        for pk, kind, amount in by_deal(filters):
            found[kind][pk] = amount
        assert dict(found) == dict(expected), data


def test_opening_and_closing_are_the_pipeline_of_those_days(book, admin):
    for data in ({}, {"period": "2026-Q3"}, {"team": str(book[0][2].pk)}):
        lines = movement(span(admin, "2026-04-30", "2026-08-15", **data)).lines
        for name, day in (("opening", "2026-04-30"), ("closing", "2026-08-15")):
            filters = Filters(admin, {"as_of": day, **data})
            total = open_book(filters).total
            assert (lines[name].count, lines[name].amount) == (total.count, total.amount)


def test_the_deals_of_a_step_add_up_to_it_on_the_page_and_in_the_file(book, admin, sign_in):
    client = sign_in(admin)
    built = screen.build(span(admin, "2026-03-31", "2026-09-30", period="2026-Q4"))
    assert len(built.tables[0].rows) > 10
    for row in built.tables[0].rows:
        text = b"".join(client.get(row.url.replace("/deals/?", "/deals/export/?")).streaming_content).decode(
            "utf-8-sig"
        )
        found = list(csv.DictReader(io.StringIO(text, newline="")))
        assert [len(found), sum((Decimal(one["Change"]) for one in found), Decimal(0))] == row.values
        page = client.get(row.url)
        assert [page.context["count"], page.context["total"]] == row.values
        assert len(page.context["rows"]) == min(50, row.values[0])


def test_all_deals_of_a_step_are_on_its_pages_once(book, admin, sign_in):
    url = screen.build(span(admin, "2026-03-31", "2026-09-30")).tables[0].rows[0].url
    client, seen, number = sign_in(admin), [], 1
    while number:
        context = client.get(f"{url}&page={number}").context
        seen += [row.after.id for row in context["rows"]]
        number = context["following"]
    assert len(seen) == len(set(seen)) == context["count"] > 100


def test_managers_see_the_movement_of_their_own_teams_only(book, admin, sign_in):
    teams, _ = book
    manager = UserFactory(role=Role.MANAGER, team=teams[0])
    days = ("2026-03-31", "2026-09-30")
    mine = set(Opportunity.objects.filter(team=teams[0]).values_list("pk", flat=True))
    found = {pk for pk, _, _ in by_deal(span(manager, *days))}
    everything = {pk for pk, _, _ in by_deal(span(admin, *days))}
    assert found == everything & mine != everything
    url = screen.build(span(manager, *days)).tables[0].rows[0].url
    text = b"".join(sign_in(manager).get(url.replace("/deals/?", "/deals/export/?")).streaming_content).decode()
    assert len(text.splitlines()) - 1 == len(moves(span(manager, *days), "opening")[0]) > 10
    # Another team's filter is not offered to them, so it narrows nothing and shows nothing more.
    assert moves(span(manager, *days, team=str(teams[1].pk)), "opening") == moves(span(manager, *days), "opening")


def test_marketing_has_no_figures(marketing, sign_in):
    client = sign_in(marketing)
    for path in ("", "deals/", "deals/export/", "export/steps/"):
        assert client.get(f"/insights/movement/{path}").status_code == 403


@pytest.mark.parametrize(
    "query", ["since=x&until=y", "since=2026-09-01&until=2026-01-01", "step=nonsense&page=-1", "page=999999999999",
              "page=٣", "since=9999-12-31", "step=won&page=7", "period=2026-Q9&until=2999-01-01"],
)  # fmt: skip
def test_nonsense_in_the_address_is_read_leniently(admin, sign_in, query):
    client = sign_in(admin)
    for path in ("/insights/movement/", "/insights/movement/deals/", "/insights/movement/deals/export/"):
        assert client.get(f"{path}?{query}").status_code == 200


def test_the_page_takes_few_queries_whatever_the_number_of_deals(sign_in, admin, django_assert_max_num_queries):
    random_histories(5, size=300)
    client = sign_in(admin)
    for path in ("/insights/movement/", "/insights/movement/deals/?step=new&since=2026-01-01&until=2026-10-01"):
        client.get(path)
        with django_assert_max_num_queries(12):
            client.get(path)


def test_the_last_day_is_today_and_the_first_the_last_one_of_the_quarter_before(admin):
    filters = Span(admin, {"until": "2026-08-15"})
    assert (filters.since, filters.until) == (datetime.date(2026, 6, 30), datetime.date(2026, 8, 15))
    assert filters.until > LAST or filters.until < LAST
