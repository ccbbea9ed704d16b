"""The buying committee, competitors and steps to signature in the story of a deal."""

import pytest

from deals.actions import closing_steps, competitors, stakeholders
from deals.models import ClosingStep, Competitor, Stakeholder
from deals.parts_story import parts_story
from tests.deals.factories import OpportunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def told(deal):
    return [(entry.who, entry.title) for entry in reversed(parts_story(deal))]


def test_who_came_changed_and_left(deal, ae, se):
    lena = Stakeholder(name="Lena Ortiz", role="champion")
    stakeholders.add_stakeholder(se, deal, lena)
    lena.stance, lena.known_by = "against", ae
    stakeholders.edit_stakeholder(ae, lena, 1)
    stakeholders.remove_stakeholder(ae, lena, reason="She has left")
    assert told(deal) == [
        ("Sam SE", "put Lena Ortiz on the buying committee as champion"),
        ("Ada AE", "changed Lena Ortiz of the buying committee"),
        ("Ada AE", "took Lena Ortiz off the buying committee"),
    ]
    gone, changed, _ = parts_story(deal)
    assert gone.reason == "She has left"
    assert {(change.label, change.before, change.after) for change in changed.changes} == {
        ("stance", "Not known", "Against us"), ("who of us knows them", "–", "Ada AE"),
    }  # fmt: skip


def test_competitors_and_steps(deal, ae, manager):
    rival = competitors.add_competitor(ae, deal, Competitor(name="Conduitly"))
    rival.status = "ahead"
    competitors.edit_competitor(manager, rival, 1)
    step = closing_steps.add_closing_step(ae, deal, ClosingStep(what="NDA", kind="legal"))
    closing_steps.settle_closing_step(manager, step, done=True)
    closing_steps.settle_closing_step(ae, step, done=False)
    closing_steps.remove_closing_step(ae, step)
    story = told(deal)
    assert [line for line in story if "Conduitly" in line[1]] == [
        ("Ada AE", "named Conduitly as a competitor"),
        ("Mia Manager", "changed what is known of Conduitly"),
    ]
    assert [line for line in story if "NDA" in line[1]] == [
        ("Mia Manager", "said that “NDA” is done"),
        ("Ada AE", "said that “NDA” is not done after all"),
        ("Ada AE", "took the step “NDA” off the list"),
    ]


def test_nothing_of_another_deal_and_few_queries(deal, ae, sign_in, django_assert_num_queries):
    other = OpportunityFactory()
    Competitor.objects.create(opportunity=other, name="Conduitly")
    for number in range(30):
        Stakeholder.objects.create(opportunity=deal, name=f"Person {number}", role="user", known_by=ae)
    with django_assert_num_queries(2):
        entries = parts_story(deal)
    assert len(entries) == 30
    page = sign_in(ae).get(f"/opportunities/{deal.pk}/timeline/").content.decode()
    assert "put Person 7 on the buying committee as user" in page
    assert "Conduitly" not in page
