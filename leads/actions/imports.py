"""The steps of an import: upload, match columns, check, import, undo."""

import hashlib
import logging

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, transaction
from django.utils import timezone

from leads.imports import engine
from leads.imports.questions import questions
from leads.imports.suggestions import suggested
from leads.imports.targets import Target, registry
from leads.models import ImportBatch, ImportMapping
from people.models import User
from people.permissions import require
from presales import spreadsheets as reading
from presales.actions import action, history_context
from presales.errors import Conflict, NotAllowed
from presales.jobs import nudge, session_lock

logger = logging.getLogger(__name__)
State = ImportBatch.State
WAITING = (State.CHECKING, State.RUNNING, State.UNDOING)


@action
def upload(actor: User, target: Target, file: UploadedFile) -> ImportBatch:
    """Keep the file and find out how to read it; nothing is imported yet.

    Raises:
        Conflict: the file cannot be read; the sentence says what to do.
    """
    if not target.may(actor):
        raise NotAllowed(f"Your role does not import {target.label.lower()}.")
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    batch = ImportBatch(target=target.name, filename=file.name[-255:], digest=digest.hexdigest(), created_by=actor)
    suffix = ".xlsx" if file.name.lower().endswith(".xlsx") else ".csv"
    batch.file.save(f"{batch.digest[:20]}{suffix}", file, save=False)
    try:
        how, columns = reading.inspect(reading.Path(batch.file.path))
        batch.reading, batch.columns = how.as_json(), columns
        batch.options = questions(reading.Path(batch.file.path), how, columns)
    except reading.Unreadable as error:
        batch.file.delete(save=False)
        raise Conflict(str(error)) from None
    if not batch.options["first"]:
        batch.file.delete(save=False)
        raise Conflict("The file has column names but no rows.")
    batch.mapping, found = suggested(target, actor, columns, batch.options)
    batch.options |= found
    batch.save()
    return batch


@action
def match_columns(
    actor: User, batch: ImportBatch, mapping: dict[str, str], options: dict, save_as: str = ""
) -> ImportBatch:
    """Keep which column means which field and what its values mean, then check every row in the background."""
    batch = _lock(actor, batch, State.UPLOADED, State.READY, State.FAILED)
    batch.mapping = mapping
    batch.options = batch.options | options
    if save_as:
        ImportMapping.objects.update_or_create(
            created_by=actor, target=batch.target, name=save_as,
            defaults={"mapping": {"columns": mapping, "values": options.get("values", {})}},
        )  # fmt: skip
    _start(batch, State.CHECKING)
    return batch


@action
def confirm(actor: User, batch: ImportBatch) -> ImportBatch:
    """Import the good rows in the background. Confirming twice imports once."""
    batch = _lock(actor, batch, State.READY, State.RUNNING, State.DONE)
    if batch.state == State.READY:
        _start(batch, State.RUNNING)
    return batch


@action
def undo(actor: User, batch: ImportBatch, *, reason: str = "") -> ImportBatch:
    """Take the whole batch back, in the background; what somebody worked on since stays. Asking twice undoes once."""
    batch = _lock(actor, batch, State.DONE, State.UNDOING, State.UNDONE)
    if batch.state == State.DONE:
        batch.options["undo"] = {"user": actor.pk, "reason": reason}
        batch.rows_done = 0
        _start(batch, State.UNDOING)
    return batch


def _lock(actor: User, batch: ImportBatch, *states: str) -> ImportBatch:
    require(actor, "leads.run_import", batch)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state not in states:
        raise Conflict(f"This import is {batch.get_state_display().lower()}.")
    return batch


def _start(batch: ImportBatch, state: str) -> None:
    from leads.tasks.imports import run_import

    batch.state, batch.message, batch.started_at, batch.finished_at = state, "", timezone.now(), None
    batch.save()
    engine.report_progress(batch, 0)
    nudge(run_import, batch.pk)


# -- In the worker ----------------------------------------------------------------------------------


def work(batch_id: int) -> None:
    """Check, import or take back a waiting batch. Two workers at once: one works, the other leaves."""
    with session_lock(f"import-{batch_id}") as mine:
        if not mine:
            return
        batch = ImportBatch.objects.select_related("created_by").filter(pk=batch_id, state__in=WAITING).first()
        if batch is None:
            return
        if batch.state == State.UNDOING:
            _take_back(batch)
        else:
            _run(batch)


def _run(batch: ImportBatch) -> None:
    keep = batch.state == State.RUNNING
    run = engine.Run(batch)
    try:
        with transaction.atomic():
            counts = run.execute(keep=keep)
            _finish(batch, run, counts, State.DONE if keep else State.READY)
    except reading.Unreadable as error:
        _finish(batch, run, {}, State.FAILED, str(error))
    except DatabaseError as error:
        logger.exception("import %d failed", batch.pk)
        _finish(batch, run, {}, State.FAILED, f"The import failed ({type(error).__name__}); nothing was imported.")


def _take_back(batch: ImportBatch) -> None:
    def progress(removed: int) -> None:
        batch.rows_done += removed
        batch.save(update_fields=["rows_done"])

    asked = batch.options.get("undo", {})
    context = {"user": asked.get("user"), "channel": "import", "action": "undo", "reason": asked.get("reason", "")}
    try:
        with history_context(**context, **{"import": batch.pk}):
            kept = registry[batch.target].undo(batch, progress)
    except DatabaseError as error:
        logger.exception("undoing import %d failed", batch.pk)
        batch.refresh_from_db()
        batch.state = State.DONE
        batch.message = (
            f"Undoing stopped ({type(error).__name__}) after {batch.rows_done:,} records. Undo once more to go on."
        )
    else:
        batch.state, batch.undone_at = State.UNDONE, timezone.now()
        batch.message = f"{batch.rows_done:,} removed." + (
            f" {kept:,} stayed, since somebody worked on them." if kept else ""
        )
    batch.finished_at = timezone.now()
    batch.save(update_fields=["state", "undone_at", "message", "finished_at"])


@transaction.atomic
def _finish(batch: ImportBatch, run: engine.Run, counts: dict[str, int], state: str, message: str = "") -> None:
    run.problems.store()
    for name, count in counts.items():
        setattr(batch, name, count)
    batch.rows_done = batch.rows_total
    batch.state, batch.message, batch.finished_at = state, message, timezone.now()
    batch.save()


def resume_lost() -> int:
    """Work on batches whose worker died or whose message got lost; how many were looked at."""
    waiting = list(ImportBatch.objects.filter(state__in=WAITING).order_by("pk").values_list("pk", flat=True))
    for pk in waiting:
        work(pk)
    return len(waiting)
