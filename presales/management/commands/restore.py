"""`manage.py restore`: database and uploaded files from a backup."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.template.defaultfilters import filesizeformat, pluralize

from presales import backup
from presales.postgres_tools import ToolError

SHOWN = 5


class Command(BaseCommand):
    help = "Put a backup in the place of database and uploaded files: all of it or nothing (docs/backup.md)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="What manage.py backup wrote.")
        parser.add_argument("--replace", action="store_true", help="Put it in the place of what is here now.")
        parser.add_argument(
            "--no-copy", action="store_true", help="With --replace: do not back up first what is here now."
        )

    def handle(self, *args, **options):
        path, media = options["file"], Path(settings.MEDIA_ROOT)
        if path is None:
            raise CommandError(self.which())
        try:
            backup.read_manifest(path)
            if options["replace"] and not options["no_copy"] and not backup.is_empty(connection, media):
                copy = backup.make(backup.folder() / "before-restore", connection, media)
                self.stdout.write(f"What was here is kept in {copy.path} ({filesizeformat(copy.bytes)}).")
            done = backup.restore(path, connection, media, replace=options["replace"])
        except backup.FilesNotRestored as error:
            raise CommandError(str(error)) from error
        except (backup.BackupError, ToolError) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        files = f"{done.files:,} uploaded file{pluralize(done.files)}"
        self.stdout.write(
            f"Restored {done.rows:,} rows of {done.tables} tables and {files} from {path}. "
            "Every count and checksum is right; everybody signs in anew."
        )
        if done.missing_migrations:
            self.stdout.write(
                f"The backup is older than this code by {done.missing_migrations} migrations: run manage.py migrate."
            )

    def which(self) -> str:
        newest = backup.stored(backup.folder())[-SHOWN:]
        if not newest:
            return "Say which file to restore."
        return "Say which file to restore; the newest are:\n" + "\n".join(f"  {path}" for path in reversed(newest))
