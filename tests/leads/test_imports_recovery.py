"""A worker killed in the middle of an import leaves nothing half done: the next one imports every row once."""

import os
import random
import signal
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from leads.actions import imports as actions
from leads.imports import engine
from leads.imports.targets import registry
from leads.models import Company, ImportBatch, Lead, LeadScore
from presales.celery import app
from presales.jobs import session_lock, without_nudges
from tests.factories import UserFactory
from tests.leads.workers import start_worker, wait_for

ROWS = 20_000
KILLS = 4
State = ImportBatch.State


@pytest.fixture
def batch(transactional_db, settings, tmp_path):
    """A checked import of many leads at a fifth as many companies."""
    settings.MEDIA_ROOT = tmp_path / "media"
    app.control.purge()
    admin = UserFactory(role="admin")
    lines = [f"Lead {n},lead{n}@c{n // 5}.example,Company {n // 5},VP Data,L{n}" for n in range(ROWS)]
    content = "\n".join(["Name,Email,Company,Title,Record ID", *lines]).encode()
    with without_nudges():
        made = actions.upload(admin, registry["leads"], SimpleUploadedFile("leads.csv", content))
        actions.match_columns(admin, made, made.mapping, {})
        actions.work(made.pk)
    made.refresh_from_db()
    assert (made.state, made.created, made.rejected) == (State.READY, ROWS, 0), made.message
    yield made
    app.control.purge()


def is_free(batch):
    """Whether the dead worker's connection has let go of the batch."""
    with session_lock(f"import-{batch.pk}") as mine:
        return mine


def kill_in_the_middle(batch, tmp_path, begun, seconds):
    """Let a real worker begin, then kill it without a word; whether it was in the middle."""
    worker = start_worker(PRESALES_VAR=str(tmp_path))
    try:
        wait_for(begun, 60)
        time.sleep(seconds)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    wait_for(lambda: is_free(batch), 60)  # PostgreSQL still ends what the worker asked for last
    batch.refresh_from_db()
    return batch.state in actions.WAITING


def go_on(batch):
    """What the sweep does every minute; the dead worker's connection may hold its lock a moment longer."""

    def over():
        actions.resume_lost()
        batch.refresh_from_db()
        return batch.state not in actions.WAITING

    wait_for(over, 60)


def test_every_row_is_there_once_after_kill_9(batch, tmp_path):
    interrupted = 0
    actions.confirm(batch.created_by, batch)
    for number in range(KILLS):
        if number:
            actions._start(batch, State.RUNNING)  # the message of the killed worker is lost; here is another
        # The first as soon as it has begun, the others anywhere in it.
        seconds = random.Random(number).uniform(0, 1.5) if number else 0
        interrupted += kill_in_the_middle(batch, tmp_path, lambda: engine.progress_of(batch), seconds)
        if batch.state == State.DONE:
            break
        assert not Lead.objects.exists(), "half an import can be seen"
        assert not Company.objects.exists()
    assert interrupted, "no kill came in the middle"
    go_on(batch)
    assert (batch.state, batch.created, batch.unchanged) == (State.DONE, ROWS, 0), batch.message
    assert Lead.objects.count() == Lead.objects.values("email_key").distinct().count() == ROWS
    assert LeadScore.objects.count() == ROWS
    assert Company.objects.count() == ROWS // 5
    assert Lead.objects.filter(import_batch=batch).count() == ROWS


def test_undo_goes_on_after_kill_9(batch, tmp_path):
    with without_nudges():
        actions.confirm(batch.created_by, batch)
        actions.work(batch.pk)
    actions.undo(batch.created_by, batch)
    interrupted = kill_in_the_middle(batch, tmp_path, lambda: Lead.objects.count() < ROWS, 0)
    assert interrupted, "the kill came too late"
    assert 0 < Lead.objects.count() < ROWS
    go_on(batch)
    assert (batch.state, batch.message) == (State.UNDONE, f"{ROWS:,} removed.")
    assert not Lead.objects.exists()
    assert not Company.objects.exists()
