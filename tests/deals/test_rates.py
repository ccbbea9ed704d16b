"""Exchange rates: the admin keeps them, one a currency and day."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from deals.actions.rates import add_rate, correct_rate
from deals.models import ExchangeRate
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 1, 1)


def euro(rate="1.1", day=DAY):
    return ExchangeRate(currency="EUR", rate=Decimal(rate), valid_from=day)


def test_the_admin_adds_and_corrects(sign_in, admin):
    client = sign_in(admin)
    sent = {"currency": "eur", "rate": "1.08125", "valid_from": "2026-01-01"}
    assert client.post("/rates/add/", sent).status_code == 302
    kept = ExchangeRate.objects.get()
    assert "1.08125" in client.get("/rates/").content.decode()
    client.post(f"/rates/{kept.pk}/edit/", sent | {"rate": "1.09", "version": "1"})
    kept.refresh_from_db()
    assert (kept.rate, kept.version) == (Decimal("1.09"), 2)
    assert [event.rate for event in kept.events.order_by("pgh_id")] == [Decimal("1.08125"), Decimal("1.09")]


def test_nobody_else_does(ae, se, manager, marketing):
    kept = ExchangeRate.objects.create(currency="EUR", rate=1, valid_from=DAY)
    for person in (ae, se, manager, marketing):
        with pytest.raises(NotAllowed):
            add_rate(person, euro(day=DAY.replace(day=2)))
        with pytest.raises(NotAllowed):
            correct_rate(person, kept, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("rate", "0"), ("rate", "-1"), ("rate", "1000001"), ("rate", "NaN"), ("rate", "1.123456789"), ("currency", "EU"),
     ("currency", "EURO"), ("currency", "USD"), ("currency", "€"), ("valid_from", "1989-12-31"), ("valid_from", "x")],
)  # fmt: skip
def test_bad_input_is_an_error_at_its_field(sign_in, admin, field, value):
    sent = {"currency": "EUR", "rate": "1", "valid_from": "2026-01-01"} | {field: value}
    response = sign_in(admin).post("/rates/add/", sent)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not ExchangeRate.objects.exists()


def test_one_rate_a_currency_and_day(sign_in, admin):
    add_rate(admin, euro())
    with pytest.raises(Conflict, match="from that day on"):
        add_rate(admin, euro("1.2"))
    response = sign_in(admin).post("/rates/add/", {"currency": "EUR", "rate": "2", "valid_from": "2026-01-01"})
    assert response.status_code == 422
    other = add_rate(admin, euro(day=DAY.replace(day=2)))
    other.valid_from = DAY
    with pytest.raises(Conflict):
        correct_rate(admin, other, 1)


def test_the_database_holds_it(admin):
    for worth in (0, -1):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExchangeRate.objects.create(currency="EUR", rate=worth, valid_from=DAY)


def test_the_second_of_two_sees_both_values(sign_in, admin):
    kept = add_rate(admin, euro())
    sent = {"currency": "EUR", "rate": "1.2", "valid_from": "2026-01-01", "version": "1"}
    client = sign_in(admin)
    client.post(f"/rates/{kept.pk}/edit/", sent)
    late = client.post(f"/rates/{kept.pk}/edit/", sent | {"rate": "1.3"})
    assert late.status_code == 409
    assert "Now stored: 1.2" in late.content.decode()
    with pytest.raises(StaleEdit):
        correct_rate(admin, kept, 1)


def test_the_page_names_currencies_without_a_rate(sign_in, admin, django_assert_max_num_queries):
    OpportunityFactory(currency="CHF")
    OpportunityFactory(currency="EUR")
    ExchangeRate.objects.create(currency="EUR", rate=1, valid_from=datetime.date.today())
    client = sign_in(admin)
    client.get("/rates/")
    with django_assert_max_num_queries(12):
        page = client.get("/rates/").content.decode()
    assert "Open deals in CHF" in page
    assert "Open deals in EUR" not in page


def test_a_deal_is_in_a_currency_with_a_rate(sign_in, team, ae):
    deal = OpportunityFactory(team=team, owner=ae)
    ExchangeRate.objects.create(currency="EUR", rate=1, valid_from=DAY)
    sent = {"name": "X", "type": "new", "amount": "5", "forecast_category": "commit", "version": "1"}
    client = sign_in(ae)
    assert client.post(f"/opportunities/{deal.pk}/edit/", sent | {"currency": "CHF"}).status_code == 422
    assert client.post(f"/opportunities/{deal.pk}/edit/", sent | {"currency": "EUR"}).status_code == 302
    deal.refresh_from_db()
    assert deal.currency == "EUR"
    client.post(f"/opportunities/{deal.pk}/edit/", sent | {"version": "2"})
    deal.refresh_from_db()
    assert deal.currency == "EUR"


def test_the_board_adds_up_in_the_companys_currency(sign_in, team, admin):
    ae = UserFactory(role="ae", team=team)
    ExchangeRate.objects.create(currency="EUR", rate=Decimal("1.5"), valid_from=DAY)
    for currency in ("USD", "EUR", "CHF"):
        OpportunityFactory(team=team, owner=ae, stage=stage("discovery"), currency=currency, amount=100)
    columns = sign_in(admin).get("/board/").context["columns"]
    assert [total["amount"] for at, total, _ in columns if at.slug == "discovery"] == [250]
