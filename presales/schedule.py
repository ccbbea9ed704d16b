"""What beat starts for the installation itself."""

from celery.schedules import crontab

SCHEDULE = {
    "presales: heartbeat": {"task": "presales.heartbeat", "schedule": 30.0, "options": {"expires": 25}},
    "presales: send mail": {"task": "presales.send_outbox", "schedule": 30.0, "options": {"expires": 25}},
    "presales: forget old runs": {
        "task": "presales.forget_runs",
        "schedule": crontab(hour=0, minute=51),
        "options": {"expires": 3600},
    },
}
