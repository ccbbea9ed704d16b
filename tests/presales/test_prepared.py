"""Queries that are built once: what they find, and what they may not keep."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import BigIntegerField, Count, F, Value
from django.utils import timezone

from deals.models import Opportunity
from deals.models.rates import with_value
from deals.risk import with_risks
from people.models import Role, User
from people.viewers import viewer_of
from presales.prepared import NOW, TODAY, Given, day, moment, prepared
from tests.deals.factories import OpportunityFactory, waiting
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
OWNER = Given("owner", BigIntegerField())


@prepared
def owned_by():
    return Opportunity.objects.filter(owner=OWNER).order_by("pk").values_list("pk", "name", named=True)


def test_it_is_built_once_and_answers_with_what_it_is_given(django_assert_num_queries):
    ann, bob = UserFactory(), UserFactory()
    own, other = OpportunityFactory(owner=ann, name="Of Ann"), OpportunityFactory(owner=bob)
    assert owned_by() is owned_by()
    with django_assert_num_queries(1):
        assert [(row.pk, row.name) for row in owned_by().rows(owner=ann.pk)] == [(own.pk, "Of Ann")]
    assert [row.pk for row in owned_by().rows(owner=bob.pk)] == [other.pk]
    assert owned_by().count(owner=ann.pk) == 1


def test_a_value_that_nobody_gives_is_an_error():
    with pytest.raises(KeyError):
        owned_by().rows()
    with pytest.raises(KeyError):
        list(Opportunity.objects.filter(owner=OWNER))


def test_a_list_of_keys_is_given_as_a_tuple():
    deals = [OpportunityFactory() for _ in range(3)]

    @prepared
    def among():
        return Opportunity.objects.filter(pk__in=Given("keys", BigIntegerField())).order_by("pk").values_list("pk")

    assert among().rows(keys=(deals[0].pk, deals[2].pk)) == [(deals[0].pk,), (deals[2].pk,)]
    assert among().rows(keys=(None,)) == []


def test_the_clock_is_read_each_time(monkeypatch):
    deal = OpportunityFactory(close_date=timezone.localdate() - datetime.timedelta(days=1))

    @prepared
    def late():
        found = Opportunity.objects.filter(close_date__lt=TODAY, created_at__lt=NOW)
        return found.filter(close_date__gte=day(datetime.timedelta(days=-9))).values_list("pk")

    assert late().rows() == [(deal.pk,)]
    was = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: was - datetime.timedelta(days=3))
    assert late().rows() == []
    monkeypatch.setattr(timezone, "now", lambda: was + datetime.timedelta(days=30))
    assert late().rows() == []


def test_the_day_is_that_of_the_user():
    @prepared
    def days():
        return Opportunity.objects.annotate(today=TODAY).values_list("today")

    OpportunityFactory()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # never on the same day
        with timezone.override(zone):
            assert days().rows() == [(timezone.localdate(),)]


def test_a_moment_that_would_be_kept_is_refused():
    with pytest.raises(ValueError, match="NOW and TODAY"):
        prepared(lambda: Opportunity.objects.filter(created_at__lt=timezone.now()).values_list("pk"))()
    with pytest.raises(ValueError, match="NOW and TODAY"):
        prepared(lambda: Opportunity.objects.filter(close_date=timezone.localdate()).values_list("pk"))()
    assert prepared(lambda: Opportunity.objects.filter(created_at__lt=moment(datetime.timedelta())).values_list("pk"))()


def test_records_come_with_what_was_asked_for_along(django_assert_num_queries):
    ann = UserFactory(name="Ann")
    deal = OpportunityFactory(owner=ann, close_date_pushes=3)
    of = prepared(lambda: with_risks(Opportunity.objects.filter(owner=OWNER).select_related("owner").defer("product")))
    with django_assert_num_queries(1):
        found = of().first(owner=ann.pk)
        assert (found, found.owner.name, bool(found.risks)) == (deal, "Ann", True)
    assert found.get_deferred_fields() == {"product"}
    found.name = "Renamed"
    found.save()
    assert of().first(owner=ann.pk).name == "Renamed"
    assert of().first(owner=ann.pk + 1) is None


@pytest.mark.django_db(transaction=True)
def test_another_thread_asks_by_its_own_connection():
    deal = OpportunityFactory(owner=UserFactory())
    assert owned_by().count(owner=deal.owner_id) == 1

    def ask():
        try:
            return owned_by().rows(owner=deal.owner_id)[0].pk
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask).result() == deal.pk


def test_a_query_that_can_find_nothing_asks_nothing(django_assert_num_queries):
    nothing = prepared(lambda: Opportunity.objects.filter(pk__in=[]).values_list("pk"))()
    with django_assert_num_queries(0):
        assert nothing.rows() == []
        assert nothing.count() == 0


def test_a_changed_setting_builds_it_anew(settings):
    OpportunityFactory(amount=5, currency="USD")
    worth = prepared(lambda: with_value(Opportunity.objects.all()).values_list("value"))
    settings.COMPANY_CURRENCY = "USD"
    assert worth().rows() == [(5,)]
    settings.COMPANY_CURRENCY = "EUR"
    assert worth().rows() == [(None,)]


def test_groups_and_expressions_give_what_the_queryset_gives():
    for amount in (1, 2, 2):
        OpportunityFactory(amount=amount)
    groups = with_risks(Opportunity.objects.order_by("amount")).annotate(two=Value(2)).values_list("amount")
    groups = groups.annotate(n=Count("pk"), worst=F("risks"))
    assert prepared(lambda: groups)().rows() == list(groups)


class TestViewer:
    """All that visible_to may depend on."""

    @pytest.mark.parametrize("role", Role.values)
    def test_sees_what_the_person_sees(self, role):
        team = TeamFactory()
        person = UserFactory(role=role, team=team)
        for fields in ({"team": team}, {"owner": person}, {"se": person}, {}):
            waiting(OpportunityFactory(**fields))
            OpportunityFactory(**fields)
        viewer = viewer_of(person)
        assert viewer == viewer_of(User.objects.get(pk=person.pk))
        seen = set(Opportunity.objects.visible_to(person))
        assert set(Opportunity.objects.visible_to(viewer.user)) == seen
        assert len(seen) == {"admin": 8, "marketing": 0, "se": 3}.get(role, 4)

    def test_knows_nothing_else(self):
        with pytest.raises(Exception, match="no database, on purpose"):
            viewer_of(UserFactory()).user.skills  # noqa: B018
