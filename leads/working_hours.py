"""Working time: Monday to Friday, nine to five, on the clock of whoever has to answer."""

import datetime
import zoneinfo

OPENS = datetime.time(9)
CLOSES = datetime.time(17)
HOURS_A_DAY = 8
UTC = datetime.UTC


def add_working_hours(start: datetime.datetime, hours: float, zone: str = "UTC") -> datetime.datetime:
    """The moment when `hours` working hours have passed since `start`, in UTC.

    Hours count on the wall clock of the IANA time zone `zone`, so a working day stays nine to five
    through changes of daylight saving. Time outside working hours does not count; a deadline that
    falls on closing time is closing time, not the next morning.
    """
    local = start.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
    left = datetime.timedelta(hours=hours)
    moment = _next_open(local)
    while True:
        closing = datetime.datetime.combine(moment.date(), CLOSES)
        if moment + left <= closing:
            moment += left
            break
        left -= closing - moment
        moment = _next_open(closing)
    return moment.replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def working_hours_between(start: datetime.datetime, end: datetime.datetime, zone: str = "UTC") -> float:
    """How many working hours lie between `start` and `end`; 0 where `end` is not later."""
    zoned = zoneinfo.ZoneInfo(zone)
    first, last = (moment.astimezone(zoned).replace(tzinfo=None) for moment in (start, end))
    total = datetime.timedelta()
    day = first.date()
    while day <= last.date():
        if day.weekday() < 5:
            opens = max(first, datetime.datetime.combine(day, OPENS))
            closes = min(last, datetime.datetime.combine(day, CLOSES))
            total += max(closes - opens, datetime.timedelta())
        day += datetime.timedelta(days=1)
    return total / datetime.timedelta(hours=1)


def _next_open(local: datetime.datetime) -> datetime.datetime:
    """`local` itself inside working hours, else the next opening."""
    if local.time() >= CLOSES:
        local = datetime.datetime.combine(local.date() + datetime.timedelta(days=1), OPENS)
    elif local.time() < OPENS:
        local = datetime.datetime.combine(local.date(), OPENS)
    while local.weekday() >= 5:
        local = datetime.datetime.combine(local.date() + datetime.timedelta(days=1), OPENS)
    return local
