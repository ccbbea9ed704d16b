"""Beat starts every job that the room lets run by itself, and only jobs that exist."""

from django.conf import settings

from presales.celery import app


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"leads.sweep_scores", "leads.score_all", "qualification.tasks.sweep_statuses"} <= scheduled
    assert scheduled <= set(app.tasks)


def test_messages_of_beat_expire():
    assert all(entry["options"]["expires"] for entry in settings.CELERY_BEAT_SCHEDULE.values())
