"""Product gaps: named by SEs, kept by managers; what waits on them adds up to the deals, to the cent."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from deals.actions.product_gaps import edit_gap, merge_gap, name_gap, set_gap_state, split_gap
from deals.actions.requirements import judge_fit
from deals.models import Claim, DealTask, ExchangeRate, Opportunity, ProductGap, Requirement
from deals.product_gaps import figures_of, lost_deals, shares_of, split, waiting_deals
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, RequirementFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("presentation"), amount=Decimal("1000.00"))
    Claim.objects.create(opportunity=made, se=se)
    return made


def gap(title="Works offline", severity="deal_challenge", **facts):
    return ProductGap.objects.create(title=title, severity=severity, **facts)


def waits(deal, *gaps):
    return [RequirementFactory(opportunity=deal, fit="gap", gap=found) for found in gaps]


def today():
    return timezone.localdate()


def close(manager, found):
    return set_gap_state(manager, found, "closed", today(), found.version)


class TestNaming:
    def test_a_gap_of_the_list_or_a_new_one(self, deal, se):
        known = gap()
        first, second = waits(deal, None, None)
        name_gap(se, first, 1, gap=known)
        name_gap(se, second, 1, title="Two people at once", severity="deal_breaker")
        made = ProductGap.objects.get(title="Two people at once")
        assert (made.severity, made.state, made.created_by) == ("deal_breaker", "open", se)
        assert set(Requirement.objects.values_list("gap", flat=True)) == {known.pk, made.pk}

    def test_a_title_that_is_on_the_list_names_the_gap_that_has_it(self, deal, se):
        known = gap("Works offline")
        [row] = waits(deal, None)
        name_gap(se, row, 1, title="works OFFLINE", severity="nice_to_have")
        assert Requirement.objects.get().gap == known
        assert ProductGap.objects.count() == 1

    def test_one_that_was_merged_stands_for_what_it_is_part_of(self, deal, se, manager):
        old, new = gap("Offline"), gap("Works offline")
        merge_gap(manager, old, new)
        [row] = waits(deal, None)
        name_gap(se, row, 1, gap=old)
        assert Requirement.objects.get().gap == new

    def test_nothing_waits_on_what_is_closed(self, deal, se, manager):
        done = close(manager, gap())
        [row] = waits(deal, None)
        with pytest.raises(Conflict, match="is closed"):
            name_gap(se, row, 1, gap=done)
        with pytest.raises(Conflict, match="which gap"):
            name_gap(se, row, 1)

    def test_what_is_no_gap_any_more_waits_on_none(self, deal, se):
        [row] = waits(deal, gap())
        judge_fit(se, row, "native", 1)
        assert Requirement.objects.get().gap is None

    def test_the_requirement_was_changed_meanwhile(self, deal, se):
        [row] = waits(deal, None)
        with pytest.raises(StaleEdit):
            name_gap(se, row, 7, title="New")
        assert not ProductGap.objects.exists()

    @pytest.mark.parametrize(
        "facts",
        [
            {"title": ""}, {"title": "WORKS offline"}, {"severity": "awful"}, {"state": "gone"}, {"state": "closed"},
            {"state": "planned"}, {"state_on": datetime.date(2026, 1, 1)},
            {"state": "planned", "state_on": datetime.date(2200, 1, 1)},
        ],
    )  # fmt: skip
    def test_the_database_refuses_it_too(self, facts):
        gap()
        with pytest.raises(IntegrityError), transaction.atomic():
            gap(**{"title": "Another", **facts})

    def test_the_database_lets_no_other_fit_wait(self, deal):
        with pytest.raises(IntegrityError), transaction.atomic():
            RequirementFactory(opportunity=deal, fit="custom", gap=gap())


class TestSplittingAmounts:
    @given(
        cents=st.integers(min_value=0, max_value=10**14),
        weights=st.lists(st.integers(min_value=1, max_value=3), min_size=1, max_size=12),
    )
    def test_the_parts_are_the_amount_and_each_within_a_cent_of_its_due(self, cents, weights):
        amount = Decimal(cents) / 100
        parts = split(amount, weights)
        assert sum(parts) == amount
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - amount * weight / sum(weights)) <= Decimal("0.01")
            assert part >= 0

    @pytest.mark.parametrize("number", range(8))
    def test_what_waits_on_all_gaps_is_what_the_deals_are_worth(self, number, team, admin):
        """Random deals, currencies, gaps and closings, from the database to the figures."""
        import random

        dice = random.Random(number)
        ExchangeRate.objects.create(currency="EUR", rate=Decimal("1.08371"), valid_from=datetime.date(2020, 1, 1))
        gaps = [
            gap(f"Gap {n}", dice.choice(["deal_breaker", "deal_challenge", "nice_to_have"]),
                **dice.choice([{}, {}, {"state": "closed", "state_on": today()}]))
            for n in range(6)
        ]  # fmt: skip
        for _ in range(12):
            facts = dice.choice(
                [{}, {}, {"stage": stage("lost"), "outcome": "lost", "closed_on": today(), "lost_reason": "price"}]
            )
            made = OpportunityFactory(
                team=team, amount=Decimal(dice.randint(0, 10**9)) / 100, currency=dice.choice(["USD", "EUR"]), **facts
            )
            waits(made, *dice.choices(gaps, k=dice.randint(0, 7)))
        for deals in (waiting_deals(admin), lost_deals(admin)):
            shares = shares_of(deals)
            from deals.models.rates import with_value

            counted = with_value(Opportunity.objects.filter(pk__in={share.deal for share in shares}))
            worth = sum(counted.values_list("value", flat=True))
            assert sum(found.even for found in figures_of(shares).values()) == worth
            assert sum(found.weighted for found in figures_of(shares).values()) == worth

    def test_by_weight_and_evenly(self, deal, manager):
        breaker, nice = gap("A", "deal_breaker"), gap("B", "nice_to_have")
        waits(deal, breaker, nice, nice)  # two requirements on one gap are one
        found = figures_of(shares_of(waiting_deals(manager)))
        assert (found[breaker.pk].weighted, found[nice.pk].weighted) == (Decimal("750.00"), Decimal("250.00"))
        assert (found[breaker.pk].even, found[nice.pk].even) == (Decimal("500.00"), Decimal("500.00"))
        assert found[nice.pk].deals == 1

    def test_a_gap_that_closes_leaves_the_amount_to_the_others(self, deal, manager):
        first, second = gap("A"), gap("B")
        waits(deal, first, second)
        close(manager, first)
        found = figures_of(shares_of(waiting_deals(manager)))
        assert set(found) == {second.pk}
        assert found[second.pk].even == Decimal("1000.00")

    def test_with_a_lost_deal_count_all_that_it_had(self, deal, manager):
        first, second = gap("A"), gap("B")
        waits(deal, first, second)
        close(manager, first)
        lost = {"stage": stage("lost"), "outcome": "lost", "closed_on": today(), "lost_reason": "price"}
        Opportunity.objects.filter(pk=deal.pk).update(**lost)
        assert set(figures_of(shares_of(lost_deals(manager)))) == {first.pk, second.pk}
        assert shares_of(waiting_deals(manager)) == []

    def test_without_a_rate_a_deal_is_counted_but_not_added(self, deal, manager):
        Opportunity.objects.filter(pk=deal.pk).update(currency="NOK")
        found = gap()
        waits(deal, found)
        figures = figures_of(shares_of(waiting_deals(manager)))[found.pk]
        assert (figures.deals, figures.unvalued, figures.even) == (1, 1, Decimal(0))

    def test_only_of_deals_that_one_sees(self, deal, other_team):
        waits(deal, gap())
        stranger = UserFactory(role="manager", team=other_team)
        assert shares_of(waiting_deals(stranger)) == []


class TestMergingAndSplitting:
    def test_merged_everything_waits_on_the_other(self, deal, manager):
        oldest, old, new = gap("A"), gap("B"), gap("C")
        waits(deal, oldest, old)
        merge_gap(manager, oldest, old)
        merge_gap(manager, ProductGap.objects.get(pk=old.pk), new)
        merge_gap(manager, ProductGap.objects.get(pk=old.pk), new)  # again changes nothing
        assert set(Requirement.objects.values_list("gap", flat=True)) == {new.pk}
        assert set(ProductGap.objects.exclude(pk=new.pk).values_list("merged_into", flat=True)) == {new.pk}
        assert list(ProductGap.objects.standing()) == [new]

    def test_an_edit_that_began_before_is_told(self, deal, se, manager):
        [row] = waits(deal, gap("A"))
        merge_gap(manager, row.gap, gap("B"))
        with pytest.raises(StaleEdit):
            judge_fit(se, row, "native", 1)

    def test_refused_with_a_sentence(self, deal, manager):
        one, other = gap("A"), gap("B")
        with pytest.raises(Conflict, match="into itself"):
            merge_gap(manager, one, one)
        with pytest.raises(Conflict, match="is closed"):
            merge_gap(manager, one, close(manager, other))
        third = gap("C")
        merge_gap(manager, one, third)
        with pytest.raises(Conflict, match="was merged"):
            merge_gap(manager, one, gap("D"))
        with pytest.raises(Conflict, match="was merged"):
            merge_gap(manager, third, one)

    def test_split_some_wait_on_something_else(self, deal, manager):
        one = gap("A", state="planned", state_on=datetime.date(2027, 1, 1))
        stays, goes = waits(deal, one, one)
        made = split_gap(manager, one, [goes], "B", "deal_breaker")
        assert (made.state, made.state_on, made.severity) == ("planned", one.state_on, "deal_breaker")
        assert (Requirement.objects.get(pk=stays.pk).gap, Requirement.objects.get(pk=goes.pk).gap) == (one, made)

    def test_not_none_not_all_not_others_not_twice(self, deal, manager):
        one, other = gap("A"), gap("B")
        rows = waits(deal, one, one)
        foreign = waits(deal, other)
        for chosen, title, sentence in [
            ([], "C", "some of what waits"), (rows, "C", "some of what waits"), (foreign, "C", "Look again"),
            (rows[:1], "b", "of this title"),
        ]:  # fmt: skip
            with pytest.raises(Conflict, match=sentence):
                split_gap(manager, one, chosen, title, "nice_to_have")


class TestState:
    def test_closing_gives_the_se_of_each_waiting_deal_a_task(self, deal, team, ae, se, manager):
        found = gap()
        waits(deal, found, found)
        waits(OpportunityFactory(team=team, owner=ae), found)  # nobody has claimed it
        lost = {"stage": stage("lost"), "outcome": "lost", "closed_on": today(), "lost_reason": "price"}
        waits(OpportunityFactory(team=team, owner=ae, se=se, **lost), found)
        closed = close(manager, found)
        task = DealTask.objects.get()
        assert (task.opportunity, task.assignee, task.what) == (
            deal, se, "Judge the fit anew: “Works offline” is closed"
        )  # fmt: skip
        set_gap_state(manager, closed, "closed", today() - datetime.timedelta(days=1), closed.version)
        assert DealTask.objects.count() == 1

    def test_refused_with_a_sentence(self, manager):
        found = gap()
        for state, on, sentence in [
            ("planned", None, "for which day"), ("closed", None, "on which day"),
            ("closed", datetime.date(2099, 1, 1), "Plan it"),
        ]:  # fmt: skip
            with pytest.raises(Conflict, match=sentence):
                set_gap_state(manager, found, state, on, 1)

    def test_opened_again_it_has_no_day(self, manager):
        found = close(manager, gap())
        set_gap_state(manager, found, "open", today(), found.version)
        assert (ProductGap.objects.get().state, ProductGap.objects.get().state_on) == ("open", None)

    def test_two_titles_are_one_gap(self, manager):
        one, _ = gap("A"), gap("B")
        one.title = "b"
        with pytest.raises(Conflict, match="Merge the two"):
            edit_gap(manager, one, 1)


class TestLane:
    def acts(self, deal):
        one, other = gap("A"), gap("B")
        row, _ = waits(deal, one, one)
        return {
            f"/gaps/{one.pk}/edit/": {"title": "New", "severity": "nice_to_have", "version": 1},
            f"/gaps/{one.pk}/state/": {"state": "planned", "state_on": "2027-03-01", "version": 1},
            f"/gaps/{one.pk}/merge/": {"into": other.pk},
            f"/gaps/{one.pk}/split/": {"title": "C", "severity": "nice_to_have", "requirements": [row.pk]},
        }

    def stored(self):
        rows = ProductGap.objects.order_by("pk").values_list("title", "severity", "state", "merged_into")
        return list(rows), list(Requirement.objects.order_by("pk").values_list("gap", flat=True))

    def test_neither_ae_nor_se_keeps_the_list(self, deal, ae, se, sign_in):
        acts = self.acts(deal)
        before = self.stored()
        for person in (ae, se):
            client = sign_in(person)
            assert client.get("/gaps/").status_code == 200
            for address, data in acts.items():
                assert client.post(address, data).status_code == 403, address
        assert self.stored() == before

    def test_marketing_reads_none(self, deal, marketing, sign_in):
        client = sign_in(marketing)
        for address in ("/gaps/", *self.acts(deal)):
            assert client.get(address).status_code == 403

    @pytest.mark.parametrize("number", range(4))
    def test_a_manager_does(self, number, deal, manager, sign_in):
        address, data = list(self.acts(deal).items())[number]
        before = self.stored()
        answer = sign_in(manager).post(address, data)
        assert answer.status_code == 302, answer.content.decode()[:3000]
        assert self.stored() != before

    def test_the_gap_of_a_deal_is_named_by_its_se(self, deal, ae, se, sign_in):
        [row] = waits(deal, None)
        data = {"title": "Works offline", "version": 1}
        assert sign_in(ae).post(f"/requirements/{row.pk}/gap/", data).status_code == 403
        assert sign_in(se).post(f"/requirements/{row.pk}/gap/", data).status_code == 302
        assert Requirement.objects.get().gap.title == "Works offline"

    def test_the_actions_ask_too(self, deal, ae, se):
        one, other = gap("A"), gap("B")
        [row] = waits(deal, one)
        for act in (
            lambda: edit_gap(se, one, 1),
            lambda: set_gap_state(se, one, "closed", today(), 1),
            lambda: merge_gap(se, one, other),
            lambda: split_gap(se, one, [row], "C", "nice_to_have"),
            lambda: name_gap(ae, row, 1, gap=other),
        ):
            with pytest.raises(NotAllowed):
                act()


class TestInTheBrowser:
    def test_a_fit_that_is_a_gap_asks_for_its_name(self, deal, se, sign_in):
        row = RequirementFactory(opportunity=deal)
        client = sign_in(se)
        answer = client.post(f"/requirements/{row.pk}/fit/", {"fit": "gap", "version": 1})
        assert answer.url == f"/requirements/{row.pk}/gap/"
        assert client.post(answer.url, {"version": 2}).status_code == 422
        assert client.post(answer.url, {"version": 2, "title": "Works offline"}).status_code == 302
        page = client.get(f"/opportunities/{deal.pk}/requirements/").content.decode()
        assert "Works offline" in page

    def test_the_list_has_deals_and_value_and_those_lost(self, deal, manager, sign_in):
        waits(deal, gap())
        client = sign_in(manager)
        page = client.get("/gaps/").content.decode()
        assert "Works offline" in page
        assert "1,000 USD" in page
        for address in ("/gaps/?view=lost", "/gaps/?view=made-up&state=x", "/gaps/?state=closed"):
            assert client.get(address).status_code == 200

    def test_when_it_closes_the_se_reads_it_on_the_deal_and_in_the_list(self, deal, se, manager, sign_in):
        found = gap()
        waits(deal, found)
        close(manager, found)
        client = sign_in(se)
        assert "Judge the fit of" in client.get(f"/opportunities/{deal.pk}/requirements/").content.decode()
        assert "judge the fit anew" in client.get("/gaps/").content.decode()
        assert "judge the fit anew" not in sign_in(manager).get("/gaps/").content.decode()

    def test_a_page_shows_no_deal_that_one_does_not_see(self, deal, manager, other_team, sign_in):
        found = gap()
        waits(deal, found)
        stranger = sign_in(UserFactory(role="se", team=other_team)).get(f"/gaps/{found.pk}/").content.decode()
        assert deal.name not in stranger
        assert deal.name in sign_in(manager).get(f"/gaps/{found.pk}/").content.decode()

    def test_one_that_was_merged_leads_to_the_other(self, manager, sign_in):
        old, new = gap("A"), gap("B")
        merge_gap(manager, old, new)
        assert sign_in(manager).get(f"/gaps/{old.pk}/").url == f"/gaps/{new.pk}/"

    def test_the_second_of_two_sees_both_values(self, manager, admin, sign_in):
        found = gap()
        found.title = "Theirs"
        edit_gap(admin, found, 1)
        data = {"title": "Mine", "severity": "deal_breaker", "version": 1}
        answer = sign_in(manager).post(f"/gaps/{found.pk}/edit/", data)
        assert answer.status_code == 409
        assert "Theirs" in answer.content.decode()

    def test_few_queries_whatever_the_number(self, team, ae, manager, sign_in, django_assert_max_num_queries):
        gaps = [gap(f"Gap {n}") for n in range(12)]
        for number in range(20):
            made = OpportunityFactory(team=team, owner=ae, amount=number)
            waits(made, *gaps[number % 3 :: 3])
        client = sign_in(manager)
        for address in ("/gaps/", "/gaps/?view=lost", f"/gaps/{gaps[0].pk}/"):
            with django_assert_max_num_queries(12):
                assert client.get(address).status_code == 200
