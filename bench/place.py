"""Where benches run and where their results go."""

import contextlib
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"


def own_database(name: str, *, keep: bool = False, settings: str = "presales.settings") -> None:
    """Set Django up on the database `name` on the server in use, migrated and seeded.

    Args:
        name: of the database; it is dropped first.
        keep: use the one that is there, if there is one.
        settings: the settings module.
    """
    import psycopg2

    os.environ.setdefault("PRESALES_MODE", "demo")
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    from presales import embedded

    url, _ = embedded.urls(Path(os.environ.get("PRESALES_VAR", ROOT / "var")).resolve())
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            if not keep:
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    head, _, query = url.partition("?")
    os.environ["DATABASE_URL"] = head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("seed", verbosity=0)


def bar(what: str, figure: float, limit: float) -> dict:
    """One line of the table of bars: `figure` must not be above `limit`."""
    return {"what": what, "figure": figure, "bar": limit, "holds": figure <= limit}


def told(bars: list[dict]) -> None:
    """Print each bar with its figure, and whether it is missed."""
    for line in bars:
        print(f"{line['what']}: {line['figure']} (at most {line['bar']}){'' if line['holds'] else '  MISSED'}")


def store(name: str, results: dict) -> None:
    """Keep the results of the bench `name` beside those of the others."""
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps({**stored, name: results}, indent=2) + "\n")
