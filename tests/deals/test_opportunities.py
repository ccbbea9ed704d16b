"""Converting, editing in lanes, and the pages."""

import datetime
from decimal import Decimal
from functools import partial

import pytest

from deals.actions.opportunities import convert_lead, create_opportunity
from deals.models import Opportunity
from deals.models.rates import ExchangeRate
from leads.models import Lead
from people.models import Absence
from presales.errors import Conflict, NotAllowed
from presales.paging import paginate
from qualification.actions.dossiers import open_dossier
from tests.deals.factories import OpportunityFactory, pipeline, stage, waiting
from tests.factories import LeadFactory, UserFactory
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db
CLOSE = datetime.date(2027, 3, 31)


@pytest.fixture
def sql(team, ae):
    framework()
    pipeline()
    return LeadFactory(team=team, owner=ae, stage="sql", source="webinar", dossier=open_dossier(None, team))


def convert(actor, lead, **changes):
    return convert_lead(actor, lead, **{"name": "Big one", "amount": Decimal("60000"), "close_date": CLOSE} | changes)


class TestConverting:
    def test_the_opportunity_takes_over_the_same_dossier(self, sql, ae):
        made = convert(ae, sql)
        lead = Lead.objects.get(pk=sql.pk)
        assert (made.dossier_id, made.company_id, made.owner, made.source) == (
            lead.dossier_id,
            lead.company_id,
            ae,
            "webinar",
        )
        assert lead.stage == "converted"
        assert made.stage == stage("qualification")

    def test_repeating_it_gives_the_same_opportunity(self, sql, ae):
        assert convert(ae, sql) == convert(ae, sql, name="Again")
        assert Opportunity.objects.count() == 1

    def test_only_the_owner_or_a_manager_converts(self, sql, team, manager, marketing):
        for person in (UserFactory(role="ae", team=team), marketing):
            with pytest.raises(NotAllowed):
                convert(person, sql)
        convert(manager, sql)

    def test_only_an_sql_converts(self, team, ae):
        pipeline()
        lead = LeadFactory(team=team, owner=ae, stage="sal")
        with pytest.raises(Conflict):
            convert(ae, lead)

    def test_from_the_page(self, sign_in, sql, ae):
        data = {"name": "Big one", "amount": "60000", "close_date": "2027-03-31", "type": "new"}
        response = sign_in(ae).post(f"/leads/{sql.pk}/convert/", data)
        assert response.url == Opportunity.objects.get().get_absolute_url()


class TestTheCommercialLane:
    @pytest.fixture
    def deal(self, team, ae, se):
        return OpportunityFactory(team=team, owner=ae, se=se)

    def data(self, **changes):
        return {
            "name": "Renamed",
            "type": "new",
            "amount": "75000.50",
            "forecast_category": "commit",
            "version": "1",
        } | changes

    def test_the_owner_edits(self, sign_in, deal, ae):
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", self.data()).status_code == 302
        assert Opportunity.objects.get().amount == Decimal("75000.50")

    def test_the_se_and_team_mates_do_not(self, sign_in, deal, se, team):
        for person in (se, UserFactory(role="ae", team=team)):
            assert sign_in(person).post(f"/opportunities/{deal.pk}/edit/", self.data()).status_code == 403
        assert Opportunity.objects.get().name != "Renamed"

    def test_the_second_of_two_sees_both_versions(self, sign_in, deal, ae):
        client = sign_in(ae)
        client.post(f"/opportunities/{deal.pk}/edit/", self.data(name="First"))
        late = client.post(f"/opportunities/{deal.pk}/edit/", self.data(name="Second"))
        assert late.status_code == 409
        assert "Now stored: First" in late.content.decode()
        assert Opportunity.objects.get().name == "First"

    def test_what_is_not_a_field_of_the_form_is_not_written(self, sign_in, deal, ae, se, team):
        other = UserFactory(role="ae", team=team)
        extra = {
            "owner": other.pk,
            "se": "",
            "stage": stage("won").pk,
            "outcome": "won",
            "team": "",
            "probability": "99",
        }
        sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", self.data(**extra))
        stored = Opportunity.objects.get()
        assert (stored.owner, stored.se, stored.outcome, stored.stage) == (ae, se, "open", stage("qualification"))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("amount", "-1"), ("amount", "1e30"), ("amount", "NaN"), ("claimed_probability", "101"),
         ("close_date", "0001-01-01"), ("close_date", "9999-12-31"), ("name", "x" * 201), ("version", "x")],
    )  # fmt: skip
    def test_bad_input_is_an_error_at_its_field(self, sign_in, deal, ae, field, value):
        response = sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", self.data(**{field: value}))
        assert response.status_code == 422
        assert field in response.context["form"].errors


class TestWhoSees:
    def test_the_deals_of_other_teams_do_not_exist(self, sign_in, team, other_team, ae):
        deal = OpportunityFactory(team=team, owner=ae)
        for role in ("ae", "se", "manager"):
            stranger = sign_in(UserFactory(role=role, team=other_team))
            assert stranger.get(f"/opportunities/{deal.pk}/").status_code == 404
            assert deal.name not in stranger.get("/opportunities/").content.decode()
            assert deal.name not in stranger.get("/board/").content.decode()

    def test_an_se_sees_what_waits_and_what_was_claimed(self, team, ae, se):
        hidden = OpportunityFactory(team=team, owner=ae)
        waits = OpportunityFactory(team=team, owner=ae)
        waiting(waits)
        mine = OpportunityFactory(team=team, owner=ae, se=se)
        assert set(Opportunity.objects.visible_to(se)) == {waits, mine}
        assert hidden not in Opportunity.objects.visible_to(se)

    def test_marketing_sees_no_deals(self, sign_in, team, ae, marketing):
        deal = OpportunityFactory(team=team, owner=ae)
        assert sign_in(marketing).get(f"/opportunities/{deal.pk}/").status_code == 404


class TestPages:
    @pytest.fixture
    def deals(self, team, ae, se):
        return [OpportunityFactory(team=team, owner=ae, se=se, stage=stage("discovery")) for _ in range(25)]

    def test_queries_do_not_grow_with_the_rows(self, sign_in, deals, ae, manager, django_assert_max_num_queries):
        for person in (ae, manager):
            client = sign_in(person)
            for url in ("/opportunities/", "/board/", f"/opportunities/{deals[0].pk}/"):
                client.get(url)
                with django_assert_max_num_queries(12):
                    assert client.get(url).status_code == 200

    @pytest.mark.parametrize(
        "query", ["stage=x", "owner=999999999999999999999", "closed_from=0000-00-00", "sort=--x", "cursor=%00",
                  "q=" + "x" * 500, "outcome=none", "team=-1", "attention=risk&q=%25_", "closed_to=2026-02-31"],
    )  # fmt: skip
    def test_an_address_with_nonsense_still_answers(self, sign_in, deals, ae, query):
        assert sign_in(ae).get(f"/opportunities/?{query}").status_code in (200, 400)

    def test_filters_narrow(self, sign_in, deals, ae):
        Opportunity.objects.filter(pk=deals[0].pk).update(name="Zanzibar rollout", next_step="Call")
        client = sign_in(ae)
        page = client.get("/opportunities/?q=zanzi").context["page"]
        assert [row.name for row in page] == ["Zanzibar rollout"]
        assert client.get("/opportunities/?attention=risk").context["count"] == 24


class TestCreating:
    @pytest.fixture
    def values(self, team, ae):
        framework()
        pipeline()
        return {"name": "Expansion", "company": None, "team": team, "owner": ae, "amount": 1, "close_date": CLOSE}

    def test_an_ae_creates_in_the_own_teams_and_lane(self, values, ae, other_team, team):
        assert create_opportunity(ae, **values).owner == ae
        for change in ({"team": other_team}, {"owner": UserFactory(role="ae", team=team)}):
            with pytest.raises(NotAllowed):
                create_opportunity(ae, **values | change)

    def test_the_owner_is_an_active_ae_of_the_team(self, values, admin, manager, se, team, other_team):
        outsiders = [UserFactory(role="ae", team=other_team), UserFactory(role="ae", team=team, is_active=False), se]
        for person in (admin, manager):
            for owner in outsiders:
                with pytest.raises(Conflict):
                    create_opportunity(person, **values | {"owner": owner})
        assert Opportunity.objects.count() == 0

    def test_the_form_says_so_at_the_owner(self, values, admin, other_team, sign_in):
        data = {"name": "X", "team": values["team"].pk, "owner": UserFactory(role="ae", team=other_team).pk,
                "company": LeadFactory().company_id, "amount": 1, "close_date": CLOSE, "type": "new",
                "source": "other"}  # fmt: skip
        response = sign_in(admin).post("/opportunities/add/", data)
        assert response.status_code == 422
        assert "is not an AE of West" in response.content.decode()

    def test_ids_of_other_teams_are_no_choice(self, values, ae, other_team, sign_in):
        stranger = UserFactory(role="ae", team=other_team)
        company = LeadFactory(team=other_team, owner=stranger).company
        data = {"name": "X", "team": other_team.pk, "owner": stranger.pk, "company": company.pk, "amount": 1,
                "close_date": CLOSE, "type": "new", "source": "other"}  # fmt: skip
        response = sign_in(ae).post("/opportunities/add/", data)
        assert response.status_code == 422
        assert set(response.context["form"].errors) >= {"team", "owner", "company"}
        assert company.name not in response.content.decode()


def test_each_of_the_pair_finds_the_buttons_of_the_own_lane(sign_in, team, ae, se, manager):
    deal = OpportunityFactory(team=team, owner=ae, se=se)
    wanted = {ae: ["edit", "ask"], se: ["hand-back", "no-go"], manager: ["edit", "ask", "hand-back", "no-go", "assign"]}
    for person, paths in wanted.items():
        page = sign_in(person).get(deal.get_absolute_url()).content.decode()
        found = {path for path in wanted[manager] if f'href="/opportunities/{deal.pk}/{path}/"' in page}
        assert found == set(paths)


@pytest.mark.parametrize("step", [1, 2])
def test_amounts_sort_by_what_they_are_worth_and_page_on(step, team, ae, sign_in, monkeypatch):
    ExchangeRate.objects.create(currency="JPY", rate=Decimal("0.007"), valid_from=datetime.date(2020, 1, 1))
    for name, amount, currency in (("Yen", 1_000_000, "JPY"), ("Big", 8000, "USD"), ("Franc", 9000, "CHF")):
        OpportunityFactory(team=team, owner=ae, name=name, amount=amount, currency=currency)
    OpportunityFactory(team=team, owner=ae, name="Small", amount=10)
    monkeypatch.setattr("deals.views.opportunities.paginate", partial(paginate, size=step))
    client, names, address = sign_in(ae), [], "/opportunities/?sort=-amount"
    while address:
        page = client.get(address).context["page"]
        names += [row.name for row in page]
        address = page.next and f"/opportunities/?sort=-amount&cursor={page.next}"
    # Nobody knows what the francs are worth.
    assert names == ["Big", "Yen", "Small", "Franc"]


def test_an_ae_who_is_away_gets_a_deal_only_where_that_is_meant(team, ae, manager, sign_in):
    mate = UserFactory(role="ae", team=team, name="Amy Away")
    Absence.objects.create(user=mate, starts_on=mate.today, ends_on=mate.today)
    deal = OpportunityFactory(team=team, owner=ae)
    client, url = sign_in(manager), f"/opportunities/{deal.pk}/owner/"
    assert "Also while away" in client.get(url).content.decode()
    refused = client.post(url, {"owner": mate.pk})
    assert refused.status_code == 409
    assert "Amy Away is away until" in refused.content.decode()
    assert Opportunity.objects.get(pk=deal.pk).owner == ae
    assert client.post(url, {"owner": mate.pk, "while_away": "on"}).status_code == 302
    assert Opportunity.objects.get(pk=deal.pk).owner == mate
