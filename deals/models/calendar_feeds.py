"""The address under which a person's calendar reads the own meetings."""

import pghistory
from django.db import models

from people.models import User


@pghistory.track()
class CalendarFeed(models.Model):
    """How often a person has made the own calendar address void. Without a row: never."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed", primary_key=True)
    renewed = models.PositiveIntegerField("times renewed", default=0)

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
