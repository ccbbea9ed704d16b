"""The bad rows of a run, kept in a temporary file until it ends: a rolled-back run still reports them, and a million
of them take no memory."""

import tempfile

from django.db import connection

from leads.models import ImportBatch

COPY = 'COPY leads_importproblem (batch_id, line, "column", value, reason) FROM STDIN'


class Problems:
    """What is wrong, row by row, in the text format of COPY."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.rows = 0
        self._last = 0
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed with the run

    def add(self, line: int, column: str, value: str, reason: str) -> None:
        """Note one problem; several of the same row come one after the other."""
        if line != self._last:
            self.rows += 1
            self._last = line
        cells = (str(self.batch.pk), str(line), column[:200], value[:200], reason[:300])
        self._file.write("\t".join(map(copy_text, cells)) + "\n")

    def add_refused(self, column: str, reason: str) -> int:
        """Note the rows of the temporary table `refused` (line, value), none of which had a problem before."""
        with connection.cursor() as cursor:
            query = cursor.cursor.mogrify(
                "SELECT %s, line, %s::text, left(coalesce(value::text, ''), 200), %s::text FROM refused ORDER BY line",
                [self.batch.pk, column[:200], reason[:300]],
            ).decode()
            cursor.cursor.copy_expert(f"COPY ({query}) TO STDOUT", self._file)
            self.rows += cursor.cursor.rowcount
            return cursor.cursor.rowcount

    def store(self) -> None:
        """Put them into the database, in place of those of an earlier run."""
        self.batch.problems.all().delete()
        self._file.seek(0)
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert(COPY, self._file)
        self._file.seek(0, 2)


def copy_text(value: str) -> str:
    """`value` as a cell of COPY's text format."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
