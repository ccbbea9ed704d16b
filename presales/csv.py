"""CSV that leaves the house: cells no spreadsheet runs, streamed row by row."""

import csv
import datetime
import decimal
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify

FORMULA_STARTS = frozenset("=+-@|%\u2212")
RUN_ANYWHERE = frozenset("\t\r\n")
QUOTES = frozenset("'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb\u2039\u203a\uff07\uff02")
# Zero-width and other invisible characters are of category Cf, controls Cc, white space Z*.
INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Response = TypeVar("Response", HttpResponse, StreamingHttpResponse)
CHUNK = 500  # rows to a chunk of the response


def csv_cell(value: object) -> str:
    """`value` as the text of one cell that no spreadsheet takes for a formula.

    Text that could start one gets an apostrophe before it; `csv_text` takes it off again. Numbers stay
    numbers (negative ones too), days are ISO dates, times ISO in the person's zone, nothing is empty.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, decimal.Decimal):
        return f"{value:f}" if value.is_finite() else ""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, datetime.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat(timespec="seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return csv_cell(", ".join(map(str, value)))
    text = str(value)
    return f"'{text}" if _could_run(text) else text


def csv_text(cell: str) -> str:
    """What `csv_cell` made `cell` of, for text that comes back through an import."""
    return cell[1:] if cell.startswith("'") and _could_run(cell[1:]) else cell


def _could_run(text: str) -> bool:
    if any(character in RUN_ANYWHERE for character in text):
        return True
    for character in text:
        if character in QUOTES or unicodedata.category(character) in INVISIBLE:
            continue
        # NFKC turns the full-width and small twins of = + - @ | % into themselves.
        return unicodedata.normalize("NFKC", character)[0] in FORMULA_STARTS
    return False


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of the file, header first."""
    writer = csv.writer(_Echo())
    yield writer.writerow([csv_cell(cell) for cell in header])
    for row in rows:
        yield writer.writerow([csv_cell(cell) for cell in row])


def stream(
    name: str,
    header: Iterable[object],
    rows: Iterable[Iterable[object]],
    finished: Callable[[int], None] | None = None,
) -> StreamingHttpResponse:
    """`rows` as the download `name-2026-03-04.csv`, sent as they are read (give a queryset's `.iterator()`).

    UTF-8 with a byte order mark, since Excel takes a file without one for the local code page. `finished`
    is told how many rows were sent, also when the person stops half-way.
    """

    def chunks() -> Iterator[bytes]:
        sent, part = -1, ["\ufeff"]  # the header is no row
        try:
            for line in csv_lines(header, rows):
                part.append(line)
                sent += 1
                if len(part) >= CHUNK:
                    yield "".join(part).encode()
                    part = []
            yield "".join(part).encode()
        finally:
            if finished is not None:
                finished(max(sent, 0))

    response = StreamingHttpResponse(chunks(), content_type="text/csv; charset=utf-8")
    return _as_download(response, name, "csv")


def workbook(name: str, content: bytes) -> HttpResponse:
    """A finished workbook as the download `name-2026-03-04.xlsx`."""
    response = HttpResponse(content, content_type=XLSX)
    return _as_download(response, name, "xlsx")


def delimited(name: str, content: bytes) -> HttpResponse:
    """The bytes of a finished CSV as the download `name-2026-03-04.csv`; they say themselves how they are encoded."""
    return _as_download(HttpResponse(content, content_type="text/csv"), name, "csv")


def _as_download(response: Response, name: str, ending: str) -> Response:
    response["Content-Disposition"] = (
        f'attachment; filename="{slugify(name) or "export"}-{timezone.localdate().isoformat()}.{ending}"'
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
