"""Web server, worker and beat in the foreground of one terminal: what `make run` starts."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command, get_commands

STOP_SECONDS = 20


class Stop(Exception):
    """Somebody asked the installation to stop."""


def run(port: int | None = None) -> int:
    """Prepare the database and the static files, start the three processes, wait; the exit code.

    Stops all of them on Ctrl-C, on SIGTERM, or when one ends by itself.
    """
    try:
        port = port or int(os.environ.get("PORT") or 8000)
    except ValueError:
        return _fail(f"PORT is {os.environ['PORT']!r}; it must be a number, e.g. make run PORT=8001")
    if not 0 < port < 65536:
        return _fail(f"PORT is {port}; it must be between 1 and 65535.")
    if not _free(port):
        return _fail(f"Port {port} is taken by another program. Choose another: make run PORT={port + 1}")
    signal.signal(signal.SIGTERM, _stop)
    _count_together()
    try:
        _prepare()
        return _supervise(commands(port), port)
    except (Stop, KeyboardInterrupt):
        _say("Stopped.")
        return 0


def _count_together() -> None:
    """Where the web processes count how long requests took, for `/metrics` to add up; from nought at every start."""
    counts = settings.VAR_DIR / "metrics"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)


def _say(text: str) -> None:
    print(f"presales | {text}", flush=True)  # noqa: T201  this is the terminal's conversation


def _fail(text: str) -> int:
    _say(text)
    return 1


def _stop(*_: object) -> None:
    raise Stop


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _prepare() -> None:
    _say("Preparing the database")
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed", verbosity=0)
    if settings.IS_DEMO and "load_demo" in get_commands():
        call_command("load_demo")
    collect_static()


def collect_static() -> None:
    """Hash and compress the static files, if any source changed since the last time."""
    sources = [settings.BASE_DIR / "static", settings.BASE_DIR / "package-lock.json"]
    sources.append(settings.BASE_DIR / "requirements.txt")
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file():
                digest.update(str(path.relative_to(settings.BASE_DIR)).encode() + path.read_bytes())
    stamp = Path(settings.STATIC_ROOT) / ".digest"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    _say("Collecting the static files")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest.hexdigest())


def commands(port: int) -> dict[str, list[str]]:
    """The three processes of an installation: web server, worker and beat."""
    celery = [sys.executable, "-m", "celery", "-A", "presales"]
    return {
        "web": [
            sys.executable, "-m", "gunicorn", "presales.wsgi", "--bind", f"127.0.0.1:{port}",
            "--workers", "2", "--threads", "8", "--timeout", "60", "--log-level", "warning",
            "--no-control-socket",
        ],
        "worker": [
            *celery, "worker", "--loglevel", "warning", "--concurrency", "2", "--without-gossip", "--without-mingle",
        ],
        "beat": [*celery, "beat", "--loglevel", "warning", "--pidfile", ""],
    }  # fmt: skip


def _supervise(commands: dict[str, list[str]], port: int) -> int:
    processes = {}
    try:
        for name, command in commands.items():
            processes[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603  fixed commands
        _wait_for_page(port, processes)
        _welcome(port)
        while True:
            for name, process in processes.items():
                if process.poll() is not None:
                    _say(f"The {name} process ended by itself (exit code {process.returncode}); stopping the rest.")
                    return 1
            time.sleep(0.5)
    finally:
        _stop_all(processes)


def _wait_for_page(port: int, processes: dict[str, subprocess.Popen]) -> None:
    for _ in range(300):
        if any(process.poll() is not None for process in processes.values()):
            return
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _welcome(port: int) -> None:
    _say("")
    _say(f"Presales is running at http://localhost:{port}")
    if settings.IS_DEMO:
        _say("Sign in with any of these; the password is demo-presales")
        _say("  ae@demo.example  se@demo.example  manager@demo.example  marketing@demo.example  admin@demo.example")
    _say("Ctrl-C stops everything.")


def _stop_all(processes: dict[str, subprocess.Popen]) -> None:
    """SIGTERM to all, then SIGKILL to the process groups that did not end in time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half of them running
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
