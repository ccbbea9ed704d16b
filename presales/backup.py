"""Backup and restore: database and uploaded files in one tar file, with a manifest that says what must be in it.

The file holds `database.dump` (pg_dump's custom format), `media/…`, and last `manifest.json` with the format, the
migrations, the rows of every table and a checksum of every file. The counts and the dump come from one snapshot.
"""

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.cache import cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from presales import postgres_tools
from presales.postgres_tools import ToolError

FORMAT = 1
PATTERN = "presales-*.tar"
DUMP, MEDIA, MANIFEST = "database.dump", "media/", "manifest.json"
# Signed-in sessions stay out: a backup signs nobody in, and an old one must not revive what was signed out since.
WITHOUT_ROWS = ["django_session"]


class BackupError(Exception):
    """A backup that cannot be made or restored, in a sentence for the person at the terminal."""


class FilesNotRestored(BackupError):
    """The database is restored, but the uploaded files could not be put in their place."""


@dataclass
class Done:
    """What a backup or a restore did."""

    path: Path
    tables: int
    rows: int
    files: int
    bytes: int
    missing_migrations: int = 0


def folder() -> Path:
    """Where backups go unless somebody says otherwise."""
    return settings.VAR_DIR / "backups"


def stored(where: Path) -> list[Path]:
    """The backups in the folder `where`, the oldest first."""
    return sorted(where.glob(PATTERN))


def prune(where: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups in the folder `where`; those deleted."""
    old = stored(where)[:-keep]
    for path in old:
        path.unlink()
    return old


# -- making -----------------------------------------------------------------------------------------


def make(target: Path, database: BaseDatabaseWrapper, media: Path) -> Done:
    """Write a backup to `target`, a folder or the name of a new file; it appears there only when it is whole.

    Raises:
        BackupError: there is none.
    """
    if target.is_dir() or not target.suffix:
        target = target / f"presales-{timezone.now():%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise BackupError(f"{target} exists already; choose another name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as scratch:
            dump = Path(scratch, DUMP)
            part = Path(scratch, target.name)
            manifest = _dump(database, dump)
            with tarfile.open(part, "x", format=tarfile.PAX_FORMAT) as archive:
                files = {DUMP: _add(archive, DUMP, dump)}
                dump.unlink()
                for path in _files(media):
                    name = MEDIA + path.relative_to(media).as_posix()
                    files[name] = _add(archive, name, path)
                manifest |= {"files": files}
                _add_manifest(archive, manifest)
            part.chmod(0o600)
            part.rename(target)
    except ToolError as error:
        raise BackupError(str(error)) from error
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"The backup could not be written to {target.parent}: {error}") from error
    return Done(
        target, len(manifest["tables"]), sum(manifest["tables"].values()), len(files) - 1, target.stat().st_size
    )


def _dump(database: BaseDatabaseWrapper, target: Path) -> dict:
    """Dump the database to `target`; the manifest's part about it, of the same snapshot."""
    with postgres_tools.session(database) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000")
        snapshot, server = cursor.fetchone()
        names = postgres_tools.tables(cursor)
        if "django_migrations" not in names:
            raise BackupError("There is nothing to back up: the database has no tables of Presales yet.")
        rows = {}
        for name in names:
            if name not in WITHOUT_ROWS:
                cursor.execute(f'SELECT count(*) FROM public."{name}"')  # noqa: S608  a table's own name
                rows[name] = cursor.fetchone()[0]
        cursor.execute("SELECT app, name FROM public.django_migrations ORDER BY app, name")
        applied = [list(row) for row in cursor.fetchall()]
        chosen = postgres_tools.tools(server)
        postgres_tools.dump(database, chosen, target, snapshot, WITHOUT_ROWS)
    return {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "postgresql": {"server": server, "tools": chosen.major},
        "migrations": applied,
        "tables": rows,
    }


def _files(media: Path) -> Iterator[Path]:
    return (path for path in sorted(media.rglob("*")) if path.is_file() and not path.is_symlink())


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.digest.update(data)
        return data


def _add(archive: tarfile.TarFile, name: str, path: Path) -> dict:
    with path.open("rb") as file:
        info = archive.gettarinfo(arcname=name, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        hashed = _Hashed(file)
        archive.addfile(info, hashed)
    return {"bytes": info.size, "sha256": hashed.digest.hexdigest()}


def _add_manifest(archive: tarfile.TarFile, manifest: dict) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(manifest, indent=1).encode())
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mtime, info.mode = file.tell(), int(timezone.now().timestamp()), 0o600
        file.seek(0)
        archive.addfile(info, file)


# -- restoring --------------------------------------------------------------------------------------


def restore(path: Path, database: BaseDatabaseWrapper, media: Path, *, replace: bool = False) -> Done:
    """Put the backup `path` in the place of database and files; all is checked before anything is touched.

    Args:
        path: of the file that `make` wrote.
        database: the connection to restore into.
        media: the folder of the uploaded files.
        replace: whatever is there goes; without it, there must be nothing.

    Raises:
        BackupError: and database and files are as they were.
    """
    if database.connection is not None:
        database.close()  # an open connection of ours must not stand in the way of the restore
    try:
        manifest = read_manifest(path)
        unknown, missing = _compared(manifest["migrations"])
        if unknown:
            raise BackupError(
                f"{path.name} was made by a newer Presales ({unknown[0]} is unknown here). Update the code first."
            )
        if not replace:
            _require_nothing(database, media)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=_made(settings.VAR_DIR)) as scratch:
            _extract(path, manifest, Path(scratch))
            chosen = postgres_tools.tools(max(_server(database), manifest["postgresql"]["tools"]))
            postgres_tools.load(database, chosen, Path(scratch, DUMP), manifest["tables"])
            try:
                _swap(Path(scratch, MEDIA), media, Path(scratch, "before"))
            except OSError as error:
                raise FilesNotRestored(
                    f"The database is restored, but the uploaded files could not be put into {media} ({error}). "
                    f"Mend that and restore again, or unpack {MEDIA} from {path.name} there."
                ) from error
    except ToolError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"{path} could not be restored: {error}") from error
    cache.clear()  # it speaks of what was here before, sessions included
    rows = manifest["tables"]
    return Done(
        path, len(rows), sum(rows.values()), len(manifest["files"]) - 1, path.stat().st_size, len(missing)
    )  # fmt: skip


def is_empty(database: BaseDatabaseWrapper, media: Path) -> bool:
    """Whether there is no table and no uploaded file here."""
    with postgres_tools.session(database) as connection, connection.cursor() as cursor:
        return not postgres_tools.tables(cursor) and not any(_files(media))


def read_manifest(path: Path) -> dict:
    """What the backup `path` says of itself.

    Raises:
        BackupError: it is missing, broken, or none of Presales.
    """
    if not path.is_file():
        raise BackupError(f"There is no file {path}.")
    broken = f"{path.name} is not a backup of Presales, or it is cut off or damaged"
    try:
        with tarfile.open(path, "r:") as archive:
            member = archive.extractfile(MANIFEST)
            manifest = json.loads(member.read())
        if manifest["format"] != FORMAT:
            raise BackupError(f"{path.name} has format {manifest['format']}; this Presales reads format {FORMAT}.")
        if not _is_sound(manifest):
            raise BackupError(f"{broken}: its manifest is incomplete.")
    except (tarfile.TarError, EOFError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BackupError(f"{broken}: {error}.") from error
    except PermissionError as error:
        raise BackupError(f"{path} may not be read: {error.strerror}.") from error
    return manifest


def _is_sound(manifest: dict) -> bool:
    return (
        DUMP in manifest["files"]
        and all(isinstance(each["sha256"], str) for each in manifest["files"].values())
        and all(isinstance(count, int) for count in manifest["tables"].values())
        and all(len(pair) == 2 for pair in manifest["migrations"])
        and isinstance(manifest["postgresql"]["tools"], int)
    )


def _compared(applied: list[list[str]]) -> tuple[list[str], list[str]]:
    """Migrations that only the backup knows, and those that only the code knows."""
    loader = MigrationLoader(None)
    here = {f"{app}.{name}" for app, name in loader.disk_migrations}
    there = {f"{app}.{name}" for app, name in applied}
    return sorted(there - here), sorted(here - there)


def _server(database: BaseDatabaseWrapper) -> int:
    with postgres_tools.session(database) as connection:
        return connection.server_version // 10000


def _require_nothing(database: BaseDatabaseWrapper, media: Path) -> None:
    with postgres_tools.session(database) as connection, connection.cursor() as cursor:
        names = postgres_tools.tables(cursor)
    if names:
        raise BackupError(
            f"The database {database.settings_dict['NAME']} is not empty: it has {len(names)} tables. "
            "Restore into an empty one, or say --replace."
        )
    if any(_files(media)):
        raise BackupError(f"{media} is not empty. Move its files away, or say --replace.")


def _extract(path: Path, manifest: dict, target: Path) -> None:
    """Unpack into `target` what the manifest names, and nothing else; every file must have its checksum."""
    (target / MEDIA).mkdir()
    expected = dict(manifest["files"])
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                if member.name == MANIFEST:
                    continue
                wanted = expected.pop(member.name, None)
                if wanted is None or not member.isfile() or not _belongs(member.name):
                    raise BackupError(f"{path.name} holds {member.name!r}, which is no part of a backup.")
                to = target / member.name
                to.parent.mkdir(parents=True, exist_ok=True)
                source = _Hashed(archive.extractfile(member))
                with to.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                if source.digest.hexdigest() != wanted["sha256"]:
                    raise BackupError(f"{path.name} is damaged: {member.name} does not match its checksum.")
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path.name} is cut off or damaged: {error}.") from error
    if expected:
        raise BackupError(f"{path.name} is incomplete: {min(expected)} is missing.")


def _belongs(name: str) -> bool:
    """Whether a file of this name stays inside the folder that it is unpacked to."""
    return name == DUMP or (name.startswith(MEDIA) and not {"..", ".", ""} & set(name.split("/")))


def _swap(source: Path, target: Path, aside: Path) -> None:
    """Put what is in `source` in the place of what is in `target`, which may be a mount; a failure puts it back."""
    _move_all(_made(target), _made(aside), lambda: None)
    _move_all(source, target, lambda: _move_all(aside, target, lambda: None))


def _move_all(source: Path, target: Path, undo: Callable[[], None]) -> None:
    moved = []
    try:
        for path in sorted(source.iterdir()):
            shutil.move(path, target / path.name)
            moved.append(path)
    except OSError:
        for path in moved:
            shutil.move(target / path.name, path)
        undo()
        raise


def _made(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    return where
