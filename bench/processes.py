"""The product's own processes, started for a bench or a test on the database in use, and people signed in there."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from bench.place import ROOT

CSRF_TOKEN = "bench" * 6 + "ok"  # any 32 letters; cookie and header have to agree


def database_url() -> str:
    """The address of the database that Django is connected to, a test's own one included."""
    from django.db import connection

    database = connection.settings_dict
    host = database.get("OPTIONS", {}).get("host") or database["HOST"]
    account = quote(database["USER"] or "") + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    if host.startswith("/"):
        return f"postgres://{account}@/{database['NAME']}?host={host}"
    return f"postgres://{account}@{host}:{database['PORT']}/{database['NAME']}"


def environment() -> dict[str, str]:
    """What a child process needs to work on the same database and the same Redis, with the same settings."""
    from django.conf import settings

    return {**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL,
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "PRESALES_MODE": settings.MODE,
            "LOG_LEVEL": "ERROR"}  # fmt: skip


def start_worker(concurrency: int = 1) -> subprocess.Popen:
    """A Celery worker in a process group of its own, so that one signal reaches all of it."""
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "presales", "worker", "-c", str(concurrency), "--loglevel", "WARNING",
         "--without-gossip", "--without-mingle", "--without-heartbeat"],
        cwd=ROOT, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def end(process: subprocess.Popen, how: signal.Signals = signal.SIGTERM) -> None:
    """Signal the whole group of `process` and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    process.wait(30)


@contextlib.contextmanager
def web_server() -> Iterator[int]:
    """The web server as `make run` starts it, on a free port; gives the port once it answers.

    What it logs goes to `var/bench-web.log`.
    """
    from django.conf import settings

    from presales import runner

    if settings.MODE != "test":
        runner.collect_static()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(settings.VAR_DIR / "bench-web.log", "wb") as log:
        server = subprocess.Popen(
            runner.commands(port)["web"], cwd=ROOT, env=environment(), start_new_session=True, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 30
        while True:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the web server did not start")
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            time.sleep(0.1)
        yield port
    finally:
        end(server)


def cookies(people: Iterable) -> list[str]:
    """The `Cookie` header of a signed-in session for each of `people`."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    made = []
    for person in people:
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        made.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={CSRF_TOKEN}")
    return made
