"""Demos: what was shown for which requirement, in which environment, and what came of it."""

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from deals.models.library import LibraryItem
from deals.models.meetings import Meeting
from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.requirements import Requirement
from people.models import User

MOST_PARTS = 60


class DemoOutcome(models.TextChoices):
    """How it went down with the customer; empty while nobody has said."""

    CONVINCED = "convinced", "Convinced"
    PARTLY = "partly", "Partly"
    NOT = "not_convinced", "Not convinced"


@pghistory.track()
class Demo(models.Model):
    """One demo that was held on a deal; `meeting` where it was one of the deal's meetings."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="demos")
    title = models.CharField(max_length=200)
    held_on = models.DateField("held on")
    environment = models.CharField("shown in", max_length=200, blank=True)
    meeting = models.ForeignKey(Meeting, models.SET_NULL, null=True, blank=True, related_name="demos")
    outcome = models.CharField(max_length=13, choices=DemoOutcome, blank=True)
    note = models.TextField("what came of it", max_length=2000, blank=True)
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="deals_demo_titled"),
            models.CheckConstraint(condition=Q(outcome__in=["", *DemoOutcome.values]), name="deals_demo_outcome"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The demo's page."""
        return reverse("deals:demo", args=[self.pk])


class DemoPartQuerySet(models.QuerySet):
    """Parts of demos by what the domain asks of them."""

    def visible_to(self, user: User) -> "DemoPartQuerySet":
        """Those of the demos that `user` sees."""
        return self.filter(demo__in=Demo.objects.visible_to(user))


@pghistory.track()
class DemoPart(models.Model):
    """One thing that was shown: for which requirement, from which item of the library, and whether it convinced."""

    demo = models.ForeignKey(Demo, models.CASCADE, related_name="parts")
    order = models.PositiveSmallIntegerField(default=0, editable=False)
    what = models.CharField("what was shown", max_length=500)
    requirement = models.ForeignKey(Requirement, models.SET_NULL, null=True, blank=True, related_name="demo_parts")
    item = models.ForeignKey(
        LibraryItem, models.SET_NULL, null=True, blank=True, related_name="parts", verbose_name="from the library"
    )
    result = models.CharField("how it went down", max_length=13, choices=DemoOutcome, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = DemoPartQuerySet.as_manager()

    class Meta:
        ordering = ["demo", "order", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="deals_demo_part_says_what"),
            models.CheckConstraint(condition=Q(result__in=["", *DemoOutcome.values]), name="deals_demo_part_result"),
        ]

    def __str__(self) -> str:
        return self.what
