"""Pipelines and their stages: the admin's to change."""

from decimal import Decimal

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class Outcome(models.TextChoices):
    """What a stage says of the deal: still open, or how it ended."""

    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    NO_GO = "no_go", "No-go"


@pghistory.track()
class Pipeline(models.Model):
    """A set of stages, e.g. new business."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    is_default = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="deals_one_default_pipeline"
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Stage(models.Model):
    """One stage with its default probability, how long a deal may rest in it, and what it weighs on an SE."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60)
    order = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=6, choices=Outcome, default=Outcome.OPEN)
    probability = models.PositiveSmallIntegerField("default probability (%)", validators=[MaxValueValidator(100)])
    se_part = models.CharField("the SE's part", max_length=200, blank=True)
    rotting_days = models.PositiveSmallIntegerField("rots after (days)", default=21)
    load_weight = models.DecimalField(
        "weight on an SE", max_digits=3, decimal_places=1, default=Decimal(1),
        validators=[MinValueValidator(0), MaxValueValidator(10)],
    )  # fmt: skip
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["pipeline", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "slug"], name="deals_stage_slug"),
            models.CheckConstraint(condition=Q(probability__lte=100), name="deals_stage_probability"),
            models.CheckConstraint(condition=Q(load_weight__gte=0, load_weight__lte=10), name="deals_stage_weight"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether deals in this stage are still open."""
        return self.outcome == Outcome.OPEN
