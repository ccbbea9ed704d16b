"""When the room's jobs run (seconds, or a time of day in UTC)."""

from celery.schedules import crontab

SCHEDULE = {
    "deals-fill-queue": {"task": "deals.tasks.fill_queue", "schedule": 60.0, "options": {"expires": 55}},
    "deals-probabilities": {"task": "deals.tasks.sweep_probabilities", "schedule": 60.0, "options": {"expires": 55}},
    "deals-probabilities-nightly": {
        "task": "deals.tasks.repair_probabilities",
        "schedule": crontab(hour=0, minute=41),
        "options": {"expires": 3600},
    },
    "deals-train-what-is-wanted": {"task": "deals.train_winning", "schedule": 300.0, "options": {"expires": 290}},
    "deals-nightly-learning": {
        "task": "deals.learn_nightly",
        "schedule": crontab(hour=1, minute=31),
        "options": {"expires": 3600},
    },
    "deals-expire-proposals": {"task": "deals.tasks.expire_proposals", "schedule": 900.0, "options": {"expires": 800}},
}
