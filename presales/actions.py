"""The frame around every domain action: one transaction, retried on deadlock, named in the history."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import pghistory
from django.db import OperationalError, transaction
from psycopg2 import errorcodes

P = ParamSpec("P")
R = TypeVar("R")
RETRIED = {errorcodes.SERIALIZATION_FAILURE, errorcodes.DEADLOCK_DETECTED, errorcodes.LOCK_NOT_AVAILABLE}
ATTEMPTS = 3


@contextlib.contextmanager
def history_context(**metadata: object) -> Iterator[None]:
    """Put `metadata` on the history rows written inside, and only on those.

    pghistory keeps one set of metadata per outermost context, so it is put back on leaving.
    """
    with pghistory.context() as frame:
        before = dict(frame.metadata)
        frame.metadata.update(metadata)
        try:
            yield
        finally:
            frame.metadata.clear()
            frame.metadata.update(before)


def action(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function(actor, …)` in one transaction; retry it up to three times on deadlock.

    The first argument is the acting user (None for a job). History rows written inside carry the
    actor, the action's name and, where the action has one, its `reason`. Inside an outer
    transaction nothing is retried, since only the outermost can start again.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        actor = args[0]
        context = {"action": function.__name__, "reason": str(kwargs.get("reason") or "")}
        if actor is not None:
            context["user"] = actor.pk
        for attempt in range(1, ATTEMPTS + 1):
            nested = transaction.get_connection().in_atomic_block
            try:
                with history_context(**context), transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                code = getattr(error.__cause__, "pgcode", None)
                if nested or code not in RETRIED or attempt == ATTEMPTS:
                    raise
                time.sleep(0.05 * attempt)
        raise AssertionError("unreachable")

    return wrapper
