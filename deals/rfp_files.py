"""The spreadsheet of an RFP: finding the questions in it, and giving it back with the answers filled in.

The file goes back as it came. A workbook keeps its sheets, formats and widths; only the cells of the answers are
written, always as text, and formulas become the values they showed, so that nothing in it runs. A CSV goes
back byte for byte (deals/rfp_csv.py). Questions that were added by hand follow at the end, in the same columns.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell, WriteOnlyCell
from openpyxl.worksheet.worksheet import Worksheet

from deals import rfp_csv
from deals.models.rfps import MAX_ANSWER, MAX_QUESTION
from presales.csv import csv_cell
from presales.spreadsheets import Reading, Unreadable, inspect, lines_as_given
from presales.text import BadText, clean, key, squeeze

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 30 * 1024 * 1024  # the whole workbook is in memory while answers are filled in
MAX_QUESTIONS = 5000
FIRST = 4
NEW_COLUMN = -1
PARTS = ("question", "number", "section", "answer", "fit")
# What the columns are called where people make such files; the first word that a name holds decides.
NAMES = {
    "answer": ("answer", "response", "reply", "vendor comment", "comment", "antwort", "réponse", "risposta"),
    "fit": ("compliance", "compliant", "comply", "fit", "supported", "conformity"),
    "number": ("#", "no.", "no", "nr", "nr.", "id", "ref", "number", "item"),
    "section": ("section", "category", "chapter", "domain", "area", "topic", "group"),
    "question": ("question", "requirement", "description", "frage", "domanda", "criterion", "text"),
}


@dataclass(frozen=True)
class Found:
    """One question as the file holds it, in the form that pages show."""

    line: int
    number: str
    section: str
    text: str
    answer: str


@dataclass(frozen=True)
class Given:
    """What goes back into one line."""

    answer: str
    fit: str


@dataclass(frozen=True)
class Added:
    """A question that is not in the file: it goes into a line of its own at the end."""

    number: str
    section: str
    text: str
    answer: str
    fit: str


HEADER = Added("No.", "Section", "Question", "Answer", "How we do it")


def look_into(path: Path) -> tuple[Reading, list[str], list[list[str]]]:
    """How to read the file, the names of its columns, and its first lines below them.

    Raises:
        Unreadable: with a sentence for the person who sent it.
    """
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Take out pictures, or save as CSV.")
    reading, columns = inspect(path)
    if reading.kind == "xlsx":
        _fillable(path, reading)
    below = (cells for line, cells in lines_as_given(path, reading) if line > reading.header_line and any(cells))
    first = [[plain(cell) for cell in cells] for cells in islice(below, FIRST)]
    if not first:
        raise Unreadable("The file has names of columns, but no lines below them.")
    return reading, columns, first


def _fillable(path: Path, reading: Reading) -> None:
    """Refuse now what could not be given back later."""
    with zipfile.ZipFile(path) as archive:
        if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED:
            raise Unreadable("The workbook unpacks to too much. Save the sheet with the questions as CSV.")
    _workbook(path, reading)


def _workbook(path: Path, reading: Reading) -> openpyxl.Workbook:
    try:
        # Values in place of formulas, no links to other files, no macros: nothing in it runs.
        book = openpyxl.load_workbook(path, data_only=True, keep_links=False, keep_vba=False, rich_text=True)
        if isinstance(book[reading.sheet], Worksheet):
            return book
    except Exception as error:  # openpyxl lets through whatever its parsers raise
        raise Unreadable("The workbook cannot be read as a whole. Save the sheet as CSV and send that.") from error
    raise Unreadable("The sheet holds a chart instead of cells. Save the sheet with the questions as CSV.")


def suggest(columns: list[str], first: list[list[str]]) -> dict[str, int]:
    """Which column is what, by its name; the questions are otherwise in the column with the longest text."""
    mapping: dict[str, int] = {}
    for part, names in NAMES.items():
        for name in names:
            hit = next(
                (at for at, column in enumerate(columns) if _means(column, name) and at not in mapping.values()), None
            )
            if hit is not None:
                mapping[part] = hit
                break
    if "question" not in mapping:
        free = [at for at in range(len(columns)) if at not in mapping.values()] or [0]
        mapping["question"] = max(free, key=lambda at: sum(len(cells[at]) for cells in first if at < len(cells)))
    mapping.setdefault("answer", NEW_COLUMN)
    return mapping


def _means(column: str, name: str) -> bool:
    words = key(column)
    return words == name if len(name) <= 3 else name in words


def questions(path: Path, reading: Reading, mapping: dict[str, int]) -> Iterator[Found]:
    """The questions in the order of the file.

    A line with nothing but one cell is the title of a section where the file numbers its questions; a section's name
    counts until the next one, as in merged cells.

    Raises:
        Unreadable: a question or an answer is too long to be kept, or there are too many.
    """
    section, count = "", 0
    for line, given in lines_as_given(path, reading):
        cells = [plain(cell) for cell in given]
        if line <= reading.header_line or not any(cells):
            continue
        text, number = _part(cells, mapping, "question"), _part(cells, mapping, "number")
        alone = sum(1 for cell in cells if cell) == 1
        if not text or (alone and "number" in mapping):
            section = next(cell for cell in cells if cell)[:300] if alone else section
            continue
        section = _part(cells, mapping, "section")[:300] or section
        answer = _part(cells, mapping, "answer")
        count += 1
        if count > MAX_QUESTIONS:
            raise Unreadable(f"There are more than {MAX_QUESTIONS:,} questions. Split the file into several RFPs.")
        for what, words, most in (("question", text, MAX_QUESTION), ("answer", answer, MAX_ANSWER)):
            if len(words) > most:
                raise Unreadable(f"The {what} in line {line} has {len(words):,} characters; at most {most:,} are kept.")
        yield Found(line, squeeze(number)[:60], squeeze(section), text, answer)


def _part(cells: list[str], mapping: dict[str, int], part: str) -> str:
    at = mapping.get(part, NEW_COLUMN)
    return cells[at] if 0 <= at < len(cells) else ""


def plain(cell: str) -> str:
    """A cell for pages and search: clean, without white space around it."""
    try:
        return clean(cell).strip()
    except BadText:
        return clean("".join(mark if mark.isprintable() or mark in "\n\r\t" else " " for mark in cell)).strip()


# -- Giving it back ---------------------------------------------------------------------------------


def as_csv(
    path: Path, reading: Reading, mapping: dict[str, int], given: dict[int, Given], added: Sequence[Added] = ()
) -> Iterator[list[str]]:
    """Every line of the file with the answers in it; `given` maps lines to what goes there, `added` follows."""
    places = _places(path, reading, mapping)
    for line, cells in lines_as_given(path, reading):
        yield _with(cells, _written(line, reading, mapping, given, places))
    for row in added:
        yield _with([], _of_added(row, mapping, places))


def as_given_csv(
    path: Path, reading: Reading, mapping: dict[str, int], given: dict[int, Given], added: Sequence[Added] = ()
) -> bytes:
    """The customer's CSV, byte for byte, with the answers in it."""
    places = _places(path, reading, mapping)
    lines = {reading.header_line, *given}
    written = {line: dict(_written(line, reading, mapping, given, places)) for line in lines}
    return rfp_csv.filled(path, reading, written, [dict(_of_added(row, mapping, places)) for row in added])


def as_workbook(
    path: Path, reading: Reading, mapping: dict[str, int], given: dict[int, Given], added: Sequence[Added] = ()
) -> bytes:
    """The customer's workbook with the answers in it; a new one where the file was a CSV."""
    if reading.kind == "xlsx":
        return _bytes_of(_filled(path, reading, mapping, given, added))
    return _bytes_of(_book_of(as_csv(path, reading, mapping, given, added)))


def by_hand(added: Sequence[Added]) -> list[list[str]]:
    """A table of our own for questions that came without a file, the names of the columns first."""
    return [[row.number, row.section, row.text, row.answer, row.fit] for row in (HEADER, *added)]


def workbook_by_hand(added: Sequence[Added]) -> bytes:
    """The same as a workbook."""
    return _bytes_of(_book_of(by_hand(added)))


def _bytes_of(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _with(cells: list[str], written: Iterable[tuple[int, str]]) -> list[str]:
    filled = list(cells)
    for at, text in written:
        filled += [""] * (at + 1 - len(filled))
        filled[at] = text
    return filled


def _places(path: Path, reading: Reading, mapping: dict[str, int]) -> tuple[int, int | None]:
    """The columns of answer and fit; a new one stands to the right of everything."""
    answer_at = mapping.get("answer", NEW_COLUMN)
    if answer_at == NEW_COLUMN:
        answer_at = max((len(_trimmed(cells)) for _, cells in lines_as_given(path, reading)), default=0)
    return answer_at, mapping.get("fit")


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


Places = tuple[int, int | None]


def _written(
    line: int, reading: Reading, mapping: dict[str, int], given: dict[int, Given], places: Places
) -> Iterator[tuple[int, str]]:
    answer_at, fit_at = places
    if line == reading.header_line and mapping.get("answer", NEW_COLUMN) == NEW_COLUMN:
        yield answer_at, "Answer"
    if line in given:
        yield answer_at, given[line].answer
        if fit_at is not None and given[line].fit:
            yield fit_at, given[line].fit


def _of_added(row: Added, mapping: dict[str, int], places: Places) -> Iterator[tuple[int, str]]:
    answer_at, fit_at = places
    columns = (mapping.get("number"), mapping.get("section"), mapping["question"], answer_at, fit_at)
    for at, text in zip(columns, (row.number, row.section, row.text, row.answer, row.fit), strict=True):
        if at is not None and at >= 0 and text:
            yield at, text


def _filled(
    path: Path, reading: Reading, mapping: dict[str, int], given: dict[int, Given], added: Sequence[Added]
) -> openpyxl.Workbook:
    book = _workbook(path, reading)
    sheet = book[reading.sheet]
    places = _places(path, reading, mapping)
    last = max((line for line, cells in lines_as_given(path, reading) if any(cells)), default=0)
    lines = {line: _written(line, reading, mapping, given, places) for line in {reading.header_line, *given} - {0}}
    lines |= {last + number: _of_added(row, mapping, places) for number, row in enumerate(added, 1)}
    for line in sorted(lines):
        for at, text in lines[line]:
            cell = sheet.cell(row=line, column=at + 1)
            if isinstance(cell, MergedCell):
                _split(sheet, cell)
                cell = sheet.cell(row=line, column=at + 1)
            _put_text(cell, text)
    return book


def _split(sheet: Worksheet, cell: MergedCell) -> None:
    """Undo the merging that hides a cell an answer belongs into."""
    area = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
    sheet.unmerge_cells(str(area))


def _book_of(lines: Iterable[list[str]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Questions")
    for cells in lines:
        row = []
        for text in cells:
            cell = WriteOnlyCell(sheet)
            _put_text(cell, text)
            row.append(cell)
        sheet.append(row)
    return book


def _put_text(cell: Cell, text: str) -> None:
    """Write `text` as text, whatever it begins with."""
    if not text:
        cell.value = None
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)
    cell.data_type = "s"
    # Typed text stays text also after somebody has edited the cell.
    cell.quotePrefix = csv_cell(text) != text


def with_header(reading: Reading, header_line: int) -> Reading:
    """`reading` with the names of the columns in another line; 0 where the file has none."""
    return replace(reading, header_line=header_line)
