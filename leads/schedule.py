"""What beat starts for this room. Times are UTC; a message that nobody takes in time expires."""

from celery.schedules import crontab

SCHEDULE = {
    "leads: go on with lost imports": {"task": "leads.resume_imports", "schedule": 60.0, "options": {"expires": 55}},
    "leads: sweep stale scores": {"task": "leads.sweep_scores", "schedule": 60.0, "options": {"expires": 55}},
    "leads: nightly scores": {
        "task": "leads.score_all",
        "schedule": crontab(hour=0, minute=1),
        "options": {"expires": 3600},
    },
    "leads: train what is wanted": {
        "task": "leads.train_conversion",
        "schedule": 300.0,
        "options": {"expires": 290},
    },
    "leads: nightly learning": {
        "task": "leads.learn_nightly",
        "schedule": crontab(hour=1, minute=11),
        "options": {"expires": 3600},
    },
    "leads: nurture": {"task": "leads.nurture", "schedule": 60.0, "options": {"expires": 55}},
    "leads: enrol in nurture tracks": {
        "task": "leads.nurture_enrol",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "leads: read replies": {"task": "leads.read_replies", "schedule": 60.0, "options": {"expires": 55}},
    "leads: forget sent forms": {
        "task": "leads.forget_submissions",
        "schedule": crontab(hour=0, minute=31),
        "options": {"expires": 3600},
    },
}
