"""What a stage wants before a deal leaves it, as data: which gates, required or advisory, in which order."""

import pghistory
from django.db import models

from deals.models.stages import Stage


@pghistory.track()
class ExitCriterion(models.Model):
    """One gate that a deal passes on leaving a stage; deals/gates.py knows the gates by name."""

    stage = models.ForeignKey(Stage, models.CASCADE, related_name="criteria", db_index=False)
    gate = models.SlugField(max_length=60, db_index=False)
    is_required = models.BooleanField("required", default=True, help_text="An advisory one is shown and holds nothing.")
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "exit criteria"
        ordering = ["stage", "order", "pk"]
        constraints = [models.UniqueConstraint(fields=["stage", "gate"], name="deals_criterion_once")]

    def __str__(self) -> str:
        return self.gate
