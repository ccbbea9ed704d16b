"""Periods that figures are asked for: a quarter, a year, the last twelve months."""

import datetime
import re
from dataclasses import dataclass

QUARTER = re.compile(r"(\d{4})-q([1-4])", re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
MONTH = re.compile(r"\d{4}-\d\d")
YEAR = re.compile(r"\d{4}")
FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class Period:
    """Days from `start` to `end`, both included. `key` is its name in an address."""

    key: str
    label: str
    start: datetime.date
    end: datetime.date


def quarter_of(day: datetime.date) -> Period:
    """The calendar quarter that `day` is in."""
    number = (day.month - 1) // 3 + 1
    return quarter(day.year, number)


def quarter(year: int, number: int) -> Period:
    """Quarter 1 to 4 of `year`."""
    start = datetime.date(year, 3 * number - 2, 1)
    after = datetime.date(year + (number == 4), 1 if number == 4 else 3 * number + 1, 1)
    return Period(f"{year}-Q{number}", f"Q{number} {year}", start, after - datetime.timedelta(days=1))


def year(number: int) -> Period:
    """The calendar year."""
    return Period(str(number), str(number), datetime.date(number, 1, 1), datetime.date(number, 12, 31))


def month(within: datetime.date) -> Period:
    """The month that `within` is in."""
    start = within.replace(day=1)
    after = (start + datetime.timedelta(days=31)).replace(day=1)
    return Period(f"{start:%Y-%m}", f"{start:%B %Y}", start, after - datetime.timedelta(days=1))


def choices(today: datetime.date) -> list[Period]:
    """What the filter offers on `today`."""
    this = quarter_of(today)
    last = quarter_of(this.start - datetime.timedelta(days=1))
    following = quarter_of(this.end + datetime.timedelta(days=1))
    back = today.replace(year=today.year - 1, day=min(today.day, 28))
    return [
        Period("this-quarter", f"This quarter ({this.label})", this.start, this.end),
        Period("next-quarter", f"Next quarter ({following.label})", following.start, following.end),
        Period("last-quarter", f"Last quarter ({last.label})", last.start, last.end),
        Period("12-months", "Last 12 months", back + datetime.timedelta(days=1), today),
        Period("this-year", f"This year ({today.year})", *_days(year(today.year))),
        Period("last-year", f"Last year ({today.year - 1})", *_days(year(today.year - 1))),
    ]


def day(text: str) -> datetime.date | None:
    """The day written like `2026-03-31`; None for anything else."""
    if not DAY.fullmatch(text) or not text.isascii():
        return None
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def parse(text: str, today: datetime.date) -> Period | None:
    """The period of that name, or like `2026-Q3` or `2026`; None for anything else."""
    for period in choices(today):
        if period.key == text:
            return period
    if found := QUARTER.fullmatch(text):
        number = int(found[1])
        return quarter(number, int(found[2])) if FIRST_YEAR <= number <= LAST_YEAR else None
    if MONTH.fullmatch(text) and (first := day(f"{text}-01")):
        return month(first)
    if YEAR.fullmatch(text) and text.isascii() and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return year(int(text))
    return None


def _days(period: Period) -> tuple[datetime.date, datetime.date]:
    return period.start, period.end
