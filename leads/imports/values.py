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


def decimal(text: str, digits: int = 14) -> Decimal:
    """An amount as people write it: `$22,700.00`, `1.234,56 €`, `1 000`; rounded half up to cents.

    Raises:
        BadValue: not a number, negative, or too large.
    """
    bare = re.sub(r"[^\d,.()\-+eE]", "", text.replace("−", "-").replace("\u00a0", ""))
    if not any(character.isdigit() for character in bare) or re.search(r"[eE]", bare):
        raise BadValue("not a number")
    if bare.startswith(("(", "-")):
        raise BadValue("negative")
    bare = bare.strip("()+-")
    comma, point = bare.rfind(","), bare.rfind(".")
    if comma >= 0 and point >= 0:
        bare = bare.replace(",", "") if point > comma else bare.replace(".", "").replace(",", ".")
    elif comma >= 0:
        bare = bare.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", bare) else bare.replace(",", ".", 1)
    elif bare.count(".") > 1:
        bare = bare.replace(".", "")
    try:
        number = Decimal(bare).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    except InvalidOperation:
        raise BadValue("not a number") from None
    if number >= Decimal(10) ** (digits - 2):
        raise BadValue("too large")
    return number


def whole(text: str, most: int = 2**31 - 1) -> int:
    """A whole number from 0 to `most`.

    Raises:
        BadValue: anything else.
    """
    number = decimal(text)
    if number != number.to_integral_value() or number > most:
        raise BadValue("not a whole number")
    return int(number)
