"""Reading a spreadsheet as people have it: any usual encoding, delimiter and line ending, titles above the header.

Everything streams: a file is never held in memory. What cannot be read is refused with a sentence that helps.
"""

import codecs
import csv
import io
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from presales.csv import csv_text
from presales.text import BadText, clean, squeeze

MAX_BYTES = 200 * 1024 * 1024
MAX_UNPACKED = 600 * 1024 * 1024
MAX_STRINGS = 120 * 1024 * 1024  # a workbook's shared texts are the one part that is held in memory
MAX_COLUMNS = 500
MAX_ROWS = 1_000_000
MAX_CELL = 100_000
SAMPLE_LINES = 100
DELIMITERS = ",;\t|"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and halves of characters
csv.field_size_limit(MAX_CELL)

ARCHIVES = {
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
}


class BrokenText(str):
    """A cell with control characters, shown without them; the row that has it is reported where the column is used."""


class Unreadable(Exception):
    """The file is refused; the message says why and what to do."""


@dataclass
class Reading:
    """How a file is read."""

    kind: str  # csv or xlsx
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 1
    sheet: str = ""

    def as_json(self) -> dict[str, object]:
        """For the batch's `reading` column."""
        return asdict(self)


Row = tuple[int, list[str]]


def inspect(path: Path) -> tuple[Reading, list[str]]:
    """How to read the file, and the names of its columns.

    Raises:
        Unreadable: with a sentence for the person who sent it.
    """
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("The file is empty.")
    if size > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it and import the parts.")
    with open(path, "rb") as file:
        start = file.read(8)
    for magic, name in ARCHIVES.items():
        if start.startswith(magic):
            raise Unreadable(f"This is {name}, not a CSV or XLSX file.")
    if start.startswith(b"PK"):
        reading = _inspect_xlsx(path)
    else:
        encoding = detect_encoding(path)
        reading = Reading("csv", encoding=encoding, delimiter=_delimiter(path, encoding))
    sample = _sample(path, reading)
    if not sample:
        raise Unreadable("The file holds nothing but empty lines.")
    reading.header_line, header = _header(sample)
    columns = _column_names(header)
    return reading, columns


def rows(path: Path, reading: Reading) -> Iterator[Row]:
    """The rows below the header: (line in the file, cells). Blank rows are left out."""
    for line, cells in _lines(path, reading):
        if line > reading.header_line and any(cell.strip() for cell in cells):
            yield line, cells


def lines_as_given(path: Path, reading: Reading) -> Iterator[Row]:
    """Every line of the file, blank ones and those above the header too: (line, cells) with each cell as it was sent.

    For a file that is to go back as it came. Only the apostrophe that `csv_cell` put before a cell is taken off, since
    `csv_cell` puts it there again.

    Raises:
        Unreadable: a cell holds what neither a database nor a text file can.
    """
    for line, cells in _lines(path, reading, as_given=True):
        if any(UNSTORABLE.search(cell) for cell in cells):
            raise Unreadable(f"Line {line} holds characters that are no text. Remove them and send the file again.")
        yield line, cells


def detect_encoding(path: Path) -> str:
    """The encoding in which the whole file decodes: by its mark, else UTF-8, else Windows-1252.

    Raises:
        Unreadable: bytes of none of them.
    """
    with open(path, "rb") as file:
        start = file.read(4096)
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return _decodes(path, encoding) or _undecodable()
    half = len(start) // 2
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if half >= 2 and zeros.count(0) > 0.4 * half:
            return _decodes(path, encoding) or _undecodable()
    return _decodes(path, "utf-8") or _decodes(path, "cp1252") or _guess(start) or _undecodable()


def _decodes(path: Path, encoding: str) -> str | None:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return encoding


def _guess(start: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(start).best()
    return best.encoding if best else None


def _undecodable() -> str:
    raise Unreadable("The text is in no encoding we know. Save the file as “CSV UTF-8” and send it again.")


def _lines(path: Path, reading: Reading, *, as_given: bool = False) -> Iterator[Row]:
    cell = csv_text if as_given else _cell
    return _xlsx_lines(path, reading, cell) if reading.kind == "xlsx" else _csv_lines(path, reading, cell)


def _csv_lines(path: Path, reading: Reading, cell: Callable[[str], str]) -> Iterator[Row]:
    with open(path, encoding=reading.encoding, newline="") as file:
        reader = csv.reader(_without_nul(file), delimiter=reading.delimiter or ",")
        line = 0
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise Unreadable(f"Line {line} cannot be read: {error}. Check the quotes around it.") from error
            except UnicodeDecodeError as error:
                raise Unreadable(f"Around line {line} the text is not {reading.encoding}.") from error
            if len(cells) > MAX_COLUMNS:
                raise Unreadable(f"Line {line} has {len(cells):,} columns; at most {MAX_COLUMNS} can be read.")
            yield line, [cell(text) for text in cells]


def _without_nul(file: io.TextIOBase) -> Iterator[str]:
    for number, text in enumerate(file, 1):
        if "\0" in text:
            raise Unreadable(f"Line {number} holds NUL characters: this is not a text file, or it is damaged.")
        yield text


def _cell(text: str) -> str:
    try:
        return clean(csv_text(text)).strip()
    except BadText:
        return BrokenText("".join(character for character in text if character.isprintable()).strip())


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that splits most of the first lines into the same number of cells, more than one."""
    with open(path, encoding=encoding, newline="") as file:
        lines = [text for _, text in zip(range(SAMPLE_LINES), file, strict=False)]
    if any("\0" in text for text in lines):
        raise Unreadable("The file holds NUL characters: this is not a text file, or it is damaged.")
    best, best_score = ",", 0
    for delimiter in DELIMITERS:
        try:
            widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells))
        except csv.Error:
            continue
        wide = {width: count for width, count in widths.items() if width > 1}
        score = max((count * min(width, 20) for width, count in wide.items()), default=0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _sample(path: Path, reading: Reading) -> list[Row]:
    sample = []
    for line, cells in _lines(path, reading):
        if any(cells):
            sample.append((line, cells))
        if len(sample) >= SAMPLE_LINES or line > 10 * SAMPLE_LINES:
            break
    return sample


def _header(sample: list[Row]) -> tuple[int, list[str]]:
    """The first row that is about as wide as the table: titles and notes above it are narrower."""
    filled = Counter(sum(1 for cell in cells if cell) for _, cells in sample)
    width = max(filled, key=lambda count: (filled[count] * count, count))
    for line, cells in sample:
        if sum(1 for cell in cells if cell) >= max(1, 0.6 * width):
            return line, cells
    return sample[0]


def _column_names(header: list[str]) -> list[str]:
    while header and not header[-1]:
        header = header[:-1]
    if not header:
        raise Unreadable("No line with the names of the columns was found.")
    names: list[str] = []
    for position, cell in enumerate(header, 1):
        name = squeeze(cell)[:190] or f"Column {position}"
        if name in names:
            name = f"{name} ({position})"
        names.append(name)
    return names


# -- XLSX -------------------------------------------------------------------------------------------


def _inspect_xlsx(path: Path) -> Reading:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if not any(info.filename == "xl/workbook.xml" for info in infos):
                raise Unreadable("This is a ZIP archive. Unpack it and send the CSV or XLSX file inside.")
            if any(info.flag_bits & 1 for info in infos):
                raise Unreadable("The workbook is protected by a password. Save it without one.")
            strings = sum(info.file_size for info in infos if info.filename == "xl/sharedStrings.xml")
            unpacked = sum(info.file_size for info in infos)
            if len(infos) > 5000 or unpacked > MAX_UNPACKED or strings > MAX_STRINGS:
                raise Unreadable("The workbook unpacks to too much. Save the sheet as CSV and send that.")
    except zipfile.BadZipFile:
        raise Unreadable("The workbook is damaged. Save it again, or as CSV.") from None
    workbook = _workbook(path)
    try:
        sheets = [name for name in workbook.sheetnames if hasattr(workbook[name], "iter_rows")]
        if not sheets:
            raise Unreadable("The workbook has no sheet with cells.")
        # Covers and empty first sheets are common; the first sheet with anything in its first rows is meant.
        return Reading("xlsx", sheet=next((name for name in sheets if _has_cells(workbook[name])), sheets[0]))
    finally:
        workbook.close()


def _has_cells(sheet: object) -> bool:
    sheet.reset_dimensions()
    try:
        first = itertools.islice(sheet.iter_rows(values_only=True), SAMPLE_LINES)
        return any(cell is not None for cells in first for cell in cells)
    except Exception as error:  # openpyxl lets through whatever its parsers raise
        raise Unreadable("The workbook is damaged. Save it again, or as CSV.") from error


def _workbook(path: Path):
    import openpyxl

    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        raise Unreadable("The workbook cannot be read. Save the sheet as CSV and send that.") from error


def _xlsx_lines(path: Path, reading: Reading, as_cell: Callable[[str], str]) -> Iterator[Row]:
    workbook = _workbook(path)
    try:
        sheet = workbook[reading.sheet]
        sheet.reset_dimensions()  # programs write wrong ones, and rows beyond them would be lost
        values = sheet.iter_rows(values_only=True)
        for line in itertools.count(1):
            try:
                cells = next(values, None)
            except Exception as error:  # openpyxl lets through whatever its parsers raise
                raise Unreadable(f"The sheet cannot be read from line {line} on. Save it as CSV.") from error
            if cells is None:
                return
            if len(cells) > MAX_COLUMNS and any(cell is not None for cell in cells[MAX_COLUMNS:]):
                raise Unreadable(f"Line {line} has {len(cells):,} columns; at most {MAX_COLUMNS} can be read.")
            yield line, [as_cell(_as_text(cell)) for cell in cells[:MAX_COLUMNS]]
    finally:
        workbook.close()


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)[:MAX_CELL]
