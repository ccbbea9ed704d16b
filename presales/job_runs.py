"""When the jobs of the schedule ran, how long they took, and what they failed with."""

import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from celery import Task, current_app
from celery.schedules import crontab
from celery.signals import task_failure, task_postrun, task_prerun
from django.conf import settings
from django.db import Error
from django.utils import timezone

from presales.models import JobRun, Runs

logger = logging.getLogger(__name__)

UNTOLD = {"presales.heartbeat"}  # a sign of life, no work
LOOKING_BACK = datetime.timedelta(hours=24)
PATIENCE = 3  # runs that may fail to appear before a job counts as late
_running: dict[str, tuple[int, float]] = {}  # by the id of the message: (key of the run, when it began)


def _never_in_the_way(handler: Callable) -> Callable:
    """The book-keeping of a job must not stop it."""

    @wraps(handler)
    def wrapper(**signal: object) -> None:
        if signal["sender"].name not in scheduled():
            return
        try:
            handler(**signal)
        except Error as error:
            logger.warning("the run of %s is not noted: %s", signal["sender"].name, type(error).__name__)

    return wrapper


@_never_in_the_way
def _began(sender: Task, task_id: str, **signal: object) -> None:
    _running[task_id] = JobRun.objects.create(job=sender.name).pk, time.monotonic()


@_never_in_the_way
def _failed(sender: Task, task_id: str, exception: BaseException, **signal: object) -> None:
    pk, _ = _running.get(task_id, (None, 0))
    JobRun.objects.filter(pk=pk).update(error=f"{type(exception).__name__}: {exception}"[:500])


@_never_in_the_way
def _ended(sender: Task, task_id: str, **signal: object) -> None:
    pk, began = _running.pop(task_id, (None, 0))
    JobRun.objects.filter(pk=pk).update(seconds=time.monotonic() - began)


def listen() -> None:
    """Note every run from now on; for the worker."""
    task_prerun.connect(_began)
    task_failure.connect(_failed)
    task_postrun.connect(_ended)


def scheduled() -> dict[str, object]:
    """When beat starts which job: seconds between two runs, or a crontab in UTC, by the name of the task."""
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    return {entry["task"]: entry["schedule"] for entry in entries if entry["task"] not in UNTOLD}


@dataclass(frozen=True)
class Job:
    """One job of the schedule, as the page of background work tells of it."""

    name: str
    what: str
    when: str
    latest: JobRun | None
    lately: Runs
    is_late: bool


def jobs() -> list[Job]:
    """Every job of the schedule with its latest run and the runs of the last day; two queries."""
    current_app.loader.import_default_modules()  # the tasks, of which the docstrings are told
    now = timezone.now()
    latest = {run.job: run for run in JobRun.objects.latest_of_each()}
    lately = JobRun.objects.since(now - LOOKING_BACK)
    return [
        Job(name, _what(name), _when(schedule), latest.get(name), lately.get(name, Runs()),
            _is_late(latest.get(name), schedule, now))
        for name, schedule in sorted(scheduled().items(), key=lambda item: (isinstance(item[1], crontab), item[0]))
    ]  # fmt: skip


def _what(name: str) -> str:
    """The first sentence of the task's docstring, which is written for this."""
    task = current_app.tasks.get(name)
    return ((task and task.__doc__) or name).strip().partition("\n")[0]


def _when(schedule: object) -> str:
    if isinstance(schedule, crontab):
        return f"daily at {min(schedule.hour):02}:{min(schedule.minute):02} UTC"
    seconds = round(float(schedule))
    if seconds == 60:
        return "every minute"
    return f"every {seconds // 60} minutes" if seconds % 60 == 0 else f"every {seconds} seconds"


def _is_late(latest: JobRun | None, schedule: object, now: datetime.datetime) -> bool:
    if latest is None:
        return False  # a new installation, or a new job
    if isinstance(schedule, crontab):
        return latest.started_at < now - datetime.timedelta(days=1, hours=2)
    return latest.started_at < now - PATIENCE * datetime.timedelta(seconds=float(schedule))
