"""Running an import: every row is checked, the good ones are staged, then switched in within one transaction.

A check is the same run, rolled back at the end. A run that is killed leaves nothing behind and starts again from
the sweep; a file imported twice finds its own rows and writes none.
"""

import functools
import io
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from leads.imports import values
from leads.imports.cells import as_copied, parser
from leads.imports.custom import CustomColumns, is_custom
from leads.imports.problems import Problems
from leads.imports.targets import Target, registry
from leads.models import ImportBatch
from people.models import User
from presales.actions import history_context
from presales.spreadsheets import MAX_ROWS, Reading, Unreadable, rows
from presales.text import key

CHUNK = 5000
SQL_TYPES = {"money": "numeric(16,2)", "whole": "integer", "day": "date", "moment": "timestamptz", "words": "text[]"}
TEMPORARY = ("staged", "refused", "known", "mine", "their_leads", "workable")


class RolledBack(Exception):
    """Ends a check."""


class Run:
    """One pass over a batch: the staging table `staged` holds a row per good line, with the target's columns."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.target: Target = registry[batch.target]
        self.user: User = batch.created_by
        self.options: dict = batch.options
        self.mapping: dict[str, str] = batch.mapping
        self.problems = Problems(batch)
        self.now = timezone.now()
        self.people = self._people()

    # -- for targets --------------------------------------------------------------------------------

    def sql(self, statement: str, parameters: dict | None = None) -> int:
        """Run one statement over `staged`; how many rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(
                statement, {"batch": self.batch.pk, "user": self.user.pk, "now": self.now} | (parameters or {})
            )
            return cursor.rowcount

    def reject(self, statement: str, column: str, reason: str, parameters: dict | None = None) -> int:
        """Report and remove the staged rows whose `line` the statement selects (as line, value)."""
        self.sql("DROP TABLE IF EXISTS pg_temp.refused")
        found = self.sql(f"CREATE TEMPORARY TABLE refused (line, value) ON COMMIT DROP AS {statement}", parameters)
        if found:
            self.problems.add_refused(column, reason)
            self.sql("DELETE FROM staged USING refused WHERE staged.line = refused.line")
        return found

    def reject_twice(self, column: str, field: str) -> int:
        """Report and remove the rows whose `column` stands in an earlier row already."""
        return self.reject(
            f"""SELECT line, {column} FROM (SELECT line, {column}, row_number() OVER (PARTITION BY {column} ORDER BY line) AS n
                  FROM staged WHERE {column} <> '') numbered WHERE n > 1""",
            field, "stands in the file twice; the first line counts",
        )  # fmt: skip

    # -- the run ------------------------------------------------------------------------------------

    def execute(self, *, keep: bool) -> dict[str, int]:
        """Check every row, and with `keep` import the good ones; the counts. Without it nothing stays.

        Raises:
            Unreadable: the file cannot be read to its end.
        """
        counts: dict[str, int] = {}
        context = {"user": self.user.pk, "channel": "import", "action": "import", "import": self.batch.pk}
        try:
            with history_context(**context), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0")
                    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
                total = self._stage()
                counts = self.target.load(self)
                counts["rejected"] = self.problems.rows
                counts["rows_total"] = total
                if not keep:
                    raise RolledBack
        except RolledBack:
            pass
        return counts

    def _stage(self) -> int:
        columns = ["line integer primary key"]
        columns += [f"{item.name} {SQL_TYPES.get(item.kind, 'text')}" for item in self.target.fields]
        columns += [f"{name} text" for name in self.target.derived]
        columns += ["owner_id bigint", "team_id bigint", "custom jsonb"]
        with connection.cursor() as cursor:
            # They go with the transaction; where that goes on after an import, the next one clears them away.
            cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in TEMPORARY)}")
            cursor.execute(f"CREATE TEMPORARY TABLE staged ({', '.join(columns)}) ON COMMIT DROP")
        total, chunk = 0, []
        custom = CustomColumns(self.batch, self.target)
        for line, record in self._records(custom):
            total += 1
            if total > MAX_ROWS:
                raise Unreadable(f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts.")
            if record is not None:
                chunk.append((line, record))
            if len(chunk) >= CHUNK:
                self._copy(chunk)
                chunk = []
            if total % CHUNK == 0:
                report_progress(self.batch, total)
        self._copy(chunk)
        custom.finish()
        if not total:
            raise Unreadable("The file has column names but no rows.")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE staged")
        return total

    def _records(self, custom: CustomColumns) -> Iterator[tuple[int, dict | None]]:
        """(line, values by field) of every row; None for a row with problems, which are noted."""
        reading = Reading(**self.batch.reading)
        mapped = [
            (position, column, self.target.field(self.mapping[column]))
            for position, column in enumerate(self.batch.columns)
            if self.mapping.get(column) and not is_custom(self.mapping[column])
        ]
        cells_of = [
            (position, column, item.name, parser(item, column, self.options)) for position, column, item in mapped
        ]
        required = [item for item in self.target.fields if item.required]
        width, add = len(self.batch.columns), self.problems.add
        by_line = self.batch.digest[:16] if self.target.named_by and self.options.get("by_line") else ""
        undated = bool(self.target.closes_by and self.options.get("undated"))
        for line, cells in rows(Path(self.batch.file.path), reading):
            good = True
            if len(cells) > width and any(cells[width:]):
                good = False
                add(line, "", "", f"{len(cells)} cells, but {width} columns")
            record: dict[str, object] = {}
            for position, column, name, parse in cells_of:
                text = cells[position] if position < len(cells) else ""
                try:
                    record[name] = parse(text)
                except values.BadValue as error:
                    good = False
                    add(line, column, text, str(error))
            if custom.columns:
                record["custom"], wrong = custom.read(cells)
                for column, text, reason in wrong:
                    good = False
                    add(line, column, text, reason)
            if by_line:
                record["by_line"] = (by_line, line)
            if undated:
                record["undated"] = self.now.date()
            if good:
                for item in required:
                    if not record.get(item.name):
                        good = False
                        add(line, item.label, "", "is missing")
            if good:
                for column, reason in self.target.check_row(record):
                    good = False
                    add(line, column, "", reason)
            if good:
                self.target.derive(record)
            yield line, (record if good else None)

    def _copy(self, chunk: list[tuple[int, dict]]) -> None:
        if not chunk:
            return
        names = [*(item.name for item in self.target.fields), *self.target.derived]
        owner_of = functools.lru_cache(maxsize=4096)(lambda text: self.people.get(key(text), (None, None)))
        buffer = io.StringIO()
        for line, record in chunk:
            cells = [str(line), *(as_copied(record.get(name)) for name in names)]
            cells += map(as_copied, (*owner_of(str(record.get("owner") or "")), record.get("custom")))
            buffer.write("\t".join(cells) + "\n")
        buffer.seek(0)
        with connection.cursor() as cursor:
            # The connection's own cursor: COPY is psycopg2's, Django has no word for it.
            cursor.cursor.copy_expert(
                f"COPY staged (line, {', '.join(names)}, owner_id, team_id, custom) FROM STDIN", buffer
            )

    def _people(self) -> dict[str, tuple[int, int | None]]:
        """Name and e-mail of everyone the importing person sees, to (user, first team)."""
        found: dict[str, tuple[int, int | None]] = {}
        people = User.objects.visible_to(self.user).filter(role="ae").prefetch_related("memberships").order_by("-pk")
        for person in people:
            teams = sorted(membership.team_id for membership in person.memberships.all())
            found[key(person.name)] = found[key(person.email)] = (person.pk, teams[0] if teams else None)
        return found


def report_progress(batch: ImportBatch, done: int) -> None:
    """Say how far a running import is; kept in the cache, since the run's own transaction is not visible."""
    cache.set(f"import-progress-{batch.pk}", done, 3600)


def progress_of(batch: ImportBatch) -> int:
    """Rows read so far; 0 where nobody knows."""
    return cache.get(f"import-progress-{batch.pk}") or 0


def currency() -> str:
    """The currency of imported amounts: the company's."""
    return settings.COMPANY_CURRENCY
