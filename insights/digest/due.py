"""Whose Monday morning it is: their weekly mails go into the outbox, each once for a week."""

import datetime
import logging
import zoneinfo

from django.db import transaction
from django.utils import timezone

from insights.digest.content import READERS, write
from insights.digest.links import off_address
from people.models import User
from presales import outbox
from presales.models import OutboxMail

logger = logging.getLogger(__name__)
KIND = "digest"
HOUR = 7
"""From this hour on, by the person's own clock, until the Monday is over: a worker that slept catches up."""


def key_of(user: User, monday: datetime.date) -> str:
    """The cause of a mail: this person, this week."""
    year, week, _ = monday.isocalendar()
    return f"{KIND}:{user.pk}:{year}-W{week:02d}"


def post_due(now: datetime.datetime | None = None) -> int:
    """Write the mails of everybody for whom it is Monday from HOUR on and who has none of this week; how many.

    Each in a transaction of its own: what goes wrong with one keeps nobody else from theirs, fails the run at its end,
    and is tried again at the next.
    """
    now = now or timezone.now()
    wanting = User.objects.active().filter(weekly_mail=True, role__in=READERS).order_by()
    mornings = {}
    for name in wanting.values_list("time_zone", flat=True).distinct():
        local = now.astimezone(zoneinfo.ZoneInfo(name))
        if local.weekday() == 0 and local.hour >= HOUR:
            mornings[name] = local.date()
    owed = {key_of(user, mornings[user.time_zone]): user for user in wanting.filter(time_zone__in=mornings)}
    there = set(OutboxMail.objects.filter(key__in=owed).values_list("key", flat=True))
    todo = [(key, user) for key, user in sorted(owed.items()) if key not in there]
    failures: list[Exception] = []
    for key, user in todo:
        try:
            _post(key, user, mornings[user.time_zone])
        except Exception as error:
            logger.exception("the weekly mail of user %d could not be written", user.pk)
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some weekly mails could not be written.", failures)
    return len(todo)


def _post(key: str, user: User, monday: datetime.date) -> None:
    with transaction.atomic(), timezone.override(zoneinfo.ZoneInfo(user.time_zone)):
        mail = write(user, monday - datetime.timedelta(days=1))
        off = off_address(user)
        headers = {"List-Unsubscribe": f"<{off}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        outbox.post([
            OutboxMail(
                key=key, kind=KIND, to=user.email, subject=mail.subject, text=mail.text(), html=mail.html(),
                headers=headers,
            )
        ])  # fmt: skip


def still_wanted(mails: list[int]) -> set[int]:
    """Those of the mails (by key in the outbox) that may still leave: their reader is here and wants it."""
    keys = dict(OutboxMail.objects.filter(pk__in=mails).values_list("pk", "key"))
    readers = {pk: int(key.split(":")[1]) for pk, key in keys.items()}
    wanting = User.objects.active().filter(weekly_mail=True, role__in=READERS, pk__in=readers.values())
    there = set(wanting.values_list("pk", flat=True))
    return {pk for pk, reader in readers.items() if reader in there}


outbox.wanted[KIND] = still_wanted
