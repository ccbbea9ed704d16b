"""The page of all proposals: whoever sees a deal sees its proposals, and what waits for approval is found at once."""

import datetime

import pytest
from django.utils import timezone

from deals.models import Proposal
from tests.deals.factories import OpportunityFactory, proposal_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def offers(team, ae, se, other_team):
    """A proposal in each of these states, on a deal of its own; one that nobody of the team sees."""
    for state in ("draft", "in_approval", "sent", "accepted", "declined"):
        proposal_of(OpportunityFactory(team=team, owner=ae, se=se, name=state), state, customer=f"Customer {state}")
    proposal_of(OpportunityFactory(team=other_team, name="Theirs"), customer="Customer of theirs")


def shown(client, user, query=""):
    client.force_login(user)
    return [row.state for row in client.get(f"/proposals/?{query}").context["page"]]


def test_in_work_and_with_customers_first(client, offers, ae):
    assert sorted(shown(client, ae)) == ["draft", "in_approval", "sent"]
    assert len(shown(client, ae, "view=all")) == 5


def test_nobody_sees_those_of_deals_they_do_not_see(client, offers, ae, manager, marketing, other_team):
    for user in (ae, manager):
        client.force_login(user)
        assert "Customer of theirs" not in client.get("/proposals/?view=all").content.decode()
    assert len(shown(client, UserFactory(role="manager", team=other_team), "view=all")) == 1
    client.force_login(marketing)
    assert client.get("/proposals/").status_code == 403


def test_by_what_waits_what_ran_out_and_state(client, offers, manager):
    assert shown(client, manager, "view=waiting") == ["in_approval"]
    assert shown(client, manager, "state=declined") == ["declined"]
    assert shown(client, manager, "view=overdue") == []
    past = timezone.localdate() - datetime.timedelta(days=3)
    Proposal.objects.filter(state="draft").update(state="sent", sent_on=past, sent_to="Lena", valid_until=past)
    assert shown(client, manager, "view=overdue") == ["sent"]


def test_ones_own_are_those_of_ones_lane(client, offers, team, se, ae):
    assert len(shown(client, se, "view=all&mine=1")) == 5
    mate = UserFactory(role="ae", team=team)
    assert shown(client, mate, "view=all&mine=1") == []
    assert len(shown(client, mate, "view=all")) == 5


@pytest.mark.parametrize("query", ["view=x&state=y&sort=z&cursor=q", "sort=opportunity__amount", "mine=2"])
def test_what_makes_no_sense_is_left_out(client, offers, ae, query):
    assert len(shown(client, ae, query)) == 3


@pytest.mark.parametrize("sort", ["-begun", "valid", "-valid", "-sent", "customer", "-customer", "asked"])
def test_every_order_reaches_every_page_in_few_queries(client, team, ae, sort, django_assert_max_num_queries):
    for number in range(55):
        state = ("draft", "sent", "in_approval")[number % 3]
        proposal_of(OpportunityFactory(team=team, owner=ae), state, customer=f"Customer {number % 7}")
    client.force_login(ae)
    seen, cursor = [], ""
    while True:
        with django_assert_max_num_queries(12):
            page = client.get(f"/proposals/?sort={sort}&cursor={cursor}").context["page"]
        seen += [row.pk for row in page]
        cursor = page.next
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 55
