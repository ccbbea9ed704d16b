"""Everything that is stale, brought up to date. Runs every minute; finds what lost messages and killed workers left."""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError
from django.utils import timezone

from leads.scoring import engine
from leads.scoring.rules import Ruleset
from presales.actions import ATTEMPTS, RETRIED
from presales.jobs import session_lock

# How often a sweep comes back for what others hold: about eight seconds in all.
PASSES = 12


@dataclass
class Swept:
    """What one sweep did."""

    leads: int = 0
    ranges: int = 0
    finished: bool = True


def sweep(now: datetime.datetime | None = None, seconds: float | None = None) -> Swept:
    """Score stale leads and ranges until none is left or `seconds` have passed; only one sweep works at a time.

    Leads that somebody just changed come before each range, so they never wait for a whole rescore.
    """
    done = Swept()
    deadline = None if seconds is None else time.monotonic() + seconds
    with session_lock("leads.scoring.sweep") as locked:
        if not locked:
            return Swept(finished=False)
        engine.prepare(now or timezone.now())
        for attempt in range(PASSES):
            _pass(done, now, deadline)
            if done.finished or _over(deadline):
                break
            # Another worker has what is left, or one that was killed and whose connection is just being noticed.
            time.sleep(min(0.02 * 2**attempt, 1.0))
        engine.promote_nurtured()
    return done


def _pass(done: Swept, now: datetime.datetime | None, deadline: float | None) -> None:
    done.leads += _changed_leads(now, deadline)
    rules = Ruleset.load()
    for first in engine.behind(now or timezone.now(), rules):
        if _over(deadline):
            break
        _patiently(engine.score_range, first, now, rules)
        done.ranges += 1
        done.leads += _changed_leads(now, deadline)
    done.finished = not engine.anything_left(now or timezone.now())


def _changed_leads(now: datetime.datetime | None, deadline: float | None) -> int:
    scored = 0
    while taken := _patiently(engine.score_stale, now):
        scored += taken
        if _over(deadline):
            break
    return scored


def _patiently(function: Callable[..., int], *args: object) -> int:
    """Call again what lost against somebody's lock; an edit goes first, and the sweep goes on."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return function(*args)
        except OperationalError as error:
            if attempt == ATTEMPTS or getattr(error.__cause__, "pgcode", None) not in RETRIED:
                raise
            time.sleep(0.1 * attempt)
    raise AssertionError("unreachable")


def _over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline
