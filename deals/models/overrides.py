"""When a manager let a deal go past a gate: who, when, why, and what was missing."""

import pghistory
from django.db import models
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.stages import Stage
from people.models import User


@pghistory.track()
class Override(models.Model):
    """One step past an unmet gate. Written by the move itself and never changed."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="overrides")
    from_stage = models.ForeignKey(Stage, models.PROTECT, related_name="overrides_out")
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500)
    missing = models.JSONField(help_text="What was missing, as it was shown.")

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="deals_override_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
