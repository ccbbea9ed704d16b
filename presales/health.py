"""Whether this installation can work: what `/readyz` asks, and the worker's sign of life."""

import contextlib
import time
from collections.abc import Callable, Iterator

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.utils import timezone

from presales.set_aside import derived_models

HEARTBEAT = "worker-heartbeat"
HEARTBEAT_EVERY = 30.0  # seconds
HEARTBEAT_LATE = 120.0


def beat() -> None:
    """Note that a worker took a message just now; forgotten by itself when no more come."""
    cache.set(HEARTBEAT, time.time(), timeout=24 * 3600)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations are not applied" if missing else ""


@contextlib.contextmanager
def _redis_client() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        yield client
    finally:
        client.close()


def _redis() -> str:
    with _redis_client() as client:
        client.ping()
    return ""


def _worker() -> str:
    age = heard_of_worker()
    if age is None:
        return "no worker was heard of"
    return f"the worker was last heard of {age:.0f} seconds ago" if age > HEARTBEAT_LATE else ""


def heard_of_worker() -> float | None:
    """Seconds since a worker took a message; None where none was ever heard of, or Redis is away."""
    seen = cache.get(HEARTBEAT)
    return None if seen is None else time.time() - seen


def waiting_messages() -> int | None:
    """How many messages wait for a worker; None while Redis is away."""
    try:
        with _redis_client() as client:
            return client.llen(settings.CELERY_TASK_DEFAULT_QUEUE)
    except (redis.RedisError, OSError):
        return None


REQUIRED: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations}
# Without these pages still answer and writes succeed, so a balancer must not take the server away.
DEGRADED: dict[str, Callable[[], str]] = {"redis": _redis, "worker": _worker}


def _ask(checks: dict[str, Callable[[], str]]) -> dict[str, str]:
    answers = {}
    for name, check in checks.items():
        try:
            answers[name] = check()
        except (DatabaseError, redis.RedisError, OSError) as error:
            answers[name] = type(error).__name__
    return answers


def problems() -> tuple[dict[str, str], dict[str, str]]:
    """What is wrong, by check, empty where nothing is: first what pages need, then what only jobs need."""
    return _ask(REQUIRED), _ask(DEGRADED)


def stale_rows() -> dict[str, dict[str, float]]:
    """How many derived rows wait for the worker, how many were set aside, and how long the oldest is overdue.

    A row whose input changed carries no time of that change; what can be told is how long its last
    computation is ago.
    """
    now = timezone.now()
    result = {}
    for model in derived_models():
        stale = model.objects.stale(now)
        oldest = stale.order_by(F("computed_at").asc(nulls_last=True)).values_list("computed_at", flat=True).first()
        result[model._meta.label_lower] = {
            "stale": stale.count(),
            "set_aside": model.objects.set_aside().count(),
            "seconds_since_oldest_computation": (now - oldest).total_seconds() if oldest else 0.0,
        }
    return result
