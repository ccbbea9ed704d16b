"""A real Celery worker in a process of its own, on the test's database, to be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def start_worker(**environment: str) -> subprocess.Popen:
    """Start one; it leads a process group of its own."""
    database = connection.settings_dict
    host = database.get("OPTIONS", {}).get("host") or database["HOST"]
    account = quote(database["USER"] or "") + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    place = (
        f"/{database['NAME']}?host={host}" if host.startswith("/") else f"{host}:{database['PORT']}/{database['NAME']}"
    )
    environment = {
        **os.environ,
        "PRESALES_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"postgres://{account}@{place}",
        "REDIS_URL": settings.REDIS_URL,
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "presales", "worker", "-c", "1", "--loglevel", "WARNING",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    """Wait until `condition()` holds, at most so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the worker did nothing"
        time.sleep(0.01)
