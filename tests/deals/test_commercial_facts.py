"""Term, one-off fees and what follows from them; close dates that are pushed; who may change any of it."""

import csv
import datetime
import io
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deals.actions.opportunities import update_commercial
from deals.migrations import __path__ as migrations
from deals.models import Opportunity
from tests.deals.factories import OpportunityFactory, pipeline
from tests.factories import UserFactory
from tests.leads.test_imports import imported
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db
DAY = datetime.date(2027, 3, 1)


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se, close_date=DAY)


def sent(**changes):
    return {
        "name": "Deal", "type": "new", "amount": "120000", "forecast_category": "commit", "close_date": "2027-03-01",
        "version": "1",
    } | changes  # fmt: skip


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


class TestValues:
    @pytest.mark.parametrize(
        ("amount", "term", "one_off", "tcv"),
        [
            ("120000", 12, "0", "120000.00"),
            ("120000", 36, "18500", "378500.00"),
            ("100000", 7, "0.01", "58333.34"),
            ("0.06", 1, "0", "0.01"),  # half a cent goes up
            ("0.05", 1, "0", "0.00"),
            ("0", 120, "10", "10.00"),
        ],
    )
    def test_total_contract_value(self, amount, term, one_off, tcv):
        deal = OpportunityFactory(amount=Decimal(amount), term_months=term, one_off=Decimal(one_off))
        assert deal.tcv == Decimal(tcv)
        assert Opportunity.objects.with_tcv().get().total_value == Decimal(tcv)
        assert deal.arr == deal.amount

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        facts=st.lists(
            st.tuples(
                st.decimals(0, Decimal("999999999999.99"), places=2),
                st.integers(1, 120),
                st.decimals(0, Decimal("999999999999.99"), places=2),
            ),
            max_size=5,
        )
    )
    def test_the_database_says_the_same_as_python_to_the_cent(self, facts, db):
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT example")
        try:
            for amount, term, one_off in facts:
                OpportunityFactory(amount=amount, term_months=term, one_off=one_off)
            for deal in Opportunity.objects.with_tcv():
                exact = (deal.amount * deal.term_months / 12 + deal.one_off).quantize(Decimal("0.01"), ROUND_HALF_UP)
                assert deal.total_value == deal.tcv == exact
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK TO SAVEPOINT example")

    @pytest.mark.parametrize(("field", "value"), [("term_months", 0), ("term_months", 121), ("one_off", -1)])
    def test_the_database_holds_the_ranges(self, deal, field, value):
        with pytest.raises(IntegrityError), transaction.atomic():
            Opportunity.objects.filter(pk=deal.pk).update(**{field: value})


class TestEditing:
    def test_the_owner_and_a_manager_write_them(self, sign_in, deal, ae, se, manager):
        facts = {"term_months": "36", "one_off": "18500.50", "compelling_event": "Audit",
                 "compelling_event_on": "2027-04-01", "next_step": "Call", "next_step_on": "2027-01-02",
                 "next_step_owner": str(se.pk)}  # fmt: skip
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", sent(**facts)).status_code == 302
        stored = fresh(deal)
        assert (stored.term_months, stored.one_off, stored.next_step_owner) == (36, Decimal("18500.50"), se)
        assert stored.compelling_event_on == datetime.date(2027, 4, 1)
        again = sent(term_months="24", version="2")
        assert sign_in(manager).post(f"/opportunities/{deal.pk}/edit/", again).status_code == 302
        assert fresh(deal).term_months == 24

    def test_empty_means_a_year_and_nothing_and_unasked_means_as_it_was(self, sign_in, deal, ae):
        Opportunity.objects.filter(pk=deal.pk).update(term_months=36, one_off=5)
        client = sign_in(ae)
        client.post(f"/opportunities/{deal.pk}/edit/", sent())
        assert (fresh(deal).term_months, fresh(deal).one_off) == (36, 5)
        client.post(f"/opportunities/{deal.pk}/edit/", sent(version="2", term_months="", one_off=""))
        assert (fresh(deal).term_months, fresh(deal).one_off) == (12, 0)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("term_months", "0"), ("term_months", "121"), ("term_months", "x"), ("one_off", "-1"), ("one_off", "NaN"),
         ("one_off", "1e20"), ("compelling_event_on", "1989-01-01"), ("next_step_owner", "0"), ("currency", "XXX")],
    )  # fmt: skip
    def test_bad_input_is_an_error_at_its_field(self, sign_in, deal, ae, field, value):
        response = sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", sent(**{field: value}))
        assert response.status_code == 422
        assert field in response.context["form"].errors

    def test_nobody_of_another_team_takes_the_next_step(self, sign_in, deal, ae, other_team):
        stranger = UserFactory(role="se", team=other_team)
        response = sign_in(ae).post(f"/opportunities/{deal.pk}/edit/", sent(next_step_owner=stranger.pk))
        assert "next_step_owner" in response.context["form"].errors

    def test_the_se_reads_whose_lane_it_is_and_writes_nothing(self, sign_in, deal, se, ae):
        client = sign_in(se)
        page = client.get(f"/opportunities/{deal.pk}/").content.decode()
        assert f"{ae} keeps these facts" in page
        assert f"/opportunities/{deal.pk}/edit/" not in page
        assert client.post(f"/opportunities/{deal.pk}/edit/", sent(term_months="36")).status_code == 403
        assert fresh(deal).term_months == 12

    def test_those_who_may_find_what_to_press_on_the_page(self, sign_in, deal, ae, se, manager):
        acts = {"edit": (ae, manager), "competitors/add": (ae, manager), "hand-back": (se, manager),
                "no-go": (se, manager), "assign": (manager,), "ask": (ae, manager)}  # fmt: skip
        for person in (ae, se, manager):
            page = sign_in(person).get(f"/opportunities/{deal.pk}/").content.decode()
            for act, people in acts.items():
                assert (f'/opportunities/{deal.pk}/{act}/"' in page) == (person in people), (person.role, act)

    def test_the_second_of_two_sees_both_terms_and_loses_nothing(self, sign_in, deal, ae):
        client = sign_in(ae)
        client.post(f"/opportunities/{deal.pk}/edit/", sent(term_months="36"))
        late = client.post(f"/opportunities/{deal.pk}/edit/", sent(term_months="24", one_off="100"))
        assert late.status_code == 409
        page = late.content.decode()
        assert "Now stored: 36" in page
        assert 'value="24"' in page
        assert fresh(deal).term_months == 36
        client.post(f"/opportunities/{deal.pk}/edit/", sent(term_months="24", one_off="100", version="2"))
        assert (fresh(deal).term_months, fresh(deal).one_off) == (24, 100)


class TestPushes:
    def move(self, deal, ae, day):
        deal = fresh(deal)
        deal.close_date = day
        update_commercial(ae, deal, deal.version)
        return fresh(deal).close_date_pushes

    def test_only_a_later_day_counts(self, deal, ae):
        assert self.move(deal, ae, DAY) == 0
        assert self.move(deal, ae, DAY + datetime.timedelta(days=1)) == 1
        assert self.move(deal, ae, DAY - datetime.timedelta(days=30)) == 1
        assert self.move(deal, ae, DAY) == 2

    def test_taking_the_date_away_first_does_not_help(self, deal, ae):
        assert self.move(deal, ae, None) == 0
        assert self.move(deal, ae, DAY + datetime.timedelta(days=1)) == 1

    def test_a_first_date_is_no_push(self, deal, ae, team):
        bare = OpportunityFactory(team=team, owner=ae, close_date=None)
        assert self.move(bare, ae, DAY) == 0

    def test_a_refused_save_counts_nothing(self, sign_in, deal, ae):
        client = sign_in(ae)
        client.post(f"/opportunities/{deal.pk}/edit/", sent(close_date="2027-04-01"))
        client.post(f"/opportunities/{deal.pk}/edit/", sent(close_date="2027-05-01"))
        assert fresh(deal).close_date_pushes == 1

    def test_the_page_and_the_list_say_so(self, sign_in, deal, ae):
        for month in (4, 5, 6):
            self.move(deal, ae, datetime.date(2027, month, 1))
        client = sign_in(ae)
        page = client.get(f"/opportunities/{deal.pk}/").content.decode()
        assert "pushed 3 times" in page
        assert "Close date pushed 3 times or more" in page
        for url in ("/opportunities/?attention=risk", "/board/", "/"):
            assert "Close date pushed 3 times or more" in client.get(url).content.decode()

    def test_the_count_is_that_of_the_history(self, deal, ae):
        for days in (10, 5, 20, 20, 30):
            self.move(deal, ae, DAY + datetime.timedelta(days=days))
        counted = fresh(deal).close_date_pushes
        Opportunity.objects.filter(pk=deal.pk).update(close_date_pushes=0)
        events = fresh(deal).events.count()
        with connection.cursor() as cursor:
            cursor.execute(_count_pushes())
        assert fresh(deal).close_date_pushes == counted == 3
        assert fresh(deal).events.count() == events


def _count_pushes():
    import importlib
    import pkgutil

    name = next(module.name for module in pkgutil.iter_modules(migrations) if module.name.endswith("count_pushes"))
    return importlib.import_module(f"deals.migrations.{name}").COUNT


def test_the_csv_has_them(sign_in, deal, ae, se):
    Opportunity.objects.filter(pk=deal.pk).update(term_months=36, one_off=500, close_date_pushes=2, next_step_owner=se)
    deal.competitors.create(name="=Conduitly")
    response = sign_in(ae).get("/opportunities/export/")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text, newline="")))
    assert (row["Term (months)"], row["TCV"], row["ARR"]) == ("36", "180500.00", "60000.00")
    assert (row["Close date pushed"], row["Next step owner"], row["Competitors"]) == ("2", str(se), "'=Conduitly")


def test_a_deal_with_everything_takes_few_queries(sign_in, deal, ae, se, django_assert_max_num_queries):
    Opportunity.objects.filter(pk=deal.pk).update(currency="EUR", next_step_owner=se)
    for number in range(10):
        deal.competitors.create(name=f"Rival {number}")
    client = sign_in(ae)
    client.get(f"/opportunities/{deal.pk}/")
    with django_assert_max_num_queries(12):
        client.get(f"/opportunities/{deal.pk}/")


class TestImporting:
    @pytest.fixture(autouse=True)
    def installation(self, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        framework()
        pipeline()

    def test_a_file_brings_currency_term_and_one_off_fees(self, admin):
        batch = imported(
            admin,
            b"Name,Amount,Currency,Term (months),One-off fees\nA,1000,eur,36,500.50\nB,2000,,,\nC,1,EURO,,\nD,1,$,,\n"
            b"E,1,,0,\nF,1,,121,\n",
            "opportunities",
        )
        assert (batch.created, batch.rejected) == (2, 4)
        found = Opportunity.objects.order_by("name").values_list("name", "currency", "term_months", "one_off")
        assert list(found) == [("A", "EUR", 36, Decimal("500.50")), ("B", "USD", 12, Decimal(0))]
