"""Huddle and debrief rates: counted over the meetings held, of the deals that are seen."""

from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Debrief, HuddleItem, HuddlePoint
from tests.deals.factories import MeetingFactory, OpportunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def held(deal, points=0, lanes=(), hours=-30, **fields):
    meeting = MeetingFactory(opportunity=deal, hours=hours, **fields)
    for item in HuddleItem.values[:points]:
        HuddlePoint.objects.create(meeting=meeting, item=item, by=deal.owner)
    for lane in lanes:
        author = deal.owner if lane == "ae" else deal.se
        Debrief.objects.create(meeting=meeting, author=author, lane=lane, missed="x", real_pain="no", context=2)
    return meeting


def page(client, query=""):
    found = client.get(f"/insights/meetings/{query}").context["page"]
    return {table.slug: [(row.label, *row.values) for row in table.rows] for table in found.tables} | {
        "total": found.table("ses").total.values if found.table("ses").total else []
    }


def test_rates_are_shares_of_the_meetings_held(deal, manager, sign_in):
    held(deal, 5, ("ae", "se"))
    held(deal, 4, ("ae",))
    held(deal, 5, ("se",))
    held(deal, 5, ("ae", "se"), cancelled_at=timezone.now())
    held(deal, 5, hours=5)
    found = page(sign_in(manager))
    assert found["total"] == [3, 2, Decimal("66.67"), 1, Decimal("33.33")]
    assert [row[:2] for row in found["ses"]] == [("Sam SE", 3)]


def test_only_of_deals_that_are_seen_and_of_the_period(deal, manager, other_team, sign_in):
    held(deal)
    held(deal, hours=-24 * 400)
    held(OpportunityFactory(team=other_team, owner=deal.owner, se=deal.se))
    assert page(sign_in(manager))["total"][0] == 2
    assert page(sign_in(manager), "?period=12-months")["total"][0] == 1
    assert page(sign_in(manager), "?period=2001")["total"] == []
    assert page(sign_in(manager), "?period=nonsense")["total"][0] == 2


def test_ses_and_marketing_do_not_look_at_it(ae, se, marketing, sign_in):
    for user in (ae, se, marketing):
        assert sign_in(user).get("/insights/meetings/").status_code == 403


def test_few_queries(deal, manager, sign_in, django_assert_max_num_queries):
    for _ in range(5):
        held(deal, 5, ("ae", "se"))
    client = sign_in(manager)
    with django_assert_max_num_queries(12):
        client.get("/insights/meetings/")
