"""Rules 28: no cell of an export runs in a spreadsheet, and numbers stay numbers."""

import csv
import datetime
import io
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presales.csv import csv_cell, csv_text, stream

INVISIBLE = ["", " ", "\u00a0", "\u200b", "\ufeff", "\u200e", "\x0b", '"', "'", "“", " \u200b'\""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠", "｜", "％", "﹦", "−"])
@pytest.mark.parametrize("before", INVISIBLE)
def test_what_could_be_a_formula_gets_an_apostrophe(before, start):
    text = f"{before}{start}1+1"
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["a\tb", "a\rb", "a\n=1", "\t", "\n"])
def test_text_with_tabs_and_line_breaks_gets_an_apostrophe(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Acme", "a=b", "O'Neill", "'quoted'", "100 %", "", "  ", "ünï", "日本"])
def test_ordinary_text_stays_as_it_is(text):
    assert csv_cell(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-5, "-5"),
        (Decimal("-1200.50"), "-1200.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), ""),
        (-0.5, "-0.5"),
        (float("inf"), ""),
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (datetime.date(2026, 3, 4), "2026-03-04"),
        (datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC), "2026-03-04T05:06:07+00:00"),
        (["=1", "b"], "'=1, b"),
    ],
)
def test_numbers_days_and_lists(value, cell):
    assert csv_cell(value) == cell


@given(st.text())
def test_an_import_gets_back_the_text_an_export_gave(text):
    assert csv_text(csv_cell(text)) == text


@given(st.text(), st.sampled_from("=+-@|%＝＋－＠｜％"))
def test_no_cell_starts_a_formula(prefix, start):
    cell = csv_cell(prefix + start)
    first = next((c for c in cell if unicodedata.category(c) not in ("Cc", "Cf", "Zs", "Zl", "Zp")), "")
    assert unicodedata.normalize("NFKC", first)[:1] not in set("=+-@|%")


@given(st.lists(st.tuples(st.text(), st.integers(), st.text()), max_size=20))
def test_a_reader_sees_every_row_and_cell(rows):
    counted = []
    response = stream("Open deals", ["Name", "Count", "Note"], rows, finished=counted.append)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["Name", "Count", "Note"]
    assert [[csv_text(a), int(b), csv_text(c)] for a, b, c in read[1:]] == [list(row) for row in rows]
    assert counted == [len(rows)]


def test_the_download_is_an_attachment_with_a_plain_name():
    response = stream('../"x";\r\ny', ["A"], [])
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert response["Content-Disposition"] == f'attachment; filename="x-y-{today}.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.django_db  # the end of a response looks after the connection
def test_a_download_broken_off_still_says_how_many_rows_left():
    counted = []
    response = stream("x", ["A"], ([n] for n in range(2000)), finished=counted.append)
    parts = iter(response.streaming_content)
    next(parts)
    response.close()
    assert len(counted) == 1
    assert 0 < counted[0] < 2000
