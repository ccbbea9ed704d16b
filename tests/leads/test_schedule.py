"""Beat starts every job that the rooms let run by themselves, and only jobs that exist; scores have room to change."""

import pytest
from django.conf import settings
from django.db import connection

from presales.celery import app


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"leads.sweep_scores", "leads.score_all", "qualification.tasks.sweep_statuses"} <= scheduled
    assert scheduled <= set(app.tasks)


def test_beat_can_send_every_task():
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        task = app.tasks[entry["task"]]
        hard, soft = task.time_limit or app.conf.task_time_limit, task.soft_time_limit or app.conf.task_soft_time_limit
        assert soft < hard, f"Celery refuses to send {entry['task']}"


def test_messages_of_beat_expire():
    assert all(entry["options"]["expires"] for entry in settings.CELERY_BEAT_SCHEDULE.values())


@pytest.mark.django_db
def test_the_score_table_leaves_room_for_updates():
    """Half of every page is kept free, so that a rescore touches no index; a squashed migration must keep that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE oid = 'leads_leadscore'::regclass")
        assert cursor.fetchone()[0] == ["fillfactor=50"]
