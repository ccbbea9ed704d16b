"""The funnel agrees with plain Python, today and as of a past day, and each figure lists its leads."""

import csv
import datetime
import io
import random
from statistics import median

import pytest
from django.utils import timezone

from insights.filters import Filters
from insights.queries.funnel import NAMES, funnel
from insights.screens import funnel as screen
from leads.models import Lead, Source
from presales.validity import end_of
from tests.factories import LeadFactory, TeamFactory
from tests.insights.factories import deal, stage
from tests.insights.past import date_leads

pytestmark = pytest.mark.django_db
STAMPS = ["created_at", "mql_at", "accepted_at", "qualified_at", "converted_at"]


def random_leads(seed, size=120):
    chance = random.Random(seed)
    teams = [TeamFactory(), TeamFactory()]
    for _ in range(size):
        moment = timezone.now() - datetime.timedelta(days=chance.randrange(1, 200), minutes=chance.randrange(1440))
        stamps = {}
        for name in STAMPS[: chance.randrange(1, 6)]:
            stamps[name] = moment
            moment += datetime.timedelta(hours=chance.randrange(1, 400))
            if moment > timezone.now():
                break
        if chance.random() < 0.2:
            stamps.pop("mql_at", None)  # nobody noted it
        lead = LeadFactory(source=chance.choice(Source.values[:4]), team=chance.choice(teams), **stamps)
        if "converted_at" in stamps and chance.random() < 0.6:
            won = chance.choice([True, False])
            closing = {"closed_on": timezone.localdate()} if won else {}
            deal(stage("won" if won else "discovery"), lead=lead, team=lead.team, **closing)
    date_leads()
    return teams


def told(leads, moment):
    """Plain Python's counts and median days of the steps."""
    rows = []
    for lead in leads:
        times = [getattr(lead, name) for name in STAMPS]
        won = getattr(lead, "opportunity", None) if hasattr(lead, "opportunity") else None
        day = won.closed_on if won is not None and won.outcome == "won" else None
        times.append(day and datetime.datetime.combine(day, datetime.time(), timezone.get_current_timezone()))
        times = [one if one is not None and one < moment else None for one in times]
        if times[0] is not None:
            rows.append(times)
    counts = [sum(any(one is not None for one in times[at:]) for times in rows) for at in range(6)]
    days = [None]
    for at in range(1, 6):
        spans = [
            (times[at] - times[at - 1]).total_seconds() / 86400
            for times in rows
            if times[at] is not None and times[at - 1] is not None and times[at] >= times[at - 1]
        ]
        days.append(round(median(spans), 1) if spans else None)
    return counts, days


@pytest.mark.parametrize("back", [0, 30, 120])
def test_every_line_agrees_with_plain_python(back, admin):
    random_leads(back + 1)
    day = timezone.localdate() - datetime.timedelta(days=back)
    filters = Filters(admin, {"as_of": str(day)})
    moment = end_of(day) if back else timezone.now()
    leads = list(Lead.objects.select_related("opportunity"))
    if back:  # deals are won today only
        for lead in leads:
            if hasattr(lead, "opportunity"):
                lead.opportunity.outcome = "open"
    found = funnel(filters)
    counts, days = told(leads, moment)
    assert (found.total.counts, [None if one is None else float(one) for one in found.total.days]) == (
        counts, [None if one is None else pytest.approx(one, abs=0.051) for one in days],
    )  # fmt: skip
    for line in found.sources:
        assert line.counts == told([lead for lead in leads if lead.source == line.key], moment)[0]
    for line in found.months:
        assert line.counts == told([one for one in leads if f"{one.created_at:%Y-%m}" == line.key], moment)[0]
    assert [sum(line.counts[at] for line in found.sources) for at in range(6)] == counts


def test_each_figure_lists_its_leads(admin, sign_in):
    random_leads(7)
    client = sign_in(admin)
    checked = 0
    for data in ({}, {"source": "event"}, {"period": str(timezone.localdate().year)}):
        for table in screen.build(Filters(admin, data)).tables:
            for row in table.rows:
                columns = zip(table.columns[1:], row.values, row.urls, strict=False)
                counted = [(value, url) for column, value, url in columns if column.kind == "count"]
                for value, url in [(row.values[0], row.url)] if row.url else counted:
                    if url:
                        response = client.get(url.replace("/leads/?", "/leads/export/?"))
                        text = b"".join(response.streaming_content).decode("utf-8-sig")
                        assert len(list(csv.DictReader(io.StringIO(text, newline="")))) == value
                        checked += 1
    assert checked > 40
    assert client.get(screen.url(Filters(admin), "sql")).status_code == 200


def test_who_sees_which_leads_and_deals(manager, marketing, team, other_team, sign_in):
    now = timezone.now()
    ours = LeadFactory(team=team, converted_at=now, name="Ours")
    deal(stage("won"), lead=ours, team=team)
    LeadFactory(team=other_team, name="Theirs")
    assert funnel(Filters(manager)).total.counts == [1, 1, 1, 1, 1, 1]
    assert funnel(Filters(manager, {"team": str(other_team.pk)})).total.counts[0] == 1
    page = sign_in(manager).get("/insights/funnel/leads/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page
    built = screen.build(Filters(marketing))
    assert [row.label for row in built.table("steps").rows] == ["Lead", "MQL", "SAL", "SQL", "Opportunity"]
    assert "won" not in str(sign_in(marketing).get("/insights/funnel/leads/?step=won").context["title"]).lower()
    assert NAMES[-1] == "won"


@pytest.mark.parametrize("query", ["step=x&month=9&source=' OR 1", "month=2026-99&step=mql", "cursor=AAA&person=-1"])
def test_nonsense_is_read_leniently(admin, sign_in, query):
    LeadFactory()
    for path in ("", "leads/", "leads/export/"):
        assert sign_in(admin).get(f"/insights/funnel/{path}?{query}").status_code == 200


def test_few_queries_whatever_the_number_of_leads(admin, sign_in, django_assert_max_num_queries):
    random_leads(9, size=60)
    client = sign_in(admin)
    for path in ("/insights/funnel/", "/insights/funnel/leads/?step=sal"):
        client.get(path)
        with django_assert_max_num_queries(12):
            client.get(path)
