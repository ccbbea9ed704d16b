"""Figures as of a past day: what the deals' histories tell, and nothing that came later."""

import csv
import datetime
import io
import random
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Opportunity, Stage
from insights import pipeline
from insights.filters import Filters
from insights.queries.book import open_book
from insights.queries.closed import closed_book
from people.models import Role
from presales.validity import end_of
from tests.factories import UserFactory
from tests.insights import oracle
from tests.insights.factories import deal, random_book, stage
from tests.insights.past import Event, own_times, tell, told

pytestmark = pytest.mark.django_db


def random_past(seed, size=80):
    """A random book whose deals have random histories over a year."""
    chance = random.Random(seed)
    teams, owners, ses = random_book(seed, size)
    stages = list(Stage.objects.filter(pipeline__slug="figures"))
    still_open = [one for one in stages if one.outcome == "open"]
    now = timezone.now()
    stories = {}
    for made in Opportunity.objects.all():
        moment = now - datetime.timedelta(days=chance.randrange(1, 380), minutes=chance.randrange(1440))
        first = {"stage_id": chance.choice(still_open).pk, "outcome": "open", "closed_on": None, "created_at": moment}
        story = [(moment, first)]
        for _ in range(chance.randrange(0, 6)):
            moment += datetime.timedelta(days=chance.randrange(0, 60), minutes=chance.randrange(1, 600))
            if moment > now:
                break
            at = chance.choice([*stages, None])
            change = {
                "amount": Decimal(chance.randrange(0, 10_000_000)) / 100,
                "owner_id": chance.choice(owners).pk,
                "se_id": chance.choice([None, *[se.pk for se in ses]]),
                "team_id": chance.choice([None, *[team.pk for team in teams]]),
                "claimed_probability": chance.choice([None, 20, 90]),
            }
            if at:
                change |= {"stage_id": at.pk, "outcome": at.outcome}
                change |= {"closed_on": None if at.outcome == "open" else moment.date()}
            story.append((moment, change))
        stories[made] = story
    tell(stories)
    return teams, owners, ses


def states(day):
    """Plain Python's own look back: the last row of each deal before the day was over."""
    last = {}
    for event in Event.objects.order_by("pgh_id").select_related("stage"):
        if event.pgh_created_at < end_of(day):
            last[event.pgh_obj_id] = event
    return list(last.values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("back", [1, 40, 200, 370])
def test_every_figure_of_a_past_day_agrees_with_plain_python(seed, back, admin):
    random_past(seed)
    day = timezone.localdate() - datetime.timedelta(days=back)
    filters = Filters(admin, {"as_of": str(day)})
    then = states(day)
    still_open = [one for one in then if one.outcome == "open"]
    book = open_book(filters)

    def lines(found):
        return {line.key: (line.count, line.amount, line.weighted) for line in found}

    assert lines(book.by_stage) == oracle.grouped(still_open, lambda d: d.stage_id)
    assert lines(book.by_team) == oracle.grouped(still_open, lambda d: d.team_id)
    assert lines(book.by_se) == oracle.grouped(still_open, lambda d: d.se_id)
    assert lines(book.by_age) == oracle.grouped(still_open, lambda d: oracle.age_key(d, day))
    closed = closed_book(filters).total
    ended = [one for one in then if one.outcome != "open"]
    assert (
        closed.won, closed.lost, closed.no_go, closed.won_amount, closed.days_to_win, closed.days_to_lose,
    ) == oracle.closed(ended)  # fmt: skip


def test_the_sum_of_every_drill_down_of_a_past_day_equals_its_figure(admin, sign_in):
    random_past(3)
    client = sign_in(admin)
    day = timezone.localdate() - datetime.timedelta(days=60)
    built = pipeline.build(Filters(admin, {"as_of": str(day)}))
    checked = 0
    for table in built.tables:
        for row in [*table.rows, table.total]:
            response = client.get(row.url.replace("/deals/?", "/deals/export/?"))
            text = b"".join(response.streaming_content).decode("utf-8-sig")
            found = list(csv.DictReader(io.StringIO(text, newline="")))
            if table.slug == "quarters":
                won = [one for one in found if one["Stage"] == "Won"]
                assert [row.values[0], row.values[3]] == [len(won), sum(Decimal(d["Value"]) for d in won)], row
            else:
                sums = [sum((Decimal(d[name]) for d in found), Decimal(0)) for name in ("Value", "Weighted")]
                assert row.values == [len(found), *sums], (table.slug, row)
            checked += 1
    assert checked > 15
    page = client.get(built.stages.rows[0].url).content.decode()
    assert "as of" in page
    assert client.get(f"/pipeline/?as_of={day}").status_code == 200


def test_who_sees_a_deal_today_sees_its_past_and_nobody_else(manager, team, other_team):
    ours, theirs = deal(team=team, amount=10), deal(team=other_team, amount=5)
    day = timezone.localdate() - datetime.timedelta(days=10)
    before = timezone.now() - datetime.timedelta(days=20)
    tell({ours: [(before, {"team_id": other_team.pk})], theirs: [(before, {"team_id": team.pk})]})
    found = Filters(manager, {"as_of": str(day)}).open_deals()
    assert [one.id for one in found] == [ours.pk]


def test_the_default_probability_is_that_of_the_day(admin):
    at = stage("discovery")
    made = deal(at, amount=Decimal(1000))
    before = timezone.now() - datetime.timedelta(days=20)
    told(made, [(before, {})])
    day = timezone.localdate() - datetime.timedelta(days=10)
    at.probability = 60
    at.save()

    def weighted():
        return open_book(Filters(admin, {"as_of": str(day)})).total.weighted

    # The installation learned of the stage today only, so today's default counts for the days before.
    assert weighted() == Decimal(600)
    event = Stage.pgh_event_model.objects.filter(pgh_obj_id=at.pk).first()
    event.pgh_id, event.pgh_created_at = None, before
    with own_times(Stage.pgh_event_model):
        event.save(force_insert=True)
    assert (event.probability, weighted()) == (25, Decimal(250))


@pytest.mark.parametrize("text", ["", "x", "2026-13-01", "0001-01-01", "9999-12-31", "2026-02-30", "٢٠٢٦-٠١-٠١"])
def test_nonsense_and_days_to_come_are_today(text, admin):
    assert Filters(admin, {"as_of": text}).as_of is None


def test_today_is_now(admin):
    assert Filters(admin, {"as_of": str(timezone.localdate())}).as_of is None


def test_the_page_of_a_past_day_takes_as_few_queries(sign_in, django_assert_max_num_queries):
    random_past(4, size=30)
    client = sign_in(UserFactory(role=Role.ADMIN))
    day = timezone.localdate() - datetime.timedelta(days=60)
    client.get("/pipeline/")
    with django_assert_max_num_queries(12):
        client.get(f"/pipeline/?as_of={day}")
