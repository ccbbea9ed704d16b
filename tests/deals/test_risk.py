"""What puts a deal at risk: each rule alone, worst first."""

import datetime

import pytest
from django.utils import timezone

from deals.models import Opportunity
from deals.risk import at_risk, risks_of, with_risks, worst_first
from qualification.models import Status
from tests.insights.factories import deal, stage

pytestmark = pytest.mark.django_db


def risks():
    return [risk.name for risk in risks_of(with_risks(Opportunity.objects.all()).get())]


def test_a_deal_that_is_looked_after_is_not_at_risk():
    deal()
    assert risks() == []
    assert not at_risk(Opportunity.objects.all()).exists()


@pytest.mark.parametrize(
    ("fields", "risk"),
    [
        ({"close_date": -1}, "close_past"),
        ({"status": Status.AT_RISK}, "evidence_shaky"),
        ({"status": Status.DISQUALIFIED}, "evidence_shaky"),
        ({"last_activity_at": -22}, "is_rotting"),
        ({"close_date_pushes": 3}, "pushed_often"),
        ({"next_step": ""}, "step_missing"),
        ({"next_step_on": -1}, "step_missing"),
    ],
)
def test_each_risk_alone(fields, risk):
    now = timezone.now()
    values = {
        name: value
        if not isinstance(value, int) or name == "close_date_pushes"
        else now + datetime.timedelta(days=value)
        if name.endswith("_at")
        else now.date() + datetime.timedelta(days=value)
        for name, value in fields.items()
    }
    deal(**values)
    assert risks() == [risk]
    assert at_risk(Opportunity.objects.all()).count() == 1


def test_several_risks_add_up_and_come_worst_first():
    deal(close_date=timezone.localdate() - datetime.timedelta(days=1), next_step="")
    assert risks() == ["close_past", "step_missing"]


def test_the_worst_come_first_then_the_largest():
    past = timezone.localdate() - datetime.timedelta(days=1)
    quiet, late, both, large = (
        deal(name="quiet", next_step="", amount=900), deal(name="late", close_date=past, amount=100),
        deal(name="both", close_date=past, next_step="", amount=1), deal(name="large", next_step="", amount=1000),
    )  # fmt: skip
    assert list(worst_first(Opportunity.objects.all())) == [both, late, large, quiet]


def test_a_closed_deal_is_at_no_risk():
    deal(stage("won"), next_step="")
    assert not at_risk(Opportunity.objects.all()).exists()


def test_a_deal_without_dates_lacks_nothing_but_the_step():
    deal(close_date=None, next_step="", next_step_on=None)
    assert risks() == ["step_missing"]
