"""Response times count working hours only, on the clock of whoever has to answer."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.working_hours import add_working_hours, working_hours_between

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"]
moments = st.datetimes(datetime.datetime(2024, 1, 1), datetime.datetime(2028, 12, 31), timezones=st.just(datetime.UTC))
quarters = st.integers(1, 400).map(lambda quarter: quarter / 4)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-18 10:00", 4, "2026-11-18 14:00"),  # a Wednesday
        ("2026-11-18 15:00", 4, "2026-11-19 11:00"),
        ("2026-11-18 06:00", 4, "2026-11-18 13:00"),
        ("2026-11-18 13:00", 4, "2026-11-18 17:00"),  # closing time itself
        ("2026-11-20 16:00", 4, "2026-11-23 12:00"),  # over a weekend
        ("2026-11-21 12:00", 4, "2026-11-23 13:00"),  # a Saturday
        ("2026-11-18 17:00", 4, "2026-11-19 13:00"),
        ("2026-11-18 09:00", 40, "2026-11-24 17:00"),
    ],
)
def test_hours_outside_nine_to_five_do_not_count(start, hours, due):
    def utc(text):
        return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)

    assert add_working_hours(utc(start), hours) == utc(due)


def test_the_clock_is_the_answerers():
    start = datetime.datetime(2026, 11, 18, 13, tzinfo=datetime.UTC)  # eight in the morning in New York
    assert add_working_hours(start, 4, "America/New_York") == datetime.datetime(2026, 11, 18, 18, tzinfo=datetime.UTC)


def test_a_working_day_stays_nine_to_five_through_daylight_saving():
    friday = datetime.datetime(2026, 3, 27, 15, tzinfo=datetime.UTC)  # 16:00 in Berlin, clocks go forward on Sunday
    assert add_working_hours(friday, 2, "Europe/Berlin") == datetime.datetime(2026, 3, 30, 8, tzinfo=datetime.UTC)


@given(moments, quarters, st.sampled_from(ZONES))
def test_a_deadline_lies_in_working_hours_and_after_the_start(start, hours, zone):
    due = add_working_hours(start, hours, zone)
    local = due.astimezone(zoneinfo.ZoneInfo(zone))
    assert due > start
    assert local.weekday() < 5
    assert datetime.time(9) < local.time() <= datetime.time(17)


@given(moments, quarters, st.sampled_from(ZONES))
def test_adding_hours_and_counting_them_agree(start, hours, zone):
    due = add_working_hours(start, hours, zone)
    assert working_hours_between(start, due, zone) == pytest.approx(hours)


@given(moments, quarters, quarters, st.sampled_from(ZONES))
def test_more_hours_are_never_due_earlier(start, hours, more, zone):
    assert add_working_hours(start, hours, zone) < add_working_hours(start, hours + more, zone)


@given(moments, moments, quarters, st.sampled_from(ZONES))
def test_a_later_start_is_never_due_earlier(one, other, hours, zone):
    earlier, later = sorted([one, other])
    assert add_working_hours(earlier, hours, zone) <= add_working_hours(later, hours, zone)
