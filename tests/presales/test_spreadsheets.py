"""Files as people have them: read, or refused with a sentence that says what to do."""

import io
import zipfile

import openpyxl
import pytest

from presales.spreadsheets import Unreadable, inspect, rows

TABLE = [["Name", "Città"], ["Lena", "Orvieto"], ["Zoë", "Köln"]]


def file_of(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path):
    """The whole table: header, then the rows."""
    reading, columns = inspect(path)
    return [columns, *(cells for _, cells in rows(path, reading))]


def workbook(tmp_path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, table in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for cells in table:
            sheet.append(cells)
    path = tmp_path / "file.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_delimiter_and_line_ending(tmp_path, encoding, delimiter, ending):
    text = ending.join(delimiter.join(cells) for cells in TABLE) + ending
    assert read(file_of(tmp_path, text.encode(encoding))) == TABLE


def test_a_utf16_mark_decides_the_order_of_bytes(tmp_path):
    assert read(file_of(tmp_path, b"\xfe\xff" + "a,b\n1,ʤ\n".encode("utf-16-be"))) == [["a", "b"], ["1", "ʤ"]]


def test_quotes_keep_delimiters_and_line_ends_and_lines_are_counted_as_in_the_file(tmp_path):
    path = file_of(tmp_path, 'a,b\n1,"ha \n""ha"", \nha"\n\n3,4\n')
    reading, _ = inspect(path)
    assert list(rows(path, reading)) == [(2, ["1", 'ha \n"ha", \nha']), (6, ["3", "4"])]


def test_titles_above_the_header_are_passed_over(tmp_path):
    path = file_of(tmp_path, "Report of the week,,\n,,\nMade by Ada,,\nName,Mail,City\nLena,l@a.example,Rome\n")
    reading, columns = inspect(path)
    assert (reading.header_line, columns) == (4, ["Name", "Mail", "City"])


def test_columns_without_a_name_or_with_the_same_one_get_their_own(tmp_path):
    assert inspect(file_of(tmp_path, "Name,,Name,City\n1,2,3,4\n"))[1] == ["Name", "Column 2", "Name (3)", "City"]


def test_the_apostrophe_of_an_export_is_taken_off(tmp_path):
    assert read(file_of(tmp_path, "a,b\n'=1+1,'tis\n"))[1] == ["=1+1", "'tis"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\n\n ,\n", "empty lines"),
        (b"name,mail\nLena\x00,l@a.example\n", "NUL"),
        (b"\x1f\x8b" + bytes(50), "gzip"),
        (b"%PDF-1.7 " + bytes(50), "PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), ".xls"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (",".join(f"c{n}" for n in range(10_000)).encode() + b"\n1,2\n", "10,000 columns"),
        (b'name,mail\n"Lena,l@a.example\n' + b"x" * 150_000, "quotes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(tmp_path, content, sentence):
    with pytest.raises(Unreadable, match=sentence):
        read(file_of(tmp_path, content))


def test_a_zip_archive_is_no_table(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("leads.csv", "a,b\n1,2\n")
    with pytest.raises(Unreadable, match="Unpack"):
        inspect(file_of(tmp_path, held.getvalue()))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("presales.spreadsheets.MAX_UNPACKED", 1_000_000)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", " " * 2_000_000)
    with pytest.raises(Unreadable, match="too much"):
        inspect(file_of(tmp_path, held.getvalue(), "bomb.xlsx"))


def test_a_workbook_is_read_from_its_first_sheet_that_has_cells(tmp_path):
    assert read(workbook(tmp_path, [], TABLE)) == TABLE


def test_cells_of_a_workbook_become_text_as_people_see_them(tmp_path):
    import datetime

    path = workbook(tmp_path, [["n", "d", "f", "t"], [12.0, datetime.datetime(2024, 3, 1), 1.5, True]])
    assert read(path)[1] == ["12", "2024-03-01 00:00:00", "1.5", "True"]


def test_a_workbook_of_10000_columns_is_refused(tmp_path):
    with pytest.raises(Unreadable, match="10,000 columns"):
        read(workbook(tmp_path, [[f"c{n}" for n in range(10_000)], [1, 2]]))


def test_a_broken_sheet_is_refused(tmp_path):
    path = workbook(tmp_path, TABLE)
    held = io.BytesIO()
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(held, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            bad.writestr(name, data[: len(data) // 2] if "sheet1" in name else data)
    with pytest.raises(Unreadable):
        read(file_of(tmp_path, held.getvalue(), "broken.xlsx"))


MESSY = {
    "horror_excel_pasting.csv": ("Year", 16),
    "horror_spanish_chars.csv": ("GF_ID", None),
    "horror_weird_head_padding.csv": ("Column 1", None),
    "sfdl_accountData.csv": ("ID", None),
    "sfdl_csvtext_BOM_UTF16LE.csv": ("column1", 2),
    "sfdl_csvtext_BOM_UTF8.csv": ("column1", 2),
    "sfdl_opportunityData.csv": ("ID", None),
    "sfdl_timeZoneFormatTestingWithErrors.csv": ("Name", 6),
    "spectrum_empty.csv": ("a", 2),
    "spectrum_quotes_and_newlines.csv": ("a", 2),
    "spectrum_utf8.csv": ("a", 2),
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", sorted(MESSY))
def test_every_messy_file_is_read(name, shared_data):
    table = read(shared_data / "messy" / name)
    first, count = MESSY[name]
    assert table[0][0] == first
    assert len(table) > 1
    if count is not None:
        assert len(table) == count + 1


@pytest.mark.shared_data
def test_every_messy_file_has_its_case(shared_data):
    named = {path.name for path in (shared_data / "messy").iterdir()}
    assert named - set(MESSY) == {"horror_utf8bom.csv"}, "that one has a header and no row; the upload says so"


@pytest.mark.shared_data
def test_letters_of_western_europe_come_out_right(shared_data):
    assert "Descripción" in read(shared_data / "messy" / "horror_spanish_chars.csv")[0]
