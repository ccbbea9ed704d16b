"""Claimed against evidence, by AE and deal, and how past claims came true, by plain Python."""

import csv
import datetime
import io
import random
from collections import defaultdict
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from deals.models import EvidenceProbability, Opportunity
from insights.filters import Yearly
from insights.queries.happy_ears import by_ae, calibration, flagged
from insights.screens import happy_ears as screen
from people.models import Role
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage
from tests.insights.past import told

pytestmark = pytest.mark.django_db
CENT = Decimal("0.01")


def known(deal, percent):
    EvidenceProbability.objects.update_or_create(
        opportunity=deal, defaults={"percent": percent, "input_rev": 1, "computed_rev": 1}
    )


def random_ears(seed, size=120):
    chance = random.Random(seed)
    random_book(seed, size)
    for one in Opportunity.objects.filter(outcome="open"):
        if chance.random() < 0.9:
            known(one, chance.randrange(96))


def test_claimed_and_evidence_by_ae_agree_with_plain_python(admin):
    random_ears(61)
    expected = defaultdict(lambda: [0, Decimal(0), Decimal(0), 0])
    deals = Opportunity.objects.filter(outcome="open", currency="USD").select_related("stage", "evidence_probability")
    for one in deals:
        evidence = getattr(one, "evidence_probability", None)
        if evidence is None or evidence.percent is None:
            continue
        claim = one.stage.probability if one.claimed_probability is None else one.claimed_probability
        for key in (one.owner_id, "all"):
            line = expected[key]
            line[0] += 1
            line[1] += (one.amount * claim / 100).quantize(CENT, "ROUND_HALF_UP")
            line[2] += (one.amount * evidence.percent / 100).quantize(CENT, "ROUND_HALF_UP")
            line[3] += claim > evidence.percent + settings.HAPPY_EARS_MARGIN
    *lines, whole = by_ae(Yearly(admin))
    found = {line.owner: [line.count, line.claimed, line.evidence, line.flagged] for line in lines}
    found["all"] = [whole.count, whole.claimed, whole.evidence, whole.flagged]
    assert found == dict(expected)


def test_the_flagged_deals_are_listed_and_counted_the_same(admin, sign_in):
    random_ears(62)
    client, checked = sign_in(admin), 0
    built = screen.build(Yearly(admin))
    table = built.table("aes")
    for row in [*table.rows, table.total]:
        text = b"".join(client.get(row.urls[5].replace("/deals/?", "/deals/export/?")).streaming_content).decode()
        found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        assert len(found) == row.values[5], row
        checked += len(found)
    assert checked > 10
    assert len(built.table("deals").rows) == min(25, table.total.values[5])
    assert client.get(built.table("aes").rows[0].urls[5]).status_code == 200


def test_past_claims_are_those_of_thirty_days_before_the_closing(admin):
    today = timezone.localdate()
    noon = datetime.datetime.combine(today, datetime.time(12), datetime.UTC)

    def story(outcome, claims, closed):
        made = deal(stage(outcome), closed_on=today - datetime.timedelta(days=closed))
        steps = [
            (noon - datetime.timedelta(days=days), {"claimed_probability": claim, **standing("discovery")})
            for days, claim in claims
        ]
        end = {**standing(outcome), "closed_on": made.closed_on}
        told(made, [*steps, (noon - datetime.timedelta(days=closed), end)])

    def standing(slug):
        return {"stage_id": stage(slug).pk, "outcome": stage(slug).outcome, "closed_on": None}

    story("won", [(90, 50), (20, 100)], 0)  # 50 was claimed a month before
    story("lost", [(90, 10), (40, 80), (5, 0)], 0)  # 80
    story("lost", [(90, None)], 0)  # the stage's 25
    story("won", [(20, 90)], 0)  # did not exist
    filters = Yearly(admin)
    total = calibration(filters, filters.period)[-1]
    assert (total.count, total.won, total.claimed) == (3, 1, Decimal("51.67"))


def test_managers_see_their_own_teams_only(team, other_team, sign_in):
    manager = UserFactory(role=Role.MANAGER, team=team)
    for of, name in ((team, "Ours"), (other_team, "Theirs")):
        known(deal(team=of, claimed_probability=90, name=name), 5)
    assert [one.name for one in flagged(Yearly(manager))] == ["Ours"]
    page = sign_in(manager).get("/insights/happy_ears/").content.decode()
    assert "Ours" in page
    assert "Theirs" not in page


def test_few_queries_and_lenient_reading(admin, sign_in, django_assert_max_num_queries):
    random_ears(63, size=40)
    client = sign_in(admin)
    client.get("/insights/happy_ears/")
    for query in ("", "period=x&person=-1", "period=2026-Q1&source=event"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/insights/happy_ears/?{query}").status_code == 200
