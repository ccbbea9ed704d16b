"""Meetings as iCalendar (RFC 5545): CRLF, lines folded at 75 octets, times in UTC, one lasting UID a meeting."""

import datetime
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from deals.models import Meeting

FOLD = 75
"""Octets a line may have, its end apart."""


def calendar(meetings: Iterable[Meeting], name: str) -> bytes:
    """A calendar of `meetings`, whose subject and attendees are read already."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Presales//Meetings//EN", f"X-WR-CALNAME:{escaped(name)}"]
    now = timezone.now()
    for meeting in meetings:
        lines += _event(meeting, now)
    lines.append("END:VCALENDAR")
    return b"".join(folded(line) for line in lines)


def escaped(text: str) -> str:
    """`text` as a TEXT value: back-slash, semicolon, comma and line ends are written out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> bytes:
    """A content line with its end; what is longer than 75 octets goes on after a space, never inside a character."""
    parts, part = [], b""
    for character in line:
        octets = character.encode()
        if len(part) + len(octets) > (FOLD if not parts else FOLD - 1):
            parts.append(part)
            part = b""
        part += octets
    return b"\r\n ".join([*parts, part]) + b"\r\n"


def _utc(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")


def _event(meeting: Meeting, now: datetime.datetime) -> Iterator[str]:
    site = urlsplit(settings.SITE_URL)
    yield "BEGIN:VEVENT"
    yield f"UID:meeting-{meeting.pk}@{site.hostname}"
    yield f"DTSTAMP:{_utc(now)}"
    yield f"SEQUENCE:{meeting.version - 1}"
    yield f"DTSTART:{_utc(meeting.starts_at)}"
    yield f"DTEND:{_utc(meeting.ends_at)}"
    yield f"SUMMARY:{escaped(f'{meeting.get_kind_display()}: {meeting.about}')}"
    yield f"DESCRIPTION:{escaped(_description(meeting))}"
    if meeting.place:
        yield f"LOCATION:{escaped(meeting.place)}"
    yield f"URL:{settings.SITE_URL}{meeting.get_absolute_url()}"
    yield f"STATUS:{'CANCELLED' if meeting.is_cancelled else 'CONFIRMED'}"
    yield "END:VEVENT"


def _description(meeting: Meeting) -> str:
    people = list(meeting.attendees.all())
    named = [f"{person}, {person.title}" if person.title else str(person) for person in people]
    parts = [
        f"Objective: {meeting.objective}",
        meeting.call_to_action and f"Call to action: {meeting.call_to_action}",
        named and "Who comes: " + "; ".join(named),
        meeting.agenda and f"Agenda:\n{meeting.agenda}",
    ]
    return "\n".join(part for part in parts if part)
