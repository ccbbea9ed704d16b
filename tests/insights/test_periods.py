"""Periods: what an address may ask for."""

import datetime

import pytest

from insights import periods
from insights.filters import Quarterly, Yearly

TODAY = datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("this-quarter", "2024-01-01", "2024-03-31"),
        ("next-quarter", "2024-04-01", "2024-06-30"),
        ("last-quarter", "2023-10-01", "2023-12-31"),
        ("12-months", "2023-03-01", "2024-02-29"),
        ("this-year", "2024-01-01", "2024-12-31"),
        ("last-year", "2023-01-01", "2023-12-31"),
        ("2017-Q4", "2017-10-01", "2017-12-31"),
        ("2017-q1", "2017-01-01", "2017-03-31"),
        ("2016", "2016-01-01", "2016-12-31"),
    ],
)
def test_a_period_has_its_days(key, start, end):
    period = periods.parse(key, TODAY)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


@pytest.mark.parametrize("text", ["", "soon", "2017-Q5", "0000", "9999", "9999-Q4", "1989", "٢٠٢٤", "2024-13", "-1"])
def test_what_is_no_period_is_none(text):
    assert periods.parse(text, TODAY) is None


def test_screens_about_what_closed_begin_with_the_last_twelve_months(admin):
    assert Quarterly(admin).period.key == "this-quarter"
    assert Yearly(admin).period.key == Yearly(admin).period.key == "12-months"
    assert Yearly(admin, {"period": "2026-02"}).period.label == "February 2026"
    assert not Yearly(admin).is_filtered
