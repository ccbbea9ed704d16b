"""Waking the worker without ever depending on it.

Rows that need work are marked stale in the transaction that changed them and a sweep finds them, so
a message is only a nudge: losing one costs minutes, never correctness. Sending it therefore neither
fails nor delays a request, whatever state Redis is in.
"""

import contextlib
import contextvars
import logging
import time
from collections.abc import Iterator

from celery import Task
from django.db import connection, transaction

logger = logging.getLogger(__name__)

BREAK_SECONDS = 15.0
_silent_until = 0.0
_silenced = contextvars.ContextVar("silenced", default=False)


def nudge(task: Task, *args: object) -> None:
    """Send `task(*args)` after the transaction commits. A failure is logged and stops sending for a while."""
    if not _silenced.get():
        transaction.on_commit(lambda: _send(task, args), robust=True)


@contextlib.contextmanager
def without_nudges() -> Iterator[None]:
    """Send none for what happens inside, and leave it to the sweep: for commands that change thousands of rows."""
    token = _silenced.set(True)
    try:
        yield
    finally:
        _silenced.reset(token)


def _send(task: Task, args: tuple) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        task.apply_async(args, retry=False, expires=600)
    except Exception as error:
        _silent_until = time.monotonic() + BREAK_SECONDS
        logger.warning("nudge failed, leaving it to the sweep: %s: %s", task.name, type(error).__name__)


def advisory_lock(name: str) -> bool:
    """Take the transaction-level advisory lock `name`; False if another process holds it.

    Call inside a transaction; PostgreSQL releases it at its end.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"presales:{name}"])
        return cursor.fetchone()[0]


@contextlib.contextmanager
def session_lock(name: str) -> Iterator[bool]:
    """Hold the advisory lock `name` over several transactions; gives False where another process holds it.

    The lock belongs to the database connection, so a killed process gives it back.
    """
    key = f"presales:{name}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [key])
        locked = cursor.fetchone()[0]
    try:
        yield locked
    finally:
        if locked and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])
