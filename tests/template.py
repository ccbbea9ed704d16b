"""The migrated database that every test database is a copy of.

Applying all migrations takes most of a minute, copying a database no time. The copy's name says which migrations it
came from, so that another checkout of them makes another; processes that start side by side wait for one another.
"""

import contextlib
import fcntl
import hashlib

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

PREFIX = "presales_template_"


def migrations_of_today():
    """What tells these migrations from others: those of the rooms by their text, the rest by Django's version."""
    digest = hashlib.sha256(django.__version__.encode())
    for config in apps.get_app_configs():
        folder = settings.BASE_DIR / config.name.replace(".", "/") / "migrations"
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    digest.update((settings.BASE_DIR / "requirements.txt").read_bytes())
    return digest.hexdigest()[:16]


def template():
    """The name of a database with all migrations applied; made if it is not there yet, the former ones dropped."""
    name = PREFIX + migrations_of_today()
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with open(settings.VAR_DIR / ".template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
            there = {row[0] for row in cursor.fetchall()}
            if name in there:
                return name
            for former in there:
                cursor.execute(f'DROP DATABASE IF EXISTS "{former}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}_making"')
        with other_database(f"{name}_making"):
            call_command("migrate", verbosity=0, interactive=False)
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
    return name


@contextlib.contextmanager
def other_database(name):
    """Django works on the database `name` meanwhile."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
