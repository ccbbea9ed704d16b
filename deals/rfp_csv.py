"""Giving a customer's CSV back byte for byte: its encoding, delimiter, quotes and line ends, with the answers in it.

Only the cells of the answers are written, and those that a spreadsheet might run get the apostrophe of `csv_cell`;
every other byte is the customer's. An answer that their encoding cannot hold makes the whole file UTF-8 with a mark.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from presales.csv import csv_cell
from presales.spreadsheets import Reading

BREAKS = str.maketrans("\t\r\n", "   ")
Written = dict[int, str]
"""What goes into a line: the place of a cell to its text."""


@dataclass(frozen=True)
class Record:
    """One line of the table as it stands in the file: its cells, each raw and read, and how it ends."""

    line: int
    raw: list[str]
    cells: list[str]
    end: str


@dataclass(frozen=True)
class Style:
    """How the file is written."""

    delimiter: str
    quotes_all: bool
    line_end: str

    def cell(self, text: str, *, quoted: bool = False) -> str:
        """`text` as this file would write it, harmless to a spreadsheet."""
        return self.plain(csv_cell(text), quoted=quoted)

    def plain(self, text: str, *, quoted: bool = False) -> str:
        """`text` as this file would write it."""
        wanted = quoted or (self.quotes_all and text != "")
        if wanted or any(mark in text for mark in (self.delimiter, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text


def filled(path: Path, reading: Reading, written: dict[int, Written], more: Iterable[Written] = ()) -> bytes:
    """The bytes of the file with `written` in its lines, and a line at the end for each of `more`."""
    content = path.read_bytes()
    mark, codec = _codec(content, reading.encoding)
    text = content[len(mark) :].decode(codec)
    records = list(_records(text, reading.delimiter or ","))
    style = _style(records, reading.delimiter or ",")
    parts = [_line(record, written.get(record.line, {}), style) + record.end for record in records]
    added = [_line(Record(0, [], [], ""), row, style) for row in more]
    if added:
        ends = records[-1].end if records else style.line_end
        if parts and not ends:
            parts.append(style.line_end)
        parts.append(style.line_end.join(added) + ends)
    result = "".join(parts)
    try:
        return mark + result.encode(codec)
    except UnicodeEncodeError:
        return codecs.BOM_UTF8 + result.encode()


def _codec(content: bytes, encoding: str) -> tuple[bytes, str]:
    """The byte order mark of the file, and the encoding of what follows it."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):  # fmt: skip
        if content.startswith(mark) and encoding.replace("-sig", "") in (codec, codec[:6]):
            return mark, codec
    return b"", encoding


def _records(text: str, delimiter: str) -> Iterator[Record]:
    """The lines of the table, numbered as the reading of the questions numbers them."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    while True:
        number = reader.line_num + 1
        taken.clear()
        cells = next(reader, None)
        if cells is None:
            return
        raw, end = _split("".join(taken), delimiter)
        if not cells:
            raw = []
        elif [_read(one, delimiter) for one in raw] != cells:  # stray quotes: written anew, cell by cell
            plain = Style(delimiter, False, end)
            raw = [plain.plain(cell) for cell in cells]
        yield Record(number, raw, cells, end)


def _split(record: str, delimiter: str) -> tuple[list[str], str]:
    """The raw cells of a record and its line end, by the rules of the csv module."""
    cells, begin, state = [], 0, "start"
    for at, mark in enumerate(record):
        if state == "quoted":
            state = "quote" if mark == '"' else "quoted"
        elif state == "quote" and mark == '"':
            state = "quoted"
        elif mark == delimiter:
            cells.append(record[begin:at])
            begin, state = at + 1, "start"
        elif mark in "\r\n":
            return [*cells, record[begin:at]], record[at:]
        else:
            state = "quoted" if state == "start" and mark == '"' else "plain"
    return [*cells, record[begin:]], ""


def _read(raw: str, delimiter: str) -> str:
    if '"' not in raw:
        return raw
    found = list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter))
    return found[0][0] if len(found) == 1 and len(found[0]) == 1 else raw


def _style(records: list[Record], delimiter: str) -> Style:
    raw = [cell for record in records for cell in record.raw if cell]
    line_end = next((record.end for record in records if record.end), "\r\n")
    return Style(delimiter, bool(raw) and all(cell.startswith('"') for cell in raw), line_end)


def _line(record: Record, written: Written, style: Style) -> str:
    width = max([len(record.raw), *(at + 1 for at in written)])
    parts = []
    for at in range(width):
        raw = record.raw[at] if at < len(record.raw) else ""
        cell = record.cells[at] if at < len(record.cells) else ""
        text = written.get(at)
        kept = not _could_run(cell) if text is None else csv_cell(text) == cell
        parts.append(raw if kept else style.cell(cell if text is None else text, quoted=raw.startswith('"')))
    return style.delimiter.join(parts)


def _could_run(cell: str) -> bool:
    """Whether a spreadsheet might run a cell of the customer's. A line break in it is theirs and stays."""
    flat = cell.translate(BREAKS)
    return not cell.startswith("'") and csv_cell(flat) != flat
