"""Running an import: every row is checked, the good ones are staged, then switched in within one transaction.

A check is the same run, rolled back at the end. A run that is killed leaves nothing behind and starts again from
the sweep; a file imported twice finds its own rows and writes none.
"""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from leads.imports import values
from leads.imports.reading import MAX_ROWS, BrokenText, Reading, Unreadable, rows
from leads.imports.targets import Field, Target, registry
from leads.models import ImportBatch, ImportProblem
from people.models import User
from presales.actions import history_context
from presales.text import key

CHUNK = 5000
SQL_TYPES = {"money": "numeric(16,2)", "whole": "integer", "day": "date", "moment": "timestamptz", "words": "text[]"}


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
        self.problems: list[ImportProblem] = []
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
        with connection.cursor() as cursor:
            cursor.execute(statement, {"batch": self.batch.pk, "user": self.user.pk} | (parameters or {}))
            found = cursor.fetchall()
            cursor.execute("DELETE FROM staged WHERE line = ANY(%s)", [[line for line, _ in found]])
        for line, value in found:
            self.problems.append(self._problem(line, column, str(value or ""), reason.format(value=value)))
        return len(found)

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
                counts["rejected"] = len({problem.line for problem in self.problems})
                counts["rows_total"] = total
                if not keep:
                    raise RolledBack
        except RolledBack:
            pass
        return counts

    def _stage(self) -> int:
        columns = ["line integer primary key"]
        columns += [f"{item.name} {SQL_TYPES.get(item.kind, 'text')}" for item in self.target.fields]
        columns += ["owner_id bigint", "team_id bigint"]
        with connection.cursor() as cursor:
            # They go with the transaction; where that goes on after an import, the next one clears them away.
            cursor.execute("DROP TABLE IF EXISTS pg_temp.staged, pg_temp.known, pg_temp.mine, pg_temp.their_leads")
            cursor.execute(f"CREATE TEMPORARY TABLE staged ({', '.join(columns)}) ON COMMIT DROP")
        total, chunk = 0, []
        for line, record in self._records():
            total += 1
            if total > MAX_ROWS:
                raise Unreadable(f"The file has more than {MAX_ROWS:,} rows. Split it and import the parts.")
            if record is not None:
                chunk.append((line, record))
            if len(chunk) >= CHUNK:
                self._copy(chunk)
                chunk = []
                report_progress(self.batch, total)
        self._copy(chunk)
        if not total:
            raise Unreadable("The file has column names but no rows.")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE staged")
        return total

    def _records(self) -> Iterator[tuple[int, dict | None]]:
        """(line, values by field) of every row; None for a row with problems, which are noted."""
        reading = Reading(**self.batch.reading)
        positions = [
            (position, column, self.target.field(self.mapping[column]))
            for position, column in enumerate(self.batch.columns)
            if self.mapping.get(column)
        ]
        width = len(self.batch.columns)
        for line, cells in rows(Path(self.batch.file.path), reading):
            before = len(self.problems)
            if any(cells[width:]):
                self.problems.append(self._problem(line, "", "", f"{len(cells)} cells, but {width} columns"))
            record: dict[str, object] = {}
            for position, column, item in positions:
                text = cells[position] if position < len(cells) else ""
                try:
                    record[item.name] = self._value(item, column, text)
                except values.BadValue as error:
                    self.problems.append(self._problem(line, column, text, str(error)))
            for item in self.target.fields:
                if item.required and not record.get(item.name) and len(self.problems) == before:
                    self.problems.append(self._problem(line, item.label, "", "is missing"))
            if len(self.problems) == before:
                for column, reason in self.target.check_row(record):
                    self.problems.append(self._problem(line, column, "", reason))
            yield line, (record if len(self.problems) == before else None)

    def _value(self, item: Field, column: str, text: str) -> object:
        if isinstance(text, BrokenText):
            raise values.BadValue("holds control characters")
        if not text:
            return self.options.get("values", {}).get(column, {}).get("") or None
        if item.kind == "choice":
            chosen = self.options.get("values", {}).get(column, {}).get(text)
            return chosen if chosen is not None else (item.guess(text) or None)
        if item.kind == "money":
            return values.decimal(text, 16)
        if item.kind == "whole":
            return values.whole(text)
        if item.kind in ("day", "moment"):
            found = values.moment(text, self.options.get("order", {}).get(column, "dmy"))
            return found.date() if item.kind == "day" else found
        if item.kind == "words":
            return [word.strip()[:60] for word in text.replace(";", ",").split(",") if word.strip()][:30]
        if len(text) > item.max_length:
            raise values.BadValue(f"longer than {item.max_length} characters")
        if item.kind == "email":
            try:
                validate_email(text)
            except ValidationError:
                raise values.BadValue("not an e-mail address") from None
        return text

    def _copy(self, chunk: list[tuple[int, dict]]) -> None:
        if not chunk:
            return
        names = [item.name for item in self.target.fields]
        buffer = io.StringIO()
        for line, record in chunk:
            owner = self.people.get(key(str(record.get("owner") or "")))
            cells = [str(line), *(_copy_text(record.get(name)) for name in names)]
            cells += [_copy_text(owner[0] if owner else None), _copy_text(owner[1] if owner else None)]
            buffer.write("\t".join(cells) + "\n")
        buffer.seek(0)
        with connection.cursor() as cursor:
            # The connection's own cursor: COPY is psycopg2's, Django has no word for it.
            cursor.cursor.copy_expert(f"COPY staged (line, {', '.join(names)}, owner_id, team_id) FROM STDIN", buffer)

    def _people(self) -> dict[str, tuple[int, int | None]]:
        """Name and e-mail of everyone the importing person sees, to (user, first team)."""
        found: dict[str, tuple[int, int | None]] = {}
        people = User.objects.visible_to(self.user).filter(role="ae").prefetch_related("memberships").order_by("-pk")
        for person in people:
            teams = sorted(membership.team_id for membership in person.memberships.all())
            found[key(person.name)] = found[key(person.email)] = (person.pk, teams[0] if teams else None)
        return found

    def _problem(self, line: int, column: str, value: str, reason: str) -> ImportProblem:
        return ImportProblem(batch=self.batch, line=line, column=column[:200], value=value[:200], reason=reason[:300])


def _copy_text(value: object) -> str:
    if value is None or value == "":
        return "\\N"
    if isinstance(value, list):
        quoted = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in value)
        value = "{" + ",".join(quoted) + "}"
    elif isinstance(value, datetime.datetime | datetime.date):
        value = value.isoformat()
    text = str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def report_progress(batch: ImportBatch, done: int) -> None:
    """Say how far a running import is; kept in the cache, since the run's own transaction is not visible."""
    cache.set(f"import-progress-{batch.pk}", done, 3600)


def progress_of(batch: ImportBatch) -> int:
    """Rows read so far; 0 where nobody knows."""
    return cache.get(f"import-progress-{batch.pk}") or 0


def questions(batch: ImportBatch) -> tuple[dict[str, str], dict[str, list[str]], list[list[str]]]:
    """What the file leaves open, from one pass over it.

    Returns:
        For each column of numeric days the order its values allow (dmy, mdy or "" for a question), the distinct
        values of each column with few of them (at most 60), and the first rows.
    """
    reading = Reading(**batch.reading)
    orders: dict[int, set[str]] = {}
    distinct: dict[int, set[str]] = {position: set() for position in range(len(batch.columns))}
    first: list[list[str]] = []
    for _line, cells in rows(Path(batch.file.path), reading):
        if len(first) < 5:
            first.append(cells[: len(batch.columns)])
        for position, text in enumerate(cells[: len(batch.columns)]):
            if not text:
                continue
            if values.is_numeric_day(text):
                allowed = orders.setdefault(position, {"dmy", "mdy"})
                narrowed = allowed & values.day_orders(text)
                orders[position] = narrowed or allowed
            seen = distinct.get(position)
            if seen is not None:
                seen.add(text[:120])
                if len(seen) > 60:
                    del distinct[position]
    settled = {
        batch.columns[position]: next(iter(allowed)) if len(allowed) == 1 else ""
        for position, allowed in orders.items()
    }
    few = {batch.columns[position]: sorted(seen) for position, seen in distinct.items() if seen}
    return settled, few, first


def currency() -> str:
    """The currency of imported amounts: the company's."""
    return settings.COMPANY_CURRENCY
