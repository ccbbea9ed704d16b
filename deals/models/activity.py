"""When something happened on a deal before it last did: what lets a past day say how long it had been silent."""

from django.db import models

from deals.models.opportunities import Opportunity


class FormerActivity(models.Model):
    """A moment that was a deal's `last_activity_at` until a later one took its place; written by a trigger.

    The history of deals leaves that column out, since a row of it for every touch would bury what changed.
    """

    opportunity = models.ForeignKey(
        Opportunity, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "former activities"
        indexes = [models.Index(fields=["opportunity", "at"], name="deals_activity_before")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
