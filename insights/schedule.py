"""What beat starts for this room. Every quarter of an hour, since Monday begins in each time zone on its own."""

SCHEDULE = {
    "insights: weekly mails": {"task": "insights.weekly_mails", "schedule": 900.0, "options": {"expires": 890}},
}
