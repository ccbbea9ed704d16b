"""Deal reviews: a manager went through a deal with its AE and SE."""

import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import User

RESTS = datetime.timedelta(days=6)
"""So long after a review a deal is not asked about again: a deal of last Monday comes up this Monday."""


@pghistory.track()
class DealReview(models.Model):
    """One deal was gone through: by whom, on which day, with what came of it, and the figures as they stood."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="reviews")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    on = models.DateField("day")
    at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=500, blank=True)
    claimed = models.PositiveSmallIntegerField(null=True)
    evidenced = models.PositiveSmallIntegerField(null=True)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["opportunity", "by", "on"], name="deals_review_once_a_day"),
            models.CheckConstraint(
                condition=Q(on__range=(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))),
                name="deals_review_day",
            ),
        ]
        indexes = [models.Index(fields=["opportunity", "-on", "-id"], name="deals_reviews_of_deal")]

    def __str__(self) -> str:
        return f"{self.opportunity} reviewed on {self.on}"
