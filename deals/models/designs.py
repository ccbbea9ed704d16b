"""How we would build it for this customer: text and links, with every version kept."""

from dataclasses import dataclass

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import User

MAX_TEXT = 20_000
MAX_LINKS = 30


@dataclass(frozen=True)
class Link:
    """Where something can be read, and what it is called."""

    url: str
    title: str


@pghistory.track()
class SolutionDesign(models.Model):
    """The solution design of a deal as it stands. `version` numbers its versions, which the history keeps for ever:
    each row of it is one, with who saved it, when, and what they say has changed."""

    opportunity = models.OneToOneField(Opportunity, models.CASCADE, related_name="design")
    text = models.TextField("the design", max_length=MAX_TEXT)
    links = models.TextField(max_length=MAX_LINKS * 700, blank=True, help_text="One a line: address, then title.")
    note = models.CharField("what changed", max_length=300, blank=True)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    saved_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="deals_design_says_something")]

    def __str__(self) -> str:
        return f"Solution design {self.version}"

    def get_absolute_url(self) -> str:
        """The page of the deal's design."""
        return reverse("deals:design", args=[self.opportunity_id])


def links_of(text: str) -> list[Link]:
    """The links of a design, from its lines."""
    lines = (line.split(None, 1) for line in text.splitlines() if line.strip())
    return [Link(url, rest[0].strip() if rest else url) for url, *rest in lines]


def versions_of(design: SolutionDesign) -> models.QuerySet:
    """Every version of a design, the newest first, with its author: of each the row of the history that made it."""
    events = SolutionDesign._meta.get_field("events").related_model.objects.exclude(pgh_label="delete")
    made = events.filter(pgh_obj=design.pk).order_by("-version", "pgh_id").distinct("version")
    return made.select_related("author")
