"""After closing, home says whose turn it is: to look back, to agree, to take a handoff on or to answer for it."""

import datetime

import pytest
from django.utils import timezone

from deals.actions.autopsies import agree_lesson, write_view
from deals.actions.handoffs import accept_handoff, return_handoff
from deals.actions.stages import move_stage, reopen
from deals.models import Autopsy, AutopsyView, Claim, Handoff, Opportunity
from insights.home.of_closings import closings
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(team, ae, se):
    deal = OpportunityFactory(name="Nordwind", team=team, owner=ae, se=se, stage=stage("evaluation"))
    Claim.objects.create(opportunity=deal, se=se)
    move_stage(ae, deal, stage("lost"), lost_reason="price")
    return Opportunity.objects.get(pk=deal.pk)


def view():
    return AutopsyView(missed="Their auditors", first_known="In May", again="The workshop")


def told(user):
    return [(line.title, line.action.label) for line in closings(user).lines]


def test_an_autopsy_waits_for_who_has_not_written_then_for_the_lesson(lost, ae, se, manager):
    assert [told(person) for person in (ae, se, manager)] == [[("Nordwind", "Look back")]] * 2 + [[]]
    write_view(ae, lost, view())
    assert [told(ae), told(se)] == [[], [("Nordwind", "Look back")]]
    write_view(se, lost, view())
    assert [told(ae), told(se)] == [[("Nordwind", "Agree")]] * 2
    agree_lesson(se, Autopsy.objects.get(), "Ask who audits them", 1)
    assert [told(ae), told(se)] == [[], []]


def test_one_that_was_opened_again_waits_for_nobody(lost, ae):
    reopen(ae, lost, stage("evaluation"), reason="They called")
    assert told(ae) == []


def test_a_handoff_waits_for_its_receiver_and_comes_back_to_the_ae(team, ae, other_team):
    receiver = UserFactory(role="manager", team=other_team)
    deal = OpportunityFactory(
        name="Harbour", team=team, owner=ae, stage=stage("won"), outcome="won", closed_on=datetime.date.today()
    )
    handoff = Handoff.objects.create(
        opportunity=deal, started_by=ae, promises="Sign-on", receiver=receiver, state="handed_over",
        closed_on=deal.closed_on, handed_over_by=ae, handed_over_at=timezone.now(),
    )  # fmt: skip
    assert [told(receiver), told(ae)] == [[("Harbour", "Read")], []]
    return_handoff(receiver, handoff, "Who pays?")
    assert [told(receiver), told(ae)] == [[], [("Harbour", "Answer")]]
    Handoff.objects.update(state="handed_over")
    accept_handoff(receiver, handoff)
    assert [told(receiver), told(ae)] == [[], []]


def test_in_one_query_on_the_home_of_both(lost, ae, se, sign_in, django_assert_num_queries):
    with django_assert_num_queries(1):
        closings(ae)
    for person in (ae, se):
        page = sign_in(person).get("/").content.decode()
        assert "After closing" in page
        assert "Look back" in page
