"""Keyset paging: walking forwards and backwards shows every row once, in order, nulls last."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from leads.models import Company
from presales.paging import Sort, capped_count, paginate

COMPANIES = st.lists(st.none() | st.integers(0, 5), max_size=25)


def expected(sort):
    rows = list(Company.objects.all())
    with_value = [row for row in rows if row.employees is not None]
    without = [row for row in rows if row.employees is None]
    sign = -1 if sort.descending else 1
    with_value.sort(key=lambda row: (sign * row.employees, sign * row.pk))
    without.sort(key=lambda row: sign * row.pk)
    return with_value + without


class WalkingThePages(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(employees=COMPANIES, size=st.integers(1, 7), descending=st.booleans())
    def test_every_row_once_both_ways(self, employees, size, descending):
        Company.objects.all().delete()
        for position, number in enumerate(employees):
            Company.objects.create(name=f"Company {position}", employees=number)
        sort = Sort("employees", descending=descending)

        page, forwards = paginate(Company.objects.all(), sort, size=size), []
        pages = [page]
        forwards += page.rows
        assert page.previous == ""
        while page.next:
            page = paginate(Company.objects.all(), sort, page.next, size=size)
            pages.append(page)
            forwards += page.rows
        assert forwards == expected(sort)

        for before in reversed(pages[:-1]):
            page = paginate(Company.objects.all(), sort, page.previous, size=size)
            assert page.rows == before.rows
        assert page.previous == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor", ["x", "a" * 2000, "W10", "WyJuIiwgImFiYyIsIDFd", "bnVsbA", "\x00", "WyJuIiwgMSwgLTFd"]
)
def test_an_unreadable_cursor_gives_the_first_page(cursor):
    Company.objects.create(name="Acme", employees=3)
    assert len(paginate(Company.objects.all(), Sort("employees"), cursor)) == 1


@pytest.mark.django_db
def test_dates_travel_in_the_cursor():
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    for day in range(5):
        Company.objects.create(name=f"C{day}", created_at=start + datetime.timedelta(days=day, microseconds=day))
    sort = Sort("created_at", descending=True)
    first = paginate(Company.objects.all(), sort, size=2)
    second = paginate(Company.objects.all(), sort, first.next, size=2)
    assert [row.name for row in [*first, *second]] == ["C4", "C3", "C2", "C1"]


@pytest.mark.django_db
def test_counts_stop_at_their_limit():
    for position in range(4):
        Company.objects.create(name=f"C{position}")
    assert capped_count(Company.objects.all(), limit=3) == (3, True)
    assert capped_count(Company.objects.all(), limit=4) == (4, False)
