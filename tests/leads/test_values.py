"""Cells as people write days and amounts."""

import datetime
import random
from decimal import Decimal

import pytest

from leads.imports.values import BadValue, day_orders, decimal, decimal_marks, moment, whole


@pytest.mark.parametrize(
    ("text", "order", "utc"),
    [
        ("15 Apr, 2021 00:03:00", "dmy", "2021-04-15T00:03:00"),
        ("2016-10-20", "dmy", "2016-10-20T00:00:00"),
        ("2016/10/20", "dmy", "2016-10-20T00:00:00"),
        ("10/20/2016", "mdy", "2016-10-20T00:00:00"),
        ("3/11/2017", "mdy", "2017-03-11T00:00:00"),
        ("3/11/2017", "dmy", "2017-11-03T00:00:00"),
        ("20.10.16", "dmy", "2016-10-20T00:00:00"),
        ("October 5, 2020 3:04 PM", "dmy", "2020-10-05T15:04:00"),
        ("12/31/2020 12:05 AM", "mdy", "2020-12-31T00:05:00"),
        ("07/15/2009 02:14:45+0800", "mdy", "2009-07-14T18:14:45"),
        ("2009-07-14T14:14:45+02:00", "dmy", "2009-07-14T12:14:45"),
        ("2006-04-15T03:23:15.000Z", "dmy", "2006-04-15T03:23:15"),
    ],
)
def test_days_and_times(text, order, utc):
    assert moment(text, order).replace(tzinfo=None).isoformat() == utc


@pytest.mark.parametrize(
    "text",
    ["2009\\7\\14 22:14:45+0800", "2009-07/14 02:14:45-0800", "2021-02-30", "yesterday", "0001-01-01", "9999-12-31",
     "1/2", "2021-13-01", "2021-01-01 25:00", "1989-12-31", "2024-01-01 10:00+9900", "12345678901234567890",
     "2100-12-31 23:00-0800", "١٢/٠٣/٢٠٢١ 1"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text):
    with pytest.raises(BadValue):
        moment(text)


def test_the_order_of_day_and_month_is_open_where_both_fit():
    assert day_orders("3/4/2021") == {"dmy", "mdy"}
    assert day_orders("13/4/2021") == {"dmy"}
    assert day_orders("4/13/2021") == {"mdy"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$22,700.00", "22700.00"), ("1.234,56 €", "1234.56"), ("2,666", "2666"), ("12,5", "12.50"),
        ("1100.04", "1100.04"),
        ("1 000", "1000"), ("1'234'567.5", "1234567.50"), ("1.234.567", "1234567"), ("USD 12", "12"),
        ("500000.0", "500000"),
        ("0.005", "0.01"), ("45 %", "45"),
    ],
)  # fmt: skip
def test_amounts(text, value):
    assert decimal(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("1,234", {"point", "comma"}), ("1.234", {"point", "comma"}), ("$1,234.5", {"point"}), ("1.234,5", {"comma"}),
        ("12,5", {"comma"}), ("1234.567", {"point"}), ("1.234.567", {"comma"}), ("0.125", {"point"}),
        ("0,125", {"comma"}), ("1234", set()), ("GTX 1,234 basic", set()), ("12,34,567", {"point"}),
    ],
)  # fmt: skip
def test_which_mark_an_amount_allows(text, marks):
    assert decimal_marks(text) == marks


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [("1,234", "point", "1234"), ("1,234", "comma", "1.23"), ("1.234", "comma", "1234"), ("1.234", "point", "1.23"),
     ("1.234,5", "comma", "1234.50"), ("12", "comma", "12")],
)  # fmt: skip
def test_the_mark_of_the_column_decides(text, mark, value):
    assert decimal(text, mark=mark) == Decimal(value)


@pytest.mark.parametrize(("text", "mark"), [("1.234,5", "point"), ("1,234.5", "comma"), ("12,5", "point")])
def test_an_amount_written_the_other_way_is_refused(text, mark):
    with pytest.raises(BadValue, match=mark):
        decimal(text, mark=mark)


@pytest.mark.parametrize("text", ["10k", "Q3 2024", "51-200", "12abc34", "1 apple"])
def test_a_number_among_words_is_no_amount(text):
    with pytest.raises(BadValue):
        decimal(text)


@pytest.mark.parametrize("text", ["1,200", "1.200", "1 200", "1200.0", "1,200+"])
def test_nobody_employs_a_fraction(text):
    assert whole(text) == 1200


@pytest.mark.parametrize(
    "text", ["", "n/a", "abc", "-5", "(12)", "1e9", "12,34,56.7.8", "9" * 40, "NaN", "Infinity", "1,2,3"]
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(BadValue):
        decimal(text)


@pytest.mark.parametrize("text", ["1.5", "3000000000", "many"])
def test_what_is_no_whole_number_is_refused(text):
    with pytest.raises(BadValue):
        whole(text)


def test_any_day_is_read_back_however_it_is_written():
    chance = random.Random(7)
    for _ in range(500):
        day = datetime.date(1990, 1, 2) + datetime.timedelta(days=chance.randrange(40_000))
        for form, order in (
            ("%Y-%m-%d", "dmy"),
            ("%d.%m.%Y", "dmy"),
            ("%m/%d/%Y", "mdy"),
            ("%d %b, %Y", "dmy"),
            ("%B %d, %Y", "dmy"),
        ):
            assert moment(day.strftime(form), order).date() == day


def test_whatever_a_cell_holds_only_a_bad_value_is_raised():
    chance = random.Random(11)
    letters = "0123456789.,:-/+()TZ $€%'e\u00a0\u2212\u0661 JanPM"
    for _ in range(5000):
        text = "".join(chance.choice(letters) for _ in range(chance.randrange(18)))
        for reader in (decimal, whole, moment):
            try:
                reader(text)
            except BadValue:
                continue
