"""What beat starts for the installation itself."""

SCHEDULE = {
    "presales: heartbeat": {"task": "presales.heartbeat", "schedule": 30.0, "options": {"expires": 25}},
}
