"""The Celery application: `celery -A presales worker` and `celery -A presales beat`."""

import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "presales.settings")

app = Celery("presales")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _note_runs(**signal: object) -> None:
    """In the worker alone: what runs by itself is noted for the page of background work."""
    from presales import job_runs

    job_runs.listen()
