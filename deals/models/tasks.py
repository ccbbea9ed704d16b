"""Small tasks on a deal: one of us does one thing by a day."""

import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import User


class DealTaskQuerySet(OfOpportunityQuerySet):
    """Tasks by what the domain asks of them."""

    def to_do(self) -> "DealTaskQuerySet":
        """Not done yet, on deals that are open."""
        return self.filter(done_at=None, opportunity__outcome="open")


@pghistory.track()
class DealTask(models.Model):
    """What one of us does for a deal, by when."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="tasks")
    what = models.CharField("what", max_length=200)
    assignee = models.ForeignKey(User, models.PROTECT, related_name="deal_tasks", verbose_name="who")
    due_on = models.DateField("by when")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    objects = DealTaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="deals_task_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(due_on__range=(datetime.date(1990, 1, 1), datetime.date(2100, 12, 31))),
                name="deals_task_day",
            ),
        ]
        indexes = [models.Index(fields=["assignee", "due_on"], condition=Q(done_at=None), name="deals_tasks_to_do")]

    def __str__(self) -> str:
        return self.what

    @property
    def is_late(self) -> bool:
        """Not done, and its day has passed."""
        return self.done_at is None and self.due_on < timezone.localdate()
