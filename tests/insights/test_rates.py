"""Figures across currencies: each deal at the rate of its day, every sum exact to the cent."""

import datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.models import ExchangeRate, Opportunity
from deals.models.rates import with_value
from insights import pipeline
from insights.filters import Filters, Quarterly
from insights.home.of_deals import deals_at_risk, figures
from insights.queries.book import open_book, other_currencies
from insights.queries.closed import closed_book
from insights.week import told
from tests.insights import oracle
from tests.insights.factories import deal, random_book, stage
from tests.insights.test_pipeline import rows_of

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def today():
    return timezone.localdate()


def rate(currency, worth, since):
    return ExchangeRate.objects.create(currency=currency, rate=Decimal(worth), valid_from=since)


def known_rates():
    return list(ExchangeRate.objects.values_list("currency", "valid_from", "rate"))


def lines(found):
    return {line.key: (line.count, line.amount, line.weighted) for line in found}


@pytest.fixture
def random_rates(today):
    for days, worth in ((500, "1.1"), (200, "1.08125"), (90, "1.07654321"), (0, "1.12"), (-10, "9")):
        rate("EUR", worth, today - days * DAY)
    rate("JPY", "0.00654321", today - 100 * DAY)


@pytest.mark.parametrize("seed", [21, 22])
def test_open_deals_count_at_todays_rate_as_plain_python_does(seed, admin, today, random_rates):
    random_book(seed)
    deals = list(Opportunity.objects.filter(outcome="open").select_related("stage"))
    for number, found in enumerate(deals):
        found.currency = ("EUR", "JPY", "USD", "CHF")[number % 4]
    Opportunity.objects.bulk_update(deals, ["currency"])
    book = open_book(Filters(admin))
    known = known_rates()
    assert lines(book.by_stage) == oracle.grouped(deals, lambda d: d.stage_id, known, today)
    assert lines(book.by_team) == oracle.grouped(deals, lambda d: d.team_id, known, today)
    for table in (book.by_stage, book.by_owner, book.by_team, book.by_se, book.by_age):
        assert sum(line.amount for line in table) == book.total.amount
        assert sum(line.weighted for line in table) == book.total.weighted
    francs = [d for d in deals if d.currency == "CHF"]
    assert other_currencies(Filters(admin).open_deals()) == [("CHF", len(francs), sum(d.amount for d in francs))]


@pytest.mark.parametrize("seed", [23, 24])
def test_closed_deals_count_at_the_rate_of_the_day_they_closed(seed, admin, random_rates):
    random_book(seed)
    Opportunity.objects.exclude(outcome="open").filter(pk__gt=0, source="event").update(currency="JPY")
    Opportunity.objects.exclude(outcome="open").filter(source="referral").update(currency="EUR")
    deals = list(Opportunity.objects.exclude(outcome="open"))
    book, known = closed_book(Filters(admin)), known_rates()
    total = book.total
    assert (total.won, total.lost, total.no_go, total.won_amount, total.days_to_win, total.days_to_lose) == (
        oracle.closed(deals, known)
    )
    for closed in book.quarters:
        inside = [d for d in deals if closed.period.start <= d.closed_on <= closed.period.end]
        assert closed.won_amount == oracle.closed(inside, known)[3]
    assert sum(c.won_amount for c in book.quarters) == total.won_amount


def test_a_rate_counts_from_its_day_on(admin, today):
    rate("EUR", "1.10", today - 10 * DAY)
    rate("EUR", "1.20", today)
    rate("EUR", "5", today + DAY)
    deal(currency="EUR", amount=Decimal(100))
    for days, worth in ((11, None), (10, 110), (1, 110), (0, 120)):
        won = deal(stage("won"), currency="EUR", amount=Decimal(100), closed_on=today - days * DAY)
        assert with_value(Opportunity.objects.filter(pk=won.pk)).get().value == worth
    assert open_book(Filters(admin)).total.amount == 120


def test_a_corrected_rate_counts_at_once(admin, today):
    found = rate("EUR", "1.10", today)
    deal(currency="EUR", amount=Decimal(100))
    ExchangeRate.objects.filter(pk=found.pk).update(rate=Decimal("1.3"))
    assert open_book(Filters(admin)).total.amount == 130


def test_each_deal_is_rounded_half_up_once(admin, today):
    rate("EUR", "0.5", today)
    for _ in range(3):
        deal(stage("qualification"), currency="EUR", amount=Decimal("0.01"))  # half a cent each
    deal(stage("qualification"), currency="EUR", amount=Decimal("0.99"))  # 0.495 × 10 % = 0.0495, not 0.05
    total = open_book(Filters(admin)).total
    assert (total.amount, total.weighted) == (Decimal("0.03") + Decimal("0.50"), Decimal("0.05"))


amounts = st.decimals(min_value=0, max_value=10**11, places=2)
rates = st.decimals(min_value=Decimal("0.00000001"), max_value=10**6, places=8)
deals_of = st.lists(
    st.tuples(
        amounts, st.sampled_from(["USD", "EUR", "JPY", "CHF"]), st.integers(0, 2), st.none() | st.integers(0, 100)
    ),
    max_size=12,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=deals_of, euro=rates, yen=rates)
def test_groups_always_add_up_to_the_total(data, euro, yen, admin):
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT example")
    try:
        today = timezone.localdate()
        rate("EUR", euro, today)
        rate("JPY", yen, today - DAY)
        stages = [stage("qualification"), stage("discovery"), stage("evaluation")]
        for amount, currency, at, claimed in data:
            deal(stages[at], amount=amount, currency=currency, claimed_probability=claimed)
        book, known = open_book(Filters(admin)), known_rates()
        expected = oracle.grouped(
            [
                SimpleNamespace(amount=a, currency=c, stage=stages[at], claimed_probability=p, closed_on=None)
                for a, c, at, p in data
            ],
            lambda d: d.stage.pk,
            known,
            today,
        )
        assert lines(book.by_stage) == expected
        for table in (book.by_stage, book.by_owner, book.by_team, book.by_se, book.by_age):
            assert sum(line.amount for line in table) == book.total.amount
            assert sum(line.weighted for line in table) == book.total.weighted
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT example")


def test_the_drill_down_lists_the_same_deals_at_the_same_value(admin, sign_in, today):
    rate("EUR", "1.1", today)
    rate("CHF", "1.2", today + DAY)
    deal(name="Home", amount=Decimal(1000))
    deal(name="Abroad", amount=Decimal("950.55"), currency="EUR")
    deal(name="Left out", amount=Decimal(5), currency="CHF")
    client = sign_in(admin)
    built = pipeline.build(Filters(admin))
    rows = rows_of(client.get(built.stages.total.url.replace("/deals/?", "/deals/export/?")))
    assert [(row["Deal"], row["Value"]) for row in rows] == [("Abroad", "1045.61"), ("Home", "1000.00")]
    assert built.book.total.amount == Decimal("2045.61")
    page = client.get("/pipeline/deals/?state=open").content.decode()
    assert "2 deals, 2,045.61 USD in all" in page
    assert "950.55 EUR" in page
    deal(stage("won"), amount=Decimal(7), currency="CHF")
    assert "2 deals in CHF (12 CHF) are not in these figures" in client.get("/pipeline/").content.decode()


def test_home_counts_them_too_and_puts_the_largest_first(manager, ae, team, today):
    rate("JPY", "0.007", today)
    deal(name="Yen", team=team, amount=Decimal(1_000_000), currency="JPY", next_step="")
    deal(name="Dollars", team=team, amount=Decimal(8000), next_step="")
    deal(name="Francs", team=team, amount=Decimal(9000), currency="CHF", next_step="")
    assert told(Quarterly(manager), 5).figures[0].now == 15_000
    Opportunity.objects.update(owner=ae)
    assert figures(ae)[0].note.startswith("15,000 USD, 2 deals")
    assert [(line.title, line.figure) for line in deals_at_risk(manager).lines] == [
        ("Dollars", "8K"),
        ("Yen", "1M JPY"),
    ]


def test_pages_of_many_deals_go_by_value(admin, sign_in, today):
    rate("EUR", "2", today)
    for amount in range(60):
        deal(amount=Decimal(amount), currency="EUR" if amount % 2 else "USD")
    client, seen, url = sign_in(admin), [], "/pipeline/deals/"
    while url:
        response = client.get(url)
        seen += [row.value for row in response.context["page"].rows]
        following = response.context["page"].next
        url = f"/pipeline/deals/?cursor={following}" if following else ""
    assert len(seen) == 60
    assert seen == sorted(seen, reverse=True)
