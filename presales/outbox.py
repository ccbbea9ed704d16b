"""Mail that leaves once: written with its cause, sent by the worker.

A cause writes its mail in its own transaction (`post`), under a key that names the cause: the second time the key is
there already. The worker takes mail in three steps, none of which holds a transaction while the server is spoken to:

1. it marks some waiting mails as being sent, and calls off those that are not wanted any more (`wanted`);
2. it hands each to the mail server;
3. it marks each as sent, or to be tried again later.

A worker that dies in step 2 leaves mails of which nobody knows whether the server took them. Where the mail backend
says that repeating changes nothing (`repeats_itself`), they are sent again; otherwise they are not, since nobody gets
the same mail twice, and an admin is shown them.
"""

import datetime
import hashlib
import logging
import smtplib
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from presales.models import OutboxMail
from presales.set_aside import Kind, register

logger = logging.getLogger(__name__)
State = OutboxMail.State

BATCH = 25  # with EMAIL_TIMEOUT seconds for each, still within the time limit of the task
MAX_ATTEMPTS = 5
FIRST_WAIT = datetime.timedelta(minutes=1)  # doubled with every attempt
LEASE = datetime.timedelta(minutes=10)  # longer than the time limit of the task

wanted: dict[str, Callable[[list[int]], set[int]]] = {}
"""By kind of mail: which of these mails (by key of the row) are still to be sent."""


def message_id(key: str) -> str:
    """The Message-ID of the mail under `key`, always the same."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{hashlib.sha256(f'{settings.SITE_URL}:{key}'.encode()).hexdigest()[:40]}@{host}>"


def post(mails: list[OutboxMail]) -> dict[str, int]:
    """Write mails that are owed, in the transaction of their causes; the rows by key, those there before included."""
    OutboxMail.objects.bulk_create(mails, ignore_conflicts=True)
    keys = [one.key for one in mails]
    return dict(OutboxMail.objects.filter(key__in=keys).values_list("key", "pk"))


def send(now: datetime.datetime | None = None, limit: int = BATCH) -> int:
    """Send up to `limit` mails that are due; how many were due, those called off among them."""
    now = now or timezone.now()
    _look_after_the_lost(now)
    due, taken = _take(now, limit)
    if taken:
        # One connection for all; where it cannot be had, each mail says so.
        connection = mail.get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            logger.warning("the mail server cannot be reached: %s", type(error).__name__)
        try:
            for row in taken:
                _hand_over(row, connection)
        finally:
            connection.close()
    return due


@transaction.atomic
def _take(now: datetime.datetime, limit: int) -> tuple[int, list[OutboxMail]]:
    due = OutboxMail.objects.waiting().filter(next_try_at__lte=now).order_by("next_try_at", "pk")
    rows = list(due.select_for_update(skip_locked=True)[:limit])
    keep = {row.pk for row in rows}
    for kind in {row.kind for row in rows} & wanted.keys():
        asked = [row.pk for row in rows if row.kind == kind]
        keep -= set(asked) - wanted[kind](asked)
    called_off = [row.pk for row in rows if row.pk not in keep]
    OutboxMail.objects.filter(pk__in=called_off).update(state=State.CANCELLED)
    OutboxMail.objects.filter(pk__in=keep).update(state=State.SENDING, taken_at=now, attempts=F("attempts") + 1)
    return len(rows), [row for row in rows if row.pk in keep]


def _hand_over(row: OutboxMail, connection: object) -> None:
    headers = {**row.headers, "Message-ID": message_id(row.key)}
    message = mail.EmailMultiAlternatives(row.subject, row.text, to=[row.to], headers=headers, connection=connection)
    if row.html:
        message.attach_alternative(row.html, "text/html")
    ours = OutboxMail.objects.filter(pk=row.pk, state=State.SENDING)
    try:
        message.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        logger.warning("mail %d was not taken: %s", row.pk, type(error).__name__)
        tries = row.attempts + 1
        ours.update(
            state=State.FAILED if tries >= MAX_ATTEMPTS else State.WAITING,
            next_try_at=timezone.now() + FIRST_WAIT * 2**tries,
            last_error=f"{type(error).__name__}: {error}"[:500],
        )
    else:
        ours.update(state=State.SENT, sent_at=timezone.now(), last_error="")


def _look_after_the_lost(now: datetime.datetime) -> None:
    """Mails that a worker held when it died."""
    lost = OutboxMail.objects.filter(state=State.SENDING, taken_at__lte=now - LEASE)
    if getattr(mail.get_connection(), "repeats_itself", False):
        lost.update(state=State.WAITING)
    else:
        lost.update(state=State.UNSURE, last_error="The worker died while it was being sent.")


def retry() -> int:
    """Try again what was given up, by an admin's word; how many."""
    return OutboxMail.objects.given_up().update(state=State.WAITING, attempts=0, next_try_at=timezone.now())


register(Kind("presales-outbox", "mails", lambda: OutboxMail.objects.given_up(), retry))
