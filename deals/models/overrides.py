"""When a manager let a deal go past a gate: who, when, why, and what was missing."""

import pghistory
from django.db import models
from django.utils import timezone

from deals.models.opportunities import Opportunity
from deals.models.stages import Stage
from people.models import User


class OverrideQuerySet(models.QuerySet):
    """Overrides by what the domain asks of them."""

    def visible_to(self, user: User) -> "OverrideQuerySet":
        """Those of the deals that `user` may know of."""
        return self.filter(opportunity__in=Opportunity.objects.visible_to(user))


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

    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="deals_override_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
