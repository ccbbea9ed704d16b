"""Forecast calls: dated, never changed, an AE's for the own deals and a manager's for a team."""

import pytest
from django.db import InternalError, transaction
from django.utils import timezone

from deals.actions.forecasts import call_forecast
from deals.models import ForecastCall
from people.models import Role
from presales.errors import NotAllowed
from presales.quarters import quarter_start
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def test_an_ae_and_a_manager_call_the_quarter_again_and_again(sign_in, ae, manager, team, quarter):
    for amount in ("100000", "90000"):
        sent = {"quarter": str(quarter), "amount": amount, "note": "The plant opens"}
        assert sign_in(ae).post("/forecast-calls/add/", sent).status_code == 302
    sent = {"quarter": str(quarter), "amount": "250000", "team": str(team.pk)}
    assert sign_in(manager).post("/forecast-calls/add/", sent).status_code == 302
    calls = [(call.author, call.team, int(call.amount)) for call in ForecastCall.objects.order_by("pk")]
    assert calls == [(ae, None, 100000), (ae, None, 90000), (manager, team, 250000)]
    assert "250,000 USD" not in sign_in(ae).get("/forecast-calls/").content.decode()
    page = sign_in(manager).get("/forecast-calls/").content.decode()
    assert "250,000 USD" in page
    assert "90,000 USD" in page


def test_nobody_calls_for_others(ae, se, manager, marketing, team, other_team, quarter, sign_in):
    for person, of in ((ae, team), (manager, None), (manager, other_team), (se, None), (marketing, None)):
        with pytest.raises(NotAllowed):
            call_forecast(person, quarter, 1, team=of)
    assert sign_in(se).get("/forecast-calls/").status_code == 403
    sent = {"quarter": str(quarter), "amount": "1", "team": str(other_team.pk)}
    assert sign_in(manager).post("/forecast-calls/add/", sent).status_code == 422


def test_managers_read_the_calls_of_their_teams_only(manager, ae, other_team, quarter):
    mine = call_forecast(ae, quarter, 1)
    call_forecast(UserFactory(role=Role.AE, team=other_team), quarter, 2)
    assert list(ForecastCall.objects.visible_to(manager)) == [mine]


@pytest.mark.parametrize("sent", [{}, {"quarter": "x", "amount": "x"}, {"quarter": "2026-10-01", "amount": "-5"}])
def test_half_a_form_is_asked_again(sign_in, ae, sent):
    assert sign_in(ae).post("/forecast-calls/add/", sent).status_code == 422
    assert sign_in(ae).get("/forecast-calls/?cursor=AAAA").status_code == 200


def test_the_record_of_calls_cannot_be_rewritten(ae, quarter):
    call = call_forecast(ae, quarter, 1)
    with pytest.raises(InternalError), transaction.atomic():
        ForecastCall.objects.filter(pk=call.pk).update(amount=2)
