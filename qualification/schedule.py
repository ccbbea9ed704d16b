"""When the room's jobs run (seconds, or a time of day in UTC)."""

from celery.schedules import crontab

SCHEDULE = {
    "qualification-sweep": {
        "task": "qualification.tasks.sweep_statuses",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "qualification-nightly": {
        "task": "qualification.tasks.derive_all",
        "schedule": crontab(hour=0, minute=11),
        "options": {"expires": 3600},
    },
}
