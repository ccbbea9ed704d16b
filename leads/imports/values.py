"""Cells as values: days, money, whole numbers. A cell that is none raises `BadValue` with the reason."""

import datetime
import re
from decimal import Decimal, InvalidOperation

MONTHS = {name: number for number, name in enumerate(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}  # fmt: skip
TIME = r"(?:[T ,]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?\s*(?P<ap>[AaPp][Mm])?\s*(?P<z>Z|[+-]\d{2}:?\d{2})?)?"
ISO = re.compile(rf"^(?P<y>\d{{4}})(?P<sep>[-/.])(?P<mo>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}}){TIME}$")
NUMERIC = re.compile(rf"^(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d{{2}}){TIME}$")
DAY_MONTH = re.compile(rf"^(?P<d>\d{{1,2}})[ .-]+(?P<name>[A-Za-z]{{3,9}})\.?,?[ -]+(?P<y>\d{{4}}),?{TIME}$")
MONTH_DAY = re.compile(rf"^(?P<name>[A-Za-z]{{3,9}})\.? (?P<d>\d{{1,2}}),? (?P<y>\d{{4}}),?{TIME}$")


class BadValue(ValueError):
    """The cell holds no such value; the message says why."""


def day_orders(text: str) -> set[str]:
    """Which of `dmy` and `mdy` a numeric day such as 3/14/2026 can be read in; both for anything else."""
    found = NUMERIC.match(text.strip())
    if not found:
        return {"dmy", "mdy"}
    first, second = int(found["a"]), int(found["b"])
    return ({"dmy"} if second <= 12 else set()) | ({"mdy"} if first <= 12 else set())


def is_numeric_day(text: str) -> bool:
    """Whether the order of day and month in `text` is a question."""
    return bool(NUMERIC.match(text.strip()))


def moment(text: str, order: str = "dmy") -> datetime.datetime:
    """A point in time; without a zone it is UTC, without a time midnight. `order` is dmy or mdy.

    Raises:
        BadValue: not a day, or outside 1990 to 2100.
    """
    text = text.strip()
    for pattern in (ISO, NUMERIC, DAY_MONTH, MONTH_DAY):
        if found := pattern.match(text):
            break
    else:
        raise BadValue("not a date we can read")
    parts = found.groupdict()
    if parts.get("name"):
        month = MONTHS.get(parts["name"][:3].lower(), 0)
        day = int(parts["d"])
    elif parts.get("mo"):
        month, day = int(parts["mo"]), int(parts["d"])
    elif order == "mdy":
        month, day = int(parts["a"]), int(parts["b"])
    else:
        month, day = int(parts["b"]), int(parts["a"])
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if year < 70 else 1900
    try:
        made = datetime.datetime(year, month, day, *_clock(parts), tzinfo=_zone(parts.get("z")))
    except ValueError:
        raise BadValue("no such day or time") from None
    if 1990 <= made.year <= 2100:
        made = made.astimezone(datetime.UTC)
    if not 1990 <= made.year <= 2100:
        raise BadValue("outside the years 1990 to 2100")
    return made


def _clock(parts: dict[str, str | None]) -> tuple[int, int, int]:
    if not parts.get("h"):
        return 0, 0, 0
    hour = int(parts["h"])
    half = (parts.get("ap") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour, int(parts["m"]), int(parts["s"] or 0)


def _zone(text: str | None) -> datetime.tzinfo:
    if not text or text == "Z":
        return datetime.UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return datetime.timezone(sign * datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))


CURRENCY = r"(?:[A-Z]{0,3}[$€£¥₹₽₺₩₪₫₴₦₱฿]|[A-Z]{3}|kr\.?|zł|Kč|Ft|Fr\.?|Rs\.?|%)"
AMOUNT = re.compile(
    rf"^\(?[-+]?\s*{CURRENCY}?\s*[-+]?(?P<digits>\d(?:[\d.,'’ ]*\d)?[.,]?|[.,]\d+)\s*{CURRENCY}?\s*\+?\)?$"
)
# With the decimal mark known, the other one stands before groups of three digits (India: of two, then three).
GROUPED = {
    "point": re.compile(r"^(\d+|\d{1,3}(,\d{2,3})*,\d{3})?(\.\d*)?$"),
    "comma": re.compile(r"^(\d+|\d{1,3}(\.\d{2,3})*\.\d{3})?(,\d*)?$"),
}
NEGATIVE = re.compile(r"^\s*\(|[-−]\s*[\d.,]|^\s*[-−]")
MOST = Decimal(10) ** 15
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-"})


def _digits(text: str) -> str:
    """The digits and marks of an amount, without currency and spaces; "" where the cell is none."""
    found = AMOUNT.match(text.translate(SPACES).strip())
    return re.sub(r"[ '’]", "", found["digits"]) if found else ""


def decimal_marks(text: str) -> set[str]:
    """Which of `point` and `comma` can be the decimal mark of an amount: both in `1,234` and `1.234`, only the point
    in `1,234.5`; none where the cell is no amount, or says nothing about it."""
    digits = _digits(text)
    if "," not in digits and "." not in digits:
        return set()
    # A thousand does not begin with zero: 0.125 is an eighth.
    led = digits.startswith("0")
    allowed = {mark for mark, pattern in GROUPED.items() if pattern.match(digits)}
    return (allowed - {"comma" if "." in digits else "point"} or allowed) if led else allowed


def decimal(text: str, digits: int = 14, mark: str = "") -> Decimal:
    """An amount as people write it: `$22,700.00`, `1.234,56 €`, `1 000`; rounded half up to cents.

    Args:
        text: the cell.
        digits: at most so many, two of them after the mark.
        mark: `point` or `comma`, as decided for the whole column. Without it the cell alone decides, and what stays
            open is read as thousands after a comma and decimals after a point.

    Raises:
        BadValue: not a number, negative, or too large.
    """
    bare = _digits(text)
    if not bare:
        raise BadValue("not a number")
    if NEGATIVE.search(text):
        raise BadValue("negative")
    if not mark:
        allowed = decimal_marks(text)
        mark = next(iter(allowed)) if len(allowed) == 1 else "point"
    if not GROUPED[mark].match(bare):
        raise BadValue(f"not a number with a decimal {mark}" if decimal_marks(text) else "not a number")
    bare = bare.replace(",", "") if mark == "point" else bare.replace(".", "").replace(",", ".")
    try:
        number = Decimal(bare).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    except InvalidOperation:
        raise BadValue("not a number") from None
    if number >= Decimal(10) ** (digits - 2):
        raise BadValue("too large")
    return number


def is_number(text: str) -> bool:
    """Whether `number` reads the cell, whichever decimal mark its column has."""
    return any(_fits(text, mark) for mark in GROUPED)


def _fits(text: str, mark: str) -> bool:
    try:
        number(text, mark)
    except BadValue:
        return False
    return True


def number(text: str, mark: str = "point") -> int | float:
    """A number of any sign, as custom fields keep it: 15 digits, 6 of them after the mark.

    Raises:
        BadValue: not a number with that mark, or too large.
    """
    bare = _digits(text)
    if not bare or not GROUPED[mark].match(bare):
        raise BadValue(f"not a number with a decimal {mark}" if bare and decimal_marks(text) else "not a number")
    bare = bare.replace(",", "") if mark == "point" else bare.replace(".", "").replace(",", ".")
    found = Decimal(bare)
    if found >= MOST:
        raise BadValue("too large")
    found = round(-found if NEGATIVE.search(text) else found, 6)
    return int(found) if found == found.to_integral_value() else float(found)


def whole(text: str, most: int = 2**31 - 1, mark: str = "") -> int:
    """A whole number from 0 to `most`. Where the mark of its column is open, `1,200` and `1.200` are both 1200.

    Raises:
        BadValue: anything else.
    """
    if not mark and decimal_marks(text) == {"point", "comma"}:
        mark = "point" if "," in text else "comma"
    number = decimal(text, mark=mark)
    if number != number.to_integral_value() or number > most:
        raise BadValue("not a whole number")
    return int(number)
