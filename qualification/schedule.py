"""When the room's jobs run (seconds)."""

SCHEDULE = {
    "qualification-sweep": {
        "task": "qualification.tasks.sweep_statuses",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
}
