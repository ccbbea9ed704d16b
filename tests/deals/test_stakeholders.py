"""The buying committee: who may change it, what it lacks, and that nobody's words are lost."""

import pytest
from django.db import IntegrityError, transaction

from deals.actions import stakeholders as actions
from deals.committee import committee
from deals.models import Opportunity, Stakeholder
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, StakeholderFactory, waiting
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def person(**fields):
    return Stakeholder(**{"name": "Lena Ortiz", "role": "champion"} | fields)


def told(deal):
    return committee(deal, deal.stakeholders.all())


class TestWhoMayChangeIt:
    @pytest.mark.parametrize("who", ["ae", "se", "manager", "admin"])
    def test_both_lanes_and_managers_write(self, request, deal, who):
        actor = request.getfixturevalue(who)
        added = actions.add_stakeholder(actor, deal, person())
        added.stance = "supports"
        actions.edit_stakeholder(actor, added, added.version)
        assert deal.stakeholders.get().stance == "supports"
        actions.remove_stakeholder(actor, added, reason="Left the company")
        assert not deal.stakeholders.exists()

    def test_others_of_the_team_read_only(self, deal, team, marketing, sign_in):
        added = StakeholderFactory(opportunity=deal, name="Lena Ortiz")
        mate = UserFactory(role="ae", team=team)
        for actor in (mate, UserFactory(role="se", team=team), marketing):
            with pytest.raises(NotAllowed):
                actions.add_stakeholder(actor, deal, person(role="user"))
            with pytest.raises(NotAllowed):
                actions.edit_stakeholder(actor, added, 1)
            with pytest.raises(NotAllowed):
                actions.remove_stakeholder(actor, added)
        page = sign_in(mate).get(deal.get_absolute_url())
        assert b"Lena Ortiz" in page.content
        assert b"Add a stakeholder" not in page.content

    def test_who_does_not_see_the_deal_finds_nobody(self, deal, other_team, sign_in):
        added = StakeholderFactory(opportunity=deal)
        stranger = UserFactory(role="manager", team=other_team)
        assert not Stakeholder.objects.visible_to(stranger).exists()
        for path in ("edit", "remove"):
            assert sign_in(stranger).post(f"/stakeholders/{added.pk}/{path}/", {"name": "X"}).status_code == 404


class TestWhatItLacks:
    def test_an_empty_committee_lacks_the_three_key_roles_each_with_its_link(self, deal):
        found = told(deal)
        assert [item.url.partition("=")[2] for item in found.missing] == [
            "economic_buyer", "champion", "technical_buyer",
        ]  # fmt: skip
        assert (found.covered, found.wanted, found.groups) == (0, 3, [])

    def test_a_role_that_somebody_has_is_covered(self, deal):
        StakeholderFactory(opportunity=deal, role="champion")
        StakeholderFactory(opportunity=deal, role="legal")
        found = told(deal)
        assert [item.url.partition("=")[2] for item in found.missing] == ["economic_buyer", "technical_buyer"]
        assert [group.role.value for group in found.groups] == ["champion", "legal"]

    @pytest.mark.parametrize(("other", "warned"), [("LENA  ortiz", True), ("Lena Ortega", False)])
    def test_champion_and_economic_buyer_in_one_is_warned_of(self, deal, other, warned):
        StakeholderFactory(opportunity=deal, role="champion", name="Lena Ortiz")
        StakeholderFactory(opportunity=deal, role="economic_buyer", name=other)
        assert bool(told(deal).doubles) is warned

    def test_unless_somebody_says_that_it_is_so(self, deal):
        StakeholderFactory(opportunity=deal, role="champion", name="Lena Ortiz", is_both=True)
        StakeholderFactory(opportunity=deal, role="economic_buyer", name="Lena Ortiz")
        assert told(deal).doubles == []

    def test_the_page_says_it_in_words(self, deal, ae, sign_in):
        page = sign_in(ae).get(deal.get_absolute_url()).content.decode()
        assert "Nobody is named yet" in page
        assert f"/opportunities/{deal.pk}/stakeholders/add/?role=champion" in page


class TestTwoAtOnce:
    def test_the_second_of_two_writers_sees_both_values(self, deal, ae, se, sign_in):
        added = StakeholderFactory(opportunity=deal, name="Lena Ortiz", stance="unknown")
        data = {"name": "Lena Ortiz", "role": "champion", "influence": "high", "version": 1}
        first = sign_in(ae).post(f"/stakeholders/{added.pk}/edit/", data | {"stance": "supports"})
        assert first.status_code == 302
        second = sign_in(se).post(f"/stakeholders/{added.pk}/edit/", data | {"stance": "against"})
        assert second.status_code == 409
        assert "Now stored: Supports us" in second.content.decode()
        assert deal.stakeholders.get().stance == "supports"

    def test_a_junk_version_overwrites_nothing(self, deal, ae):
        added = StakeholderFactory(opportunity=deal)
        with pytest.raises(StaleEdit):
            actions.edit_stakeholder(ae, added, 99)

    def test_the_same_person_has_a_role_once(self, deal, ae):
        actions.add_stakeholder(ae, deal, person())
        with pytest.raises(Conflict, match="already"):
            actions.add_stakeholder(ae, deal, person(name="lena ortiz"))
        actions.add_stakeholder(ae, deal, person(role="economic_buyer"))
        with pytest.raises(IntegrityError), transaction.atomic():
            StakeholderFactory(opportunity=deal, name="LENA ORTIZ", role="champion")


class TestThePages:
    def test_adding_from_the_link_of_a_missing_role(self, deal, se, sign_in):
        client = sign_in(se)
        url = f"/opportunities/{deal.pk}/stakeholders/add/"
        assert b'value="economic_buyer" selected' in client.get(f"{url}?role=economic_buyer").content
        data = {"name": " Lena  Ortiz ", "role": "economic_buyer", "influence": "high", "stance": "neutral"}
        assert client.post(url, data | {"known_by": se.pk}).url == f"{deal.get_absolute_url()}#committee"
        added = deal.stakeholders.get()
        assert (added.name, added.known_by) == ("Lena Ortiz", se)

    def test_known_by_names_nobody_of_another_team(self, deal, ae, other_team, sign_in):
        foreign = UserFactory(role="se", team=other_team)
        data = {"name": "Lena", "role": "user", "influence": "low", "stance": "unknown", "known_by": foreign.pk}
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/stakeholders/add/", data).status_code == 422

    def test_changes_count_as_activity_and_stand_in_the_history(self, deal, ae):
        before = Opportunity.objects.get(pk=deal.pk).last_activity_at
        added = actions.add_stakeholder(ae, deal, person())
        actions.remove_stakeholder(ae, added, reason="Left")
        assert Opportunity.objects.get(pk=deal.pk).last_activity_at > before
        assert list(Stakeholder.events.rel.related_model.objects.values_list("pgh_label", flat=True)) == [
            "insert", "delete",
        ]  # fmt: skip

    def test_the_deals_page_takes_few_queries_whatever_the_size_of_the_committee(
        self, deal, ae, sign_in, django_assert_max_num_queries
    ):
        waiting(deal)
        for number in range(20):
            StakeholderFactory(opportunity=deal, name=f"Person {number}", known_by=ae)
        client = sign_in(ae)
        with django_assert_max_num_queries(12):
            client.get(deal.get_absolute_url())
