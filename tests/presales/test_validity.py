"""A look at a past day finds the state that held when the day was over, and nothing can rewrite it."""

import datetime
from decimal import Decimal

import pytest
from django.db import InternalError, connection, transaction
from django.utils import timezone

from deals.models import Opportunity
from presales.validity import as_of, end_of, write_ends
from tests.insights.factories import deal
from tests.insights.past import told

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 3, 10)


def noon(day):
    return datetime.datetime(2026, 3, day, 12, tzinfo=datetime.UTC)


def amounts(day):
    return dict(as_of(Opportunity.objects.all(), day).values_list("id", "amount"))


def test_a_day_finds_the_last_state_before_its_end():
    made = deal()
    told(made, [(noon(9), {"amount": 10}), (noon(10), {"amount": 20}), (noon(11), {"amount": 30})])
    assert amounts(datetime.date(2026, 3, 8)) == {}
    assert amounts(datetime.date(2026, 3, 9)) == {made.pk: Decimal(10)}
    assert amounts(DAY) == {made.pk: Decimal(20)}
    assert amounts(datetime.date(2026, 3, 12)) == {made.pk: Decimal(30)}


def test_the_day_ends_where_the_user_is():
    made = deal()
    told(made, [(datetime.datetime(2026, 3, 11, 5, tzinfo=datetime.UTC), {"amount": 1})])
    assert amounts(DAY) == {}
    with timezone.override("America/Los_Angeles"):
        assert amounts(DAY) == {made.pk: Decimal(1)}


def test_of_two_states_that_began_out_of_order_the_later_written_holds():
    made = deal()
    told(made, [(noon(9), {"amount": 1}), (noon(11), {"amount": 2}), (noon(10), {"amount": 3})])
    assert amounts(DAY) == {made.pk: Decimal(3)}
    assert amounts(datetime.date(2026, 3, 12)) == {made.pk: Decimal(3)}


def test_what_was_removed_never_was():
    gone, stays = deal(), deal()
    today = timezone.localdate()
    gone.delete()
    assert set(amounts(today)) == {stays.pk}
    assert not Opportunity.pgh_event_model.objects.filter(pgh_obj_id=gone.pk, pgh_until=None).exists()


def test_of_the_changes_of_a_moment_the_last_one_holds():
    made = deal(amount=5)
    made.amount = 6
    made.save()
    assert amounts(timezone.localdate()) == {made.pk: Decimal(6)}


def test_the_ends_worked_out_anew_are_those_that_the_database_wrote():
    gone, made = deal(), deal()
    told(made, [(noon(9), {"amount": 1}), (noon(11), {"amount": 2}), (noon(10), {"amount": 3})])
    gone.delete()
    events = Opportunity.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_id", "pgh_until")
    before = list(events)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deals_opportunityevent SET pgh_until = NULL")
    write_ends("deals_opportunityevent")
    assert list(events) == before


@pytest.mark.parametrize(
    "statement",
    ["UPDATE deals_opportunityevent SET amount = 1", "DELETE FROM deals_opportunityevent",
     "UPDATE deals_opportunityevent SET pgh_created_at = now() - interval '1 day'"],
)  # fmt: skip
def test_the_history_cannot_be_rewritten(statement):
    deal(amount=7)
    with pytest.raises(InternalError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_end_of_a_day_is_the_next_midnight_also_where_clocks_change():
    with timezone.override("Europe/Berlin"):
        assert end_of(datetime.date(2026, 3, 29)).isoformat() == "2026-03-30T00:00:00+02:00"
