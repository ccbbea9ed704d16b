"""The moments at which something happened on a deal are kept, so that a past day knows how long it had been silent."""

import datetime

import pytest
from django.utils import timezone

from deals.models import FormerActivity, Opportunity
from deals.past_evidence import COLUMNS, ask
from presales.validity import as_of, end_of
from tests.insights.factories import deal, stage
from tests.insights.past import told

pytestmark = pytest.mark.django_db


def days_ago(days):
    return timezone.now() - datetime.timedelta(days=days)


def test_a_touch_keeps_the_moment_before_it():
    made = deal(last_activity_at=days_ago(50))
    Opportunity.objects.filter(pk=made.pk).update(last_activity_at=days_ago(20))
    Opportunity.objects.filter(pk=made.pk).update(last_activity_at=days_ago(1))
    Opportunity.objects.filter(pk=made.pk).update(next_step="Call again")
    found = FormerActivity.objects.filter(opportunity=made).order_by("at")
    assert [(timezone.now() - one.at).days for one in found] == [50, 20]


@pytest.mark.parametrize(("back", "is_rotting"), [(49, False), (25, True), (15, False), (2, False)])
def test_a_deal_was_rotting_when_nothing_had_happened_for_too_long(back, is_rotting):
    at = stage("discovery")
    at.rotting_days = 21
    at.save()
    made = deal(at, last_activity_at=days_ago(50), created_at=days_ago(60))
    Opportunity.objects.filter(pk=made.pk).update(last_activity_at=days_ago(20))
    Opportunity.objects.filter(pk=made.pk).update(last_activity_at=days_ago(0))
    told(made, [(days_ago(60), {})])
    day = timezone.localdate() - datetime.timedelta(days=back)
    states = as_of(Opportunity.objects.all(), day).values(*COLUMNS)
    [(risks,)] = ask(states, end_of(day), day, "SELECT risks FROM told")
    assert bool(risks & 4) is is_rotting
