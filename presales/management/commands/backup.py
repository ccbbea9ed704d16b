"""`manage.py backup`: the database and the uploaded files in one file."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.template.defaultfilters import filesizeformat, pluralize

from presales import backup


class Command(BaseCommand):
    help = "Write database and uploaded files to one file, while everything goes on running (docs/backup.md)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, help="A folder, or the name of the new file. Default: var/backups/")
        parser.add_argument("--keep", type=int, help="Afterwards delete all but so many of the newest in that folder.")

    def handle(self, *args, **options):
        keep = options["keep"]
        if keep is not None and keep < 1:
            raise CommandError("--keep must be at least 1.")
        try:
            done = backup.make(options["to"] or backup.folder(), connection, Path(settings.MEDIA_ROOT))
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        files = f"{done.files:,} uploaded file{pluralize(done.files)}"
        self.stdout.write(
            f"Backed up {done.rows:,} rows of {done.tables} tables and {files} "
            f"to {done.path} ({filesizeformat(done.bytes)})."
        )
        if keep is not None:
            for path in backup.prune(done.path.parent, keep):
                self.stdout.write(f"Deleted the old backup {path.name}.")
