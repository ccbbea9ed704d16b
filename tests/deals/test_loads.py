"""Weighted load, capacity by seniority, and whom a manager is offered: one figure everywhere."""

import datetime
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions import queue as actions
from deals.loads import load_of, loads_of, room_of, with_load
from deals.matching import ranked, suggested
from deals.models import Claim, Opportunity, Pairing
from people.models import Absence, Role, Seniority, User
from people.workload import Load, loads
from presales.errors import Conflict, WantsConfirmation
from tests.deals.factories import OpportunityFactory, pipeline, stage, waiting
from tests.factories import CompanyFactory, UserFactory

pytestmark = pytest.mark.django_db

OPEN = ["qualification", "discovery", "presentation", "evaluation", "negotiation"]


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def send_away(person, days=3):
    today = person.today
    Absence.objects.create(user=person, starts_on=today, ends_on=today + datetime.timedelta(days=days))


class TestTheFigure:
    def test_the_stages_weigh_as_an_admin_finds_them(self):
        weights = dict(pipeline().stages.filter(outcome="open").values_list("slug", "load_weight"))
        assert [weights[slug] for slug in OPEN] == [Decimal(w) for w in ("0.5", "1", "1.5", "2", "0.5")]

    @pytest.mark.parametrize(
        ("seniority", "own", "capacity"),
        [("associate", None, 6), ("senior", None, 8), ("lead", None, 10), ("associate", 9, 9), ("lead", 0, 0)],
    )
    def test_capacity_grows_with_seniority_unless_it_is_set(self, seniority, own, capacity):
        assert User(role=Role.SE, seniority=seniority, capacity=own).effective_capacity == capacity
        assert User(role=Role.AE, seniority=seniority, capacity=own).effective_capacity == (30 if own is None else own)
        assert User(role=Role.MANAGER, seniority=seniority).effective_capacity is None

    def test_a_new_weight_counts_at_once_and_everywhere(self, team, se, admin, manager):
        deals = [OpportunityFactory(team=team, se=se, stage=stage("discovery")) for _ in range(3)]
        client = Client()
        client.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")
        found = stage("discovery")
        page = f"/stages/{found.pk}/edit/"
        data = client.get(page).context["form"].initial | {"load_weight": "2.5"}
        assert client.post(page, data | {"load_weight": "10.1"}).status_code == 422
        assert client.post(page, data).status_code == 302
        second = client.post(page, data | {"load_weight": "1.5"})
        assert second.status_code == 409
        assert "Now stored: 2.50" in second.content.decode() or "Now stored: 2.5" in second.content.decode()
        assert load_of(se) == Decimal("7.5")
        assert with_load(User.objects.filter(pk=se.pk)).get().load == Decimal("7.5")
        assert str(loads([se])[se.pk]) == "7.5 of 8"
        waiting(OpportunityFactory(team=team))
        [(_, match)] = ranked(se, load_of(se))
        assert "0.5 of 8 free" in match.good
        client.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
        for page in ("/queue/", "/teams/", f"/opportunities/{OpportunityFactory(team=team).pk}/assign/"):
            assert "7.5 of 8" in client.get(page).content.decode(), page
        assert len(deals) == 3

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_the_load_is_the_sum_of_the_weights_of_what_is_open(self, team, data):
        """Any weights, any deals in any state, any number of SEs and teams: each way of asking gives the same sum."""
        for slug in OPEN:
            weight = data.draw(st.decimals(0, 10, places=1), label=slug)
            type(stage(slug)).objects.filter(pk=stage(slug).pk).update(load_weight=weight)
        ses = [UserFactory(role="se", team=team) for _ in range(data.draw(st.integers(1, 4), label="SEs"))]
        expected = dict.fromkeys((se.pk for se in ses), Decimal(0))
        for _ in range(data.draw(st.integers(0, 8), label="deals")):
            se = data.draw(st.sampled_from([None, *ses]), label="SE")
            slug = data.draw(st.sampled_from([*OPEN, "won", "lost"]), label="stage")
            closed = {} if slug in OPEN else {
                "outcome": slug, "closed_on": datetime.date(2026, 1, 2), "lost_reason": "price"
            }  # fmt: skip
            OpportunityFactory(team=team, se=se, stage=stage(slug), **closed)
            if se is not None and slug in OPEN:
                expected[se.pk] += stage(slug).load_weight
        assert {se.pk: load_of(se) for se in ses} == expected
        assert {pk: loads_of(expected).get(pk, 0) for pk in expected} == expected
        assert dict(with_load(User.objects.filter(pk__in=expected)).values_list("pk", "load")) == expected
        assert {pk: load.held for pk, load in loads(ses).items()} == expected
        assert {found.se.pk: found.load.held for found in suggested(OpportunityFactory(team=team))}.items() >= (
            expected.items()
        )

    def test_a_whole_team_is_one_query(self, team, django_assert_num_queries):
        for se in UserFactory.create_batch(12, role="se", team=team):
            OpportunityFactory(team=team, se=se, stage=stage("evaluation"))
            send_away(se)
        with django_assert_num_queries(1):
            found = list(with_load(User.objects.in_role(Role.SE)))
            assert {(se.load, se.is_away) for se in found} == {(Decimal(2), True)}
        with django_assert_num_queries(1):
            assert set(loads_of([se.pk for se in found]).values()) == {Decimal(2)}

    @pytest.mark.parametrize(
        ("held", "capacity", "tone", "over"),
        [("0", 0, "quiet", False), ("0.5", 0, "bad", True), ("6.3", 8, "good", False), ("6.4", 8, "warn", False),
         ("8", 8, "warn", False), ("8.5", 8, "bad", True), ("99", None, "quiet", False)],
    )  # fmt: skip
    def test_how_full_is_told_by_colour(self, held, capacity, tone, over):
        load = Load(Decimal(held), capacity)
        assert (load.tone, load.is_over) == (tone, over)


class TestClaiming:
    def test_the_last_half_fits_and_no_more(self, team, se):
        User.objects.filter(pk=se.pk).update(seniority=Seniority.ASSOCIATE)
        for _ in range(3):
            OpportunityFactory(team=team, se=se, stage=stage("presentation"))
        OpportunityFactory(team=team, se=se, stage=stage("discovery"))
        half, more = (OpportunityFactory(team=team) for _ in range(2))
        for deal in (half, more):
            waiting(deal)
        actions.claim(fresh(se), half)
        assert str(room_of(fresh(se))) == "6 of 6"
        with pytest.raises(Conflict, match="You carry 6 of 6"):
            actions.claim(fresh(se), more)


class TestAssigning:
    @pytest.fixture
    def deal(self, team, ae):
        company = CompanyFactory(industry="Logistics")
        return OpportunityFactory(
            name="Yard", team=team, owner=ae, company=company, needed_skills="Kafka", stage=stage("discovery")
        )

    def test_the_best_match_comes_first_and_who_is_away_last(self, deal, team, ae, other_team):
        best = UserFactory(role="se", team=team, name="Best", skills=["kafka"], verticals=["Logistics"])
        partner = UserFactory(role="se", team=team, name="Partner")
        plain = UserFactory(role="se", team=team, name="Plain")
        UserFactory(role="se", team=other_team)
        UserFactory(role="se", team=team, is_active=False)
        Pairing.objects.create(ae=ae, se=partner)
        assert [found.se for found in suggested(fresh(deal))] == [best, partner, plain]
        send_away(best)
        found = suggested(fresh(deal))
        assert [one.se for one in found] == [partner, plain, best]
        assert found[0].match.good == ["works with Ada AE", "own territory", "8 of 8 free"]
        assert found[-1].match.good[:2] == ["brings Kafka", "knows Logistics"]
        assert found[-1].match.bad == [f"away until {fresh(best).away_until:%-d %b}"]

    def test_it_asks_no_more_of_a_larger_team(self, deal, team, django_assert_num_queries):
        for se in UserFactory.create_batch(15, role="se", team=team):
            send_away(se)
        found = Opportunity.objects.select_related("company", "owner", "stage").get(pk=deal.pk)
        with django_assert_num_queries(2):
            assert len(suggested(found)) == 15

    def test_nobody_is_given_a_deal_while_away_by_mistake(self, deal, team, manager, se):
        send_away(se)
        User.objects.filter(pk=se.pk).update(capacity=0)
        with pytest.raises(WantsConfirmation, match=r"is away until .* and carries 0 of 0") as refused:
            actions.assign_se(manager, deal, se)
        assert refused.value.confirm == ["while_away", "beyond_capacity"]
        with pytest.raises(WantsConfirmation) as refused:
            actions.assign_se(manager, deal, se, beyond_capacity=True)
        assert refused.value.confirm == ["while_away"]
        assert not Claim.objects.exists()
        actions.assign_se(manager, deal, se, beyond_capacity=True, while_away=True)
        assert fresh(deal).se == se

    def test_the_form_asks_and_remembers(self, deal, manager, se, sign_in):
        client, page = sign_in(manager), f"/opportunities/{deal.pk}/assign/"
        assert "Also while away" not in client.get(page).content.decode()
        send_away(se)
        assert "Also while away" in client.get(page).content.decode()
        answer = client.post(page, {"se": se.pk, "reason": "Knows them", "seen_with": 0})
        assert answer.status_code == 409
        assert "is away until" in answer.content.decode()
        assert "Knows them" in answer.content.decode()
        assert client.post(page, {"se": se.pk, "while_away": "on"}).status_code == 302
        assert fresh(deal).se == se

    def test_what_somebody_else_did_meanwhile_is_not_undone(self, deal, team, manager, se, admin):
        other = UserFactory(role="se", team=team, name="Olga")
        actions.assign_se(admin, deal, other)
        with pytest.raises(Conflict, match="Yard is with Olga by now"):
            actions.assign_se(manager, fresh(deal), se, seen_with=0)
        actions.hand_back(admin, fresh(deal), reason="Nobody yet")
        with pytest.raises(Conflict, match="has no SE by now"):
            actions.assign_se(manager, fresh(deal), se, seen_with=other.pk)
        actions.assign_se(manager, fresh(deal), se, seen_with=0)

    def test_programs_hear_why_in_one_sentence(self, deal, manager, ae, se, other_team, sign_in):
        client, page = sign_in(manager), f"/opportunities/{deal.pk}/assign/"
        json = {"Accept": "application/json"}
        for stranger in (UserFactory(role="se", team=other_team), ae):
            answer = client.post(page, {"se": stranger.pk}, headers=json)
            assert answer.status_code == 409
            assert answer.json()["message"] == "Choose an SE of the deal's team."
        send_away(se)
        assert client.post(page, {"se": se.pk}, headers=json).json()["confirm"] == ["while_away"]


def test_an_se_hears_of_the_own_absence_in_the_queue(team, se, sign_in):
    waiting(OpportunityFactory(team=team))
    send_away(se)
    assert "you are away until" in sign_in(se).get("/queue/").content.decode()
