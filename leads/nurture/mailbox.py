"""Replies out of a mailbox: what is unread there is read, noted on its lead and marked as read, by IMAP.

A mail is marked only after what it led to has been committed. Whoever dies in between reads it again, and the same
Message-ID counts once. A mail that cannot be read is flagged for a person and never stands in the way of others.
Nothing of a mail is trusted: its beginning is fetched and no more, and of that its sender, the mails it answers and
its text are kept.
"""

import imaplib
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import InterfaceError, OperationalError

from leads.actions.nurture_answers import replied
from leads.nurture.mails import Reply, read
from presales.mailbox import Mailbox

logger = logging.getLogger(__name__)

SECONDS = 15  # for each word with the server
AT_ONCE = 100
LONGEST_RUN = 45.0
BYTES = 512 * 1024  # of each mail; text comes before what is attached


def read_replies(clock: Callable[[], float] = time.monotonic) -> dict[str, int]:
    """Go through what is unread, at most AT_ONCE mails and LONGEST_RUN seconds; how many were replies, nobody's or not
    to be read.

    Raises:
        OSError, imaplib.IMAP4.error: the server is away or refuses; what was read until then is noted and marked.
        OperationalError: the database is away; the mail in hand stays unread.
    """
    counted = {"replies": 0, "others": 0, "unreadable": 0}
    if settings.REPLY_MAILBOX is None:
        return counted
    until = clock() + LONGEST_RUN
    with _open(settings.REPLY_MAILBOX) as server:
        for number in _unread(server)[:AT_ONCE]:
            if clock() > until:
                break
            content = _fetch(server, number)
            if content is not None:  # else it was taken away meanwhile
                what = _note(content)
                counted[what] += 1
                _mark(server, number, r"(\Seen \Flagged)" if what == "unreadable" else r"(\Seen)")
    return counted


def _note(content: bytes) -> str:
    """What became of a mail: one of the three that are counted."""
    try:
        reply = read(content)
        return "replies" if reply is not None and _replied(reply) else "others"
    except (OperationalError, InterfaceError):
        raise  # the database, not the mail
    except Exception as error:
        # Whatever a mail is made of, the next one is to be read. What it says belongs into no log.
        logger.warning("a mail could not be read and was flagged: %s", type(error).__name__)
        return "unreadable"


def _replied(reply: Reply) -> bool:
    lead = replied(
        None, sender=reply.sender, references=reply.references, message=reply.message, subject=reply.subject,
        text=reply.text,
    )  # fmt: skip
    return lead is not None


@contextmanager
def _open(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    secure = ssl.create_default_context()
    if mailbox.scheme == "imaps":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=secure, timeout=SECONDS)
    else:
        server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=SECONDS)
    with server:  # logs out
        if mailbox.scheme == "imap+starttls":
            server.starttls(secure)
        server.login(mailbox.user, mailbox.password)
        # Quoted by hand: imaplib sends names as they are.
        folder = mailbox.folder.replace("\\", "\\\\").replace('"', '\\"')
        _expect(server.select(f'"{folder}"'))
        yield server


def _unread(server: imaplib.IMAP4) -> list[str]:
    """The lasting numbers of unread mails, oldest first."""
    (found,) = _expect(server.uid("SEARCH", "UNSEEN"))[:1] or [b""]
    return sorted((number.decode() for number in (found or b"").split() if number.isdigit()), key=int)


def _fetch(server: imaplib.IMAP4, number: str) -> bytes | None:
    for part in _expect(server.uid("FETCH", number, f"(BODY.PEEK[]<0.{BYTES}>)")):
        if isinstance(part, tuple):
            return part[1][:BYTES]
    return None


def _mark(server: imaplib.IMAP4, number: str, flags: str) -> None:
    _expect(server.uid("STORE", number, "+FLAGS.SILENT", flags))


def _expect(answer: tuple[str, list]) -> list:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(f"the mailbox answered {answer[0]}")
    return answer[1]
