"""The manager's week: every figure is that of its screen, on both days, and the deals add up to the differences."""

import datetime
import random
from decimal import Decimal

import pgtrigger
import pytest
from django.db import connection

from deals.models.rates import ExchangeRate
from insights import week as words
from insights.filters import Filters, Quarterly, Span
from insights.queries.book import open_book
from insights.queries.closed import closed_book
from insights.queries.forecast import WON, by_month
from insights.queries.movement import by_deal, movement
from insights.queries.week import FIGURES, week
from people.models import Role
from tests.factories import UserFactory
from tests.insights import histories, oracle
from tests.insights.factories import deal, stage
from tests.insights.histories import FIRST, random_histories
from tests.insights.past import told

pytestmark = pytest.mark.django_db
CASES = [{}, {"period": "2026-Q3"}, {"period": "2026"}]


@pytest.fixture
def book(db):
    made = random_histories(7, size=600)
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute("UPDATE deals_opportunityevent SET forecast_category = 'commit' WHERE mod(pgh_id, 3) = 0")
    return made


def days(seed, count):
    chance = random.Random(seed)
    return [FIRST + datetime.timedelta(days=chance.randrange(20, 290)) for _ in range(count)]


def asked(user, day, **data):
    return Quarterly(user, {"as_of": str(day), **data})


def figures_of_screens(user, day, period, **data):
    """What pipeline and forecast say of a day."""
    filters = Filters(user, {**data, "as_of": str(day)})
    total = open_book(filters).total
    quarter = Quarterly(user, {**data, "as_of": str(day), "period": period.key})
    won = closed_book(quarter).total.won_amount
    months = by_month(quarter, quarter.period)
    return total.amount, total.weighted, won, sum((month.amount(WON, "commit") for month in months), Decimal(0))


def test_each_figure_is_that_of_its_screen_on_both_days(book, admin):
    for day in days(1, 5):
        for data in ({}, {"team": str(book[0][1].pk)}, {"person": str(book[1][0].pk)}):
            found = week(asked(admin, day, **data), 5)
            period = asked(admin, day).period
            key = words._key(period)
            quarter = asked(admin, day, period=key).period
            for figures, when in ((found.now, day), (found.was, day - datetime.timedelta(days=7))):
                told = tuple(getattr(figures, name) for name in FIGURES)
                assert told == figures_of_screens(admin, when, quarter, **data), (day, when, data)


def test_what_was_pushed_out_is_that_of_the_movement_in_both_weeks(book, admin):
    seen = Decimal(0)
    for day in days(2, 6):
        filters = asked(admin, day)
        found = week(filters, 5)
        for amount, until in ((found.pushed, day), (found.pushed_before, found.since)):
            span = Span(admin, {
                "since": str(until - datetime.timedelta(days=7)), "until": str(until),
                "period": words._key(filters.period),
            })  # fmt: skip
            assert amount == -movement(span).lines["pushed_out"].amount
            seen += amount
    assert seen > 0


def test_the_deals_add_up_to_the_differences_and_the_rest_says_what_is_not_shown(book, admin):
    for day in days(3, 4):
        whole, short = week(asked(admin, day), 10_000), week(asked(admin, day), 3)
        assert whole.changed == len(whole.deals) > 3
        for name in FIGURES:
            assert sum(getattr(one.by, name) for one in whole.deals) == getattr(whole.by, name)
            shown = sum(getattr(one.by, name) for one in short.deals)
            assert shown + getattr(short.rest, name) == getattr(short.by, name) == getattr(whole.by, name)
        assert [one.deal for one in short.deals] == [one.deal for one in whole.deals][:3]
        in_steps = {pk for pk, kind, _ in by_deal(Span(admin, {"since": str(whole.since), "until": str(day)}))
                    if kind not in ("opening", "closing")}  # fmt: skip
        assert {one.deal for one in whole.deals if one.by.open} <= in_steps
        assert len(whole.deals) == len({one.deal for one in whole.deals})


def test_plain_python_says_the_same(book, admin):
    rates = list(ExchangeRate.objects.values_list("currency", "valid_from", "rate"))
    for day in days(4, 4):
        filters = asked(admin, day)
        found, period = week(filters, 10_000), filters.period

        def of(state, when, period=period):
            worth = state and oracle.value(state, rates, when)
            if worth is None:
                return dict.fromkeys(FIGURES, Decimal(0))
            is_open = state.outcome == "open"
            won = state.outcome == "won" and period.start <= state.closed_on <= period.end
            due = state.close_date is not None and period.start <= state.close_date <= period.end
            committed = won or (is_open and due and state.forecast_category == "commit")
            return {
                "open": worth if is_open else Decimal(0),
                "weighted": oracle.weighted(state, rates, when) if is_open else Decimal(0),
                "won": worth if won else Decimal(0),
                "commit": worth if committed else Decimal(0),
            }

        first, second = histories.states(found.since), histories.states(day)
        differ = {}
        for pk, after in second.items():
            was, now = of(first.get(pk), found.since), of(after, day)
            change = {name: now[name] - was[name] for name in FIGURES}
            if any(change.values()):
                differ[pk] = change
        told = {one.deal: {name: getattr(one.by, name) for name in FIGURES} for one in found.deals}
        told = {pk: change for pk, change in told.items() if any(change.values())}  # others were only pushed
        assert told == differ


# -- What happened, in words -------------------------------------------------------------------------------------------


TODAY = datetime.date(2026, 8, 20)
EARLIER, LATELY = (datetime.datetime(2026, 8, day, 12, tzinfo=datetime.UTC) for day in (1, 18))


def said(manager, limit=10):
    found = words.told(Quarterly(manager, {"as_of": str(TODAY)}), limit)
    return [label for one in found.deals for label, _ in one.happened]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"close_date": datetime.date(2026, 11, 1)}, ["Pushed out of Q3 2026: 1K USD"]),
        ({}, {"close_date": None}, ["Pushed out of Q3 2026: 1K USD"]),
        ({"close_date": datetime.date(2026, 11, 1)}, {"close_date": datetime.date(2026, 9, 1)},
         ["Pulled into Q3 2026: 1K USD"]),
        ({"amount": Decimal(1000)}, {"amount": Decimal(3000)}, ["Grew by 2K USD"]),
        ({"amount": Decimal(3000)}, {"amount": Decimal(2500)}, ["Shrank by 500 USD"]),
        ({}, {"forecast_category": "commit"}, ["Committed"]),
        ({"forecast_category": "commit"}, {"forecast_category": "pipeline"}, ["No longer committed"]),
        ({"claimed_probability": 20}, {"claimed_probability": 60}, ["Claimed 20 → 60 %"]),
        ({}, {"stage": "discovery"}, ["Moved to Discovery"]),
        ({"stage": "evaluation"}, {"stage": "discovery"}, ["Back to Discovery"]),
        ({}, {"stage": "won", "outcome": "won", "closed_on": datetime.date(2026, 8, 18)}, ["Won"]),
        ({}, {"stage": "lost", "outcome": "lost", "closed_on": datetime.date(2026, 8, 18)}, ["Lost"]),
        ({}, {"stage": "no-go", "outcome": "no_go", "closed_on": datetime.date(2026, 3, 1)}, ["No-go"]),
        ({"stage": "lost", "outcome": "lost", "closed_on": datetime.date(2026, 1, 2)},
         {"stage": "discovery", "outcome": "open", "closed_on": None}, ["Opened again"]),
        ({}, {"name": "Renamed"}, []),
    ],
)  # fmt: skip
def test_words_for_what_happened(before, after, expected, team, manager):
    def change(fields):
        at = {"stage_id": stage(fields["stage"]).pk} if "stage" in fields else {}
        return {name: value for name, value in fields.items() if name != "stage"} | at

    made = deal(
        team=team, close_date=datetime.date(2026, 9, 10), created_at=EARLIER, forecast_category="pipeline",
        claimed_probability=None,
    )  # fmt: skip
    told(made, [(EARLIER, change(before)), (LATELY, change(after))])
    assert said(manager) == expected


def test_a_deal_that_came_this_week_is_new_and_one_of_another_team_moved_in(team, other_team, manager):
    new = deal(team=team, created_at=LATELY)
    told(new, [(LATELY, {})])
    assert said(manager) == ["New"]
    told(new, [(EARLIER, {"team_id": other_team.pk}), (LATELY, {"team_id": team.pk})])
    mine = Quarterly(manager, {"as_of": str(TODAY), "team": str(team.pk)})
    assert words.told(mine, 5).deals[0].happened == [("Moved in", "info")]


def test_what_the_figures_say_of_their_direction(team, manager):
    grown, pushed = deal(team=team, created_at=EARLIER), deal(team=team, created_at=EARLIER)
    told(grown, [(EARLIER, {"amount": Decimal(1000)}), (LATELY, {"amount": Decimal(3500)})])
    told(pushed, [
        (EARLIER, {"amount": Decimal(700), "close_date": datetime.date(2026, 9, 1)}),
        (LATELY, {"close_date": datetime.date(2026, 12, 1)}),
    ])  # fmt: skip
    figures = {one.name: one for one in words.told(Quarterly(manager, {"as_of": str(TODAY)}), 5).figures}
    assert (figures["open"].now, figures["open"].before) == (4200, 1700)
    assert (figures["open"].direction, figures["open"].told, figures["open"].tone) == (
        "up", "2.5K more than a week ago", "good",
    )  # fmt: skip
    assert (figures["pushed"].now, figures["pushed"].direction, figures["pushed"].tone) == (700, "up", "bad")
    assert figures["pushed"].told == "700 more than in the week before"
    assert (figures["won"].told, figures["won"].tone) == ("unchanged in a week", "muted")


def test_deals_without_a_rate_are_named_and_not_counted(team, manager, sign_in):
    deal(team=team, amount=Decimal(1000))
    deal(team=team, amount=Decimal(500), currency="GBP")
    client = sign_in(manager)
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.get("/insights/week/", headers=headers)
        assert answer.context["week"].figures[0].now == 1000
        assert "1 deal in GBP" in answer.content.decode()


# -- The page and the fragment of home ---------------------------------------------------------------------------------


def test_home_fetches_the_week_after_the_page_and_links_it_without_scripts(manager, sign_in):
    page = sign_in(manager).get("/").content.decode()
    assert 'hx-get="/insights/week/"' in page
    assert 'href="/insights/week/"' in page


def test_the_fragment_shows_five_figures_of_the_own_teams(team, other_team, manager, sign_in):
    deal(team=team, amount=Decimal(1000), name="Ours")
    deal(team=other_team, amount=Decimal(90000), name="Theirs")
    answer = sign_in(manager).get("/insights/week/", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert len(answer.context["week"].figures) == 5
    assert answer.context["week"].figures[0].now == 1000
    assert "Ours" in page
    assert "Theirs" not in page
    assert "<html" not in page


def test_every_figure_links_to_rows_that_add_up_to_it(book, sign_in):
    boss = UserFactory(role=Role.ADMIN)
    client = sign_in(boss)
    found = client.get("/insights/week/?as_of=2026-08-20").context["week"]
    for figure in found.figures:
        page = client.get(figure.url).context
        if figure.name == "pushed":
            assert -page["total"] == figure.now
        elif figure.name == "commit":
            assert figure.now == sum(page["page"].table("months").total.values[:2])
        else:
            column = "sum_weighted" if figure.name == "weighted" else "sum_amount"
            assert page["total"][column] == figure.now


def test_the_week_takes_the_same_few_queries_whatever_the_number_of_deals(
    book, admin, sign_in, django_assert_max_num_queries
):
    client = sign_in(admin)
    client.get("/insights/week/")
    for headers in ({}, {"HX-Request": "true"}):
        with django_assert_max_num_queries(12):
            client.get("/insights/week/?as_of=2026-08-20", headers=headers)


def test_a_calm_week_says_so(manager, sign_in):
    assert "No deal changed" in sign_in(manager).get("/insights/week/").content.decode()


def test_nonsense_in_the_address_is_left_out(manager, sign_in):
    client = sign_in(manager)
    for query in ("as_of=9999-99-99", "team=x&person=%00", "period=nope", "as_of=1990-01-01"):
        assert client.get(f"/insights/week/?{query}").status_code in (200, 400)
