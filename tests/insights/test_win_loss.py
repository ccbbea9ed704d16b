"""Reasons and competitors add up, agree with plain Python, and lead to their deals."""

import csv
import io
import random
from collections import defaultdict
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Autopsy, Competitor, LostReason, NoGoReason, Opportunity
from insights.filters import Yearly
from insights.queries.win_loss import win_loss
from insights.screens import win_loss as screen
from people.models import Role
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db


def random_ends(seed, size=150):
    chance = random.Random(seed)
    random_book(seed, size)
    for one in Opportunity.objects.exclude(outcome="open"):
        one.lost_reason = chance.choice(LostReason.values) if one.outcome == "lost" else ""
        one.no_go_reason = chance.choice(NoGoReason.values) if one.outcome == "no_go" else ""
        one.lost_to = chance.choice(["", "Mergeform", "mergeform"]) if one.outcome == "lost" else ""
        one.save()
        for name in chance.sample(["MergeForm", "Stackline", "Own build"], chance.randrange(3)):
            Competitor.objects.create(opportunity=one, name=name)


def rows_of(client, url):
    text = b"".join(client.get(url.replace("/deals/?", "/deals/export/?")).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_reasons_and_competitors_agree_with_plain_python(admin):
    random_ends(51)
    filters = Yearly(admin)
    found = win_loss(filters)
    period = filters.period
    ended = [
        one
        for one in Opportunity.objects.exclude(outcome="open").filter(currency="USD").prefetch_related("competitors")
        if period.start <= one.closed_on <= period.end
    ]
    reasons = defaultdict(lambda: [0, Decimal(0)])
    rivals = defaultdict(lambda: [0, 0])
    for one in ended:
        if one.outcome != "won":
            line = reasons[one.lost_reason or one.no_go_reason]
            line[0], line[1] = line[0] + 1, line[1] + one.amount
        if one.outcome in ("won", "lost"):
            names = {rival.name.lower() for rival in one.competitors.all()} | ({one.lost_to.lower()} - {""})
            for name in names:
                rivals[name][one.outcome == "lost"] += 1
    assert {one.key: [one.count, one.amount] for one in [*found.lost, *found.no_go]} == reasons
    assert {one.key: [one.won, one.lost] for one in found.rivals} == rivals
    assert sum(one.count for one in found.lost) == found.closed.lost


def test_every_line_leads_to_its_deals(admin, sign_in):
    random_ends(52)
    client, checked = sign_in(admin), 0
    for table in screen.build(Yearly(admin)).tables:
        for row in [*table.rows, *([table.total] if table.total else [])]:
            found = rows_of(client, row.url)
            assert len(found) == row.values[0], (table.slug, row)
            if table.slug != "competitors":
                assert sum((Decimal(one["Value"]) for one in found), Decimal(0)) == row.values[-1]
            checked += 1
    assert checked >= 12


def test_lessons_agreed_and_owed_are_counted(admin, ae):
    for agreed in (True, False, False):
        made = deal(stage("lost"))
        fields = {"lesson": "Ask for the CFO", "agreed_by": ae, "agreed_at": timezone.now()} if agreed else {}
        Autopsy.objects.create(opportunity=made, closed_on=made.closed_on, lost_reason=made.lost_reason, **fields)
    found = win_loss(Yearly(admin))
    assert (found.agreed, found.owed) == (1, 2)


def test_managers_see_the_losses_of_their_own_teams_only(team, other_team, sign_in):
    manager = UserFactory(role=Role.MANAGER, team=team)
    theirs = deal(stage("lost"), team=other_team, lost_to="Secretco")
    Competitor.objects.create(opportunity=theirs, name="Secretco")
    deal(stage("lost"), team=team)
    assert win_loss(Yearly(manager)).closed.lost == 1
    client = sign_in(manager)
    assert "Secretco" not in client.get("/insights/win_loss/").content.decode()
    assert rows_of(client, "/pipeline/deals/?state=lost&competitor=secretco") == []


@pytest.mark.parametrize("query", ["", "as_of=2026-06-01", "period=x", "period=2026-Q1&person=x"])
def test_few_queries_and_lenient_reading(admin, sign_in, query, django_assert_max_num_queries):
    random_ends(53, size=40)
    client = sign_in(admin)
    client.get("/insights/win_loss/")
    with django_assert_max_num_queries(12):
        assert client.get(f"/insights/win_loss/?{query}").status_code == 200
    for path in ("reason=x&state=lost", "competitor=%27&state=decided", "reason=price&state=won"):
        assert client.get(f"/pipeline/deals/?{path}&{query}").status_code == 200
