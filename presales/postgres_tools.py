"""`pg_dump`, `pg_restore` and `psql`: the fitting ones of what is installed, run against Django's database."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions
from django.db.backends.base.base import BaseDatabaseWrapper

from presales import embedded

LOCK_SECONDS = 10
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# Tables and functions that belong to an extension stay: they are the server's, not ours.
OURS = "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')"
TABLES = f"""
SELECT o.relname FROM pg_class o
 WHERE o.relnamespace = 'public'::regnamespace AND o.relkind IN ('r', 'p') AND {OURS} ORDER BY 1
"""  # noqa: S608
CLEAR = f"""
DO $clear$
DECLARE command text;
BEGIN
    FOR command IN
        SELECT format('DROP %s IF EXISTS public.%I CASCADE', kind, relname)
          FROM pg_class o JOIN (VALUES ('v', 'VIEW', 1), ('m', 'MATERIALIZED VIEW', 1), ('f', 'FOREIGN TABLE', 2),
                   ('r', 'TABLE', 2), ('p', 'TABLE', 2), ('S', 'SEQUENCE', 3)) k(relkind, kind, position)
               ON k.relkind = o.relkind::text
         WHERE o.relnamespace = 'public'::regnamespace AND {OURS}
         ORDER BY position
    LOOP EXECUTE command; END LOOP;
    FOR command IN
        SELECT format('DROP ROUTINE IF EXISTS public.%I(%s) CASCADE', proname, pg_get_function_identity_arguments(oid))
          FROM pg_proc o WHERE pronamespace = 'public'::regnamespace AND {OURS}
    LOOP EXECUTE command; END LOOP;
    FOR command IN
        SELECT format('DROP TYPE IF EXISTS public.%I CASCADE', typname)
          FROM pg_type o WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd') AND {OURS}
    LOOP EXECUTE command; END LOOP;
END $clear$;
"""  # noqa: S608  no part of it comes from outside
VERIFY = """
DO $verify$
DECLARE wanted record; found bigint;
BEGIN
    FOR wanted IN SELECT * FROM presales_expected LOOP
        IF to_regclass(format('public.%I', wanted.name)) IS NULL THEN
            RAISE EXCEPTION 'the table % did not come back', wanted.name;
        END IF;
        EXECUTE format('SELECT count(*) FROM public.%I', wanted.name) INTO found;
        IF found <> wanted.rows THEN
            RAISE EXCEPTION 'the table % has % rows, the backup says %', wanted.name, found, wanted.rows;
        END IF;
    END LOOP;
END $verify$;
"""


class ToolError(Exception):
    """PostgreSQL or one of its tools refused, in a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Tools:
    """One installation of PostgreSQL's client programs."""

    folder: Path
    major: int

    def command(self, name: str, *arguments: str) -> list[str]:
        return [str(self.folder / name), *arguments]


def tools(at_least: int) -> Tools:
    """The client programs of the lowest version that is not below `at_least`; newer ones write what older cannot read.

    Raises:
        ToolError: none is installed.
    """
    folders = [*map(Path, os.environ.get("PATH", "").split(os.pathsep)), *embedded.client_folders()]
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    found = []
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("pg_dump", "pg_restore", "psql")):
            major = _major(folder / "pg_dump")
            if major >= at_least:
                found.append(Tools(folder, major))
    if not found:
        raise ToolError(
            f"pg_dump, pg_restore and psql of PostgreSQL {at_least} or newer are needed and were not found in the "
            f"PATH. On Debian: apt-get install postgresql-client-{at_least}"
        )
    return min(found, key=lambda each: each.major)


def _major(program: Path) -> int:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    match = re.search(r"\) (\d+)", shown.stdout)
    return int(match[1]) if match else 0


@contextlib.contextmanager
def session(database: BaseDatabaseWrapper) -> Iterator[psycopg2.extensions.connection]:
    """A connection of its own to the database that `database` names, without the site's time limits.

    Raises:
        ToolError: it cannot be reached.
    """
    try:
        connection = psycopg2.connect(**_parameters(database))
    except psycopg2.OperationalError as error:
        raise ToolError(f"The database cannot be reached: {_last_line(str(error))}") from error
    with contextlib.closing(connection):
        yield connection


def tables(cursor: psycopg2.extensions.cursor) -> list[str]:
    """The names of the tables that are there, those of extensions apart."""
    cursor.execute(TABLES)
    return [name for (name,) in cursor.fetchall()]


def dump(database: BaseDatabaseWrapper, chosen: Tools, target: Path, snapshot: str, without: list[str]) -> None:
    """Write the database as `snapshot` sees it to `target`; of the tables `without` only the definition.

    Raises:
        ToolError: pg_dump refused.
    """
    command = chosen.command(
        "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}",
        *(f"--exclude-table-data=public.{name}" for name in without),
    )  # fmt: skip
    done = subprocess.run(command, env=_environment(database), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ToolError(f"pg_dump failed: {_last_line(done.stderr)}")


def load(database: BaseDatabaseWrapper, chosen: Tools, source: Path, rows: Mapping[str, int]) -> None:
    """Replace everything that is there by the dump `source`, in one transaction: all of it or nothing.

    Rows come in before the triggers do, so history is restored and not written anew. The transaction ends only
    if every table then has as many rows as `rows` says.

    Raises:
        ToolError: nothing was changed.
    """
    if wrong := [name for name in rows if not NAME.fullmatch(name)]:
        raise ToolError(f"The backup names a table {wrong[0]!r}, which is none of Presales.")
    expected = "".join(f"INSERT INTO presales_expected VALUES ('{name}', {int(rows[name])});" for name in rows)  # noqa: S608
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as dump_said:
        psql = subprocess.Popen(  # noqa: S603
            chosen.command("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"),
            env=_environment(database), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
        reader = subprocess.Popen(  # noqa: S603
            chosen.command("pg_restore", "--no-owner", "--no-privileges", "--file=-", str(source)),
            stdout=subprocess.PIPE, stderr=dump_said,
        )  # fmt: skip
        try:
            # Where psql has already given up, what it said tells why.
            with contextlib.suppress(BrokenPipeError):
                psql.stdin.write(f"BEGIN; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; {CLEAR}".encode())
                shutil.copyfileobj(reader.stdout, psql.stdin, 1 << 20)
                if reader.wait() == 0:
                    psql.stdin.write(
                        b"CREATE TEMPORARY TABLE presales_expected (name text, rows bigint) ON COMMIT DROP;"
                        + expected.encode()
                        + VERIFY.encode()
                        + b"COMMIT;\n\\set ON_ERROR_STOP off\nANALYZE;\n"
                    )
        finally:
            # Without its COMMIT, the end of the input takes everything back.
            with contextlib.suppress(BrokenPipeError):
                psql.stdin.close()
            reader.stdout.close()
            reader.wait()
            psql.wait()
        if psql.returncode:
            raise ToolError(_explained(_text(said)))
        if reader.returncode:
            raise ToolError(f"pg_restore cannot read the dump: {_last_line(_text(dump_said))}")


def _explained(said: str) -> str:
    if "lock timeout" in said:
        return "Somebody is using the database. Stop web, worker and beat, then restore again."
    errors = [line.partition("ERROR:")[2].strip() for line in said.splitlines() if "ERROR:" in line]
    return f"PostgreSQL refused: {errors[0] if errors else _last_line(said)}"


def _text(file: object) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def _parameters(database: BaseDatabaseWrapper) -> dict[str, object]:
    parameters = {name: value for name, value in database.get_connection_params().items() if name != "cursor_factory"}
    return parameters | {"options": "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"}


def _environment(database: BaseDatabaseWrapper) -> dict[str, str]:
    """The database for the programs, by variables: the list of processes shows no password."""
    parameters = _parameters(database)
    password = str(parameters.pop("password", "") or "")
    service = {"dbname": "PGDATABASE", "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "options": "PGOPTIONS"}
    named = {service.get(name, f"PG{name.upper()}"): str(value) for name, value in parameters.items() if value}
    return {**os.environ, **named, **({"PGPASSWORD": password} if password else {})}
