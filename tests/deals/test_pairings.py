"""Two in a box: who pairs whom, how a charter comes into force, and what a pairing does in the queue."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.actions import pairings as actions
from deals.actions.pairings import TERMS
from deals.charter import charter_in_force
from deals.matching import match, ranked
from deals.models import Charter, Pairing
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, waiting
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pairing(ae, se):
    return actions.start_pairing(ae, ae, se)


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def terms(**changes):
    return {name: Charter._meta.get_field(name).get_default() for name in TERMS} | changes


def agreed(pairing, **changes):
    """A version that both have accepted."""
    number = pairing.charters.count()
    charter = actions.propose_charter(pairing.ae, pairing, terms(**changes), based_on=number)
    return actions.accept_charter(pairing.se, charter)


class TestPairing:
    def test_each_of_the_two_and_their_manager_may_start_it_once(self, ae, se, manager):
        made = {actions.start_pairing(actor, ae, se) for actor in (ae, se, manager)}
        assert len(made) == 1
        assert Charter.objects.count() == 1

    def test_nobody_pairs_others_or_people_of_other_teams(self, ae, se, team, other_team):
        with pytest.raises(NotAllowed):
            actions.start_pairing(UserFactory(role="ae", team=team), ae, se)
        with pytest.raises(NotAllowed):
            actions.start_pairing(UserFactory(role="manager", team=other_team), ae, se)
        with pytest.raises(Conflict, match="same team"):
            actions.start_pairing(ae, ae, UserFactory(role="se", team=other_team))
        with pytest.raises(Conflict):
            actions.start_pairing(se, se, se)

    def test_the_two_their_managers_and_admins_see_it(self, pairing, ae, se, manager, admin, team, other_team):
        for person in (ae, se, manager, admin):
            assert Pairing.objects.visible_to(person).get() == pairing
        for stranger in (UserFactory(role="ae", team=team), UserFactory(role="manager", team=other_team)):
            assert not Pairing.objects.visible_to(stranger).exists()

    def test_one_that_ended_holds_nothing_and_may_start_anew(self, pairing, ae, se, deal):
        agreed(pairing)
        actions.end_pairing(se, pairing, reason="New territory")
        actions.end_pairing(ae, pairing)
        assert charter_in_force(deal) is None
        with pytest.raises(Conflict, match="ended"):
            actions.propose_charter(ae, pairing, terms(), based_on=2)
        assert actions.start_pairing(ae, ae, se) != pairing


class TestTheCharter:
    def test_it_is_in_force_when_both_have_accepted(self, pairing, ae, se, deal):
        charter = pairing.charters.get()  # proposed by the AE, who accepted it with that
        assert charter.waits_for == [se]
        assert charter_in_force(deal) is None
        actions.accept_charter(se, charter)
        assert charter_in_force(deal) == charter

    def test_a_new_version_wants_both_anew_and_the_old_one_goes_on(self, pairing, ae, se, deal):
        old = agreed(pairing)
        new = actions.propose_charter(se, pairing, terms(timeline_months=3), based_on=old.number)
        assert (new.number, new.waits_for) == (old.number + 1, [ae])
        assert charter_in_force(deal) == old
        actions.accept_charter(ae, new)
        assert charter_in_force(deal).timeline_months == 3

    def test_what_a_manager_proposes_waits_for_both(self, pairing, manager, ae, se):
        charter = actions.propose_charter(manager, pairing, terms(), based_on=1)
        assert charter.waits_for == [ae, se]
        with pytest.raises(NotAllowed):
            actions.accept_charter(manager, charter)

    def test_only_the_newest_version_is_accepted(self, pairing, ae, se):
        first = pairing.charters.get()
        actions.propose_charter(ae, pairing, terms(scrub_weeks=4), based_on=1)
        with pytest.raises(Conflict, match="newer"):
            actions.accept_charter(se, first)

    def test_accepting_twice_changes_nothing(self, pairing, se):
        charter = pairing.charters.get()
        at = actions.accept_charter(se, charter).accepted_by_se_at
        assert actions.accept_charter(se, charter).accepted_by_se_at == at

    def test_two_who_propose_at_once_lose_nothing(self, pairing, ae, se):
        actions.propose_charter(ae, pairing, terms(scrub_weeks=4), based_on=1)
        with pytest.raises(StaleEdit) as refused:
            actions.propose_charter(se, pairing, terms(scrub_weeks=1), based_on=1)
        assert refused.value.theirs["scrub_weeks"] == 4
        assert pairing.charters.count() == 2

    def test_the_form_shows_the_other_version_beside_the_own(self, pairing, ae, se, sign_in):
        url = f"/pairings/{pairing.pk}/charter/"
        data = terms(scrub_weeks=1, note="") | {"based_on": 1}
        actions.propose_charter(ae, pairing, terms(scrub_weeks=4), based_on=1)
        response = sign_in(se).post(url, data)
        page = response.content.decode()
        # The form was opened on version 1, and the AE's version 2 came in between.
        assert response.status_code == 409
        assert "Version 2 says: 4" in page
        assert 'name="based_on" value="2"' in page
        assert sign_in(se).post(url, data | {"based_on": 2}).status_code == 302
        assert pairing.charters.order_by("-number").first().scrub_weeks == 1

    @pytest.mark.parametrize(("field", "value"), [("timeline_months", 37), ("prep_minutes", 4), ("scrub_weeks", 0)])
    def test_figures_have_limits(self, pairing, ae, sign_in, field, value):
        data = terms(note="") | {"based_on": 1, field: value}
        assert sign_in(ae).post(f"/pairings/{pairing.pk}/charter/", data).status_code == 422


class TestThePages:
    def test_the_list_and_the_page_in_few_queries(
        self, pairing, ae, se, manager, team, sign_in, django_assert_max_num_queries
    ):
        agreed(pairing)
        actions.propose_charter(se, pairing, terms(scrub_weeks=3), based_on=2)
        for _ in range(5):
            actions.start_pairing(manager, ae, UserFactory(role="se", team=team))
        client = sign_in(ae)
        with django_assert_max_num_queries(12):
            page = client.get("/pairings/").content.decode()
        assert "version 2" in page
        assert f"waits for {ae.name}" in page
        with django_assert_max_num_queries(12):
            page = client.get(f"/pairings/{pairing.pk}/").content.decode()
        assert "Accept version 3" in page
        assert "every 3 weeks" in page

    def test_starting_and_accepting_by_page(self, ae, se, sign_in):
        response = sign_in(se).post("/pairings/add/", {"ae": ae.pk, "se": se.pk})
        pairing = Pairing.objects.get()
        assert response.url == f"/pairings/{pairing.pk}/"
        sign_in(ae).post(f"/charters/{pairing.charters.get().pk}/accept/")
        assert pairing.charters.get().is_accepted

    def test_an_se_starts_none_for_another_se(self, ae, se, team, sign_in):
        other = UserFactory(role="se", team=team)
        assert sign_in(se).post("/pairings/add/", {"ae": ae.pk, "se": other.pk}).status_code == 422

    def test_ended_ones_have_their_own_tab(self, pairing, ae, sign_in):
        actions.end_pairing(ae, pairing)
        client = sign_in(ae)
        assert "No pairing yet" in client.get("/pairings/").content.decode()
        assert str(timezone.localdate().day) in client.get("/pairings/?view=ended").content.decode()


class TestTheMatch:
    def test_the_partners_deal_comes_first_and_says_why(self, pairing, team, ae, se):
        other = UserFactory(role="ae", team=team)
        entries = [waiting(OpportunityFactory(team=team, owner=owner)) for owner in (other, ae)]
        (best, first), (_, second) = ranked(se, Decimal(0))
        assert best == entries[1].pk
        assert first.points - second.points == 16
        assert f"you work with {ae.name}" in first.good

    def test_everything_together_is_a_hundred(self, team):
        se = UserFactory(role="se", team=team, skills=["Kafka"], verticals=["Retail"])
        points = match(
            se, Decimal(0), needed_skills="Kafka", industry="Retail", team=team.pk, partner="Ada"
        ).points  # fmt: skip
        assert points == 100

    def test_an_ended_pairing_counts_no_more(self, pairing, team, ae, se):
        Pairing.objects.update(ended_on=datetime.date(2026, 1, 1))
        waiting(OpportunityFactory(team=team, owner=ae))
        assert not any("work with" in reason for reason in ranked(se, Decimal(0))[0][1].good)
