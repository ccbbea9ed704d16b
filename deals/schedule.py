"""When the room's jobs run (seconds)."""

SCHEDULE = {
    "deals-fill-queue": {"task": "deals.tasks.fill_queue", "schedule": 60.0, "options": {"expires": 55}},
}
