"""Qualification frameworks as data: BANT, MEDDICC, none, and what teams add."""

from decimal import Decimal

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from people.models import Team


class Lane(models.TextChoices):
    """Whose work something is: two in a box, one lane each."""

    COMMERCIAL = "commercial", "Commercial (AE)"
    TECHNICAL = "technical", "Technical (SE)"


class FrameworkQuerySet(models.QuerySet):
    """Frameworks by what the domain asks of them."""

    def active(self) -> "FrameworkQuerySet":
        """Those a team may choose."""
        return self.filter(is_active=True)

    def visible_to(self, user: object) -> "FrameworkQuerySet":
        """Everyone who is signed in sees the frameworks; they hold no customer's data."""
        return self


@pghistory.track()
class Framework(models.Model):
    """A list of criteria. One without criteria is the choice "none"."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.TextField(max_length=2000, blank=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects = FrameworkQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Criterion(models.Model):
    """One thing to find out, the level that counts as met, and the lane that validates it."""

    class Fact(models.TextChoices):
        """The typed fact that evidence for the criterion carries."""

        NONE = "", "None"
        MONEY = "money", "Amount and currency"
        DATE = "date", "Decision date"
        PERSON = "person", "Name of the person"

    framework = models.ForeignKey(Framework, models.CASCADE, related_name="criteria")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    help = models.CharField(max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    lane = models.CharField(max_length=10, choices=Lane, default=Lane.COMMERCIAL)
    required_level = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1), MaxValueValidator(3)]
    )
    fact = models.CharField(max_length=6, choices=Fact, default=Fact.NONE, blank=True)

    class Meta:
        ordering = ["framework", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "key"], name="qualification_criterion_key"),
            models.CheckConstraint(
                condition=models.Q(required_level__range=(1, 3)), name="qualification_criterion_level"
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Question(models.Model):
    """One question of a criterion's question bank, in the words to ask a customer."""

    criterion = models.ForeignKey(Criterion, models.CASCADE, related_name="questions")
    text = models.CharField(max_length=300)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["criterion", "order", "pk"]

    def __str__(self) -> str:
        return self.text


@pghistory.track()
class TeamPolicy(models.Model):
    """A team's framework and thresholds. A team without a row uses BANT and the defaults below."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="qualification_policy")
    framework = models.ForeignKey(Framework, models.PROTECT)
    minimum_budget = models.DecimalField(
        "smallest budget a year", max_digits=14, decimal_places=2, default=Decimal("50000"),
        validators=[MinValueValidator(0)], help_text=f"In {settings.COMPANY_CURRENCY}.",
    )  # fmt: skip
    timeline_months = models.PositiveSmallIntegerField("decision within (months)", default=6)
    stale_after_days = models.PositiveSmallIntegerField("evidence goes stale after (days)", default=45)
    discount_limit = models.DecimalField(
        "discount without approval, up to (%)", max_digits=5, decimal_places=2, default=Decimal(15),
        db_default=Decimal(15), validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="A proposal with more on any line wants the approval of a manager.",
    )  # fmt: skip
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.team}: {self.framework}"
