"""Calendar quarters, named by their first day."""

import datetime


def quarter_start(day: datetime.date) -> datetime.date:
    """The first day of the quarter that `day` is in."""
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def shifted(start: datetime.date, by: int) -> datetime.date:
    """The first day of the quarter `by` quarters after the one that begins on `start`."""
    months = start.year * 12 + start.month - 1 + 3 * by
    return datetime.date(months // 12, months % 12 + 1, 1)


def label(start: datetime.date) -> str:
    """`Q3 2026`."""
    return f"Q{(start.month + 2) // 3} {start.year}"


def around(today: datetime.date, back: int = 4, ahead: int = 4) -> list[tuple[str, str]]:
    """Choices from `back` quarters before the one of `today` to `ahead` after it: first day and label."""
    this = quarter_start(today)
    return [(str(start), label(start)) for start in (shifted(this, by) for by in range(-back, ahead + 1))]


def parse(text: str, today: datetime.date) -> datetime.date:
    """The quarter whose first day is written in `text`; for anything else that of `today`."""
    return datetime.date.fromisoformat(text) if text in dict(around(today)) else quarter_start(today)
