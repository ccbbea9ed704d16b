"""Who else wants the deal."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from presales.sql import Template

ROWS = """ARRAY(SELECT jsonb_build_object('pk', id, 'name', name, 'status', status, 'note', note)
              FROM deals_competitor WHERE opportunity_id = {0} ORDER BY id)"""


class CompetitorStatus(models.TextChoices):
    """How another vendor stands with the customer."""

    SUSPECTED = "suspected", "Suspected"
    ACTIVE = "active", "In the running"
    AHEAD = "ahead", "Ahead of us"
    INCUMBENT = "incumbent", "In place today"
    OUT = "out", "Out of the race"


@pghistory.track()
class Competitor(models.Model):
    """Another vendor, or the customer's own build, on one deal."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="competitors")
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=10, choices=CompetitorStatus, default=CompetitorStatus.ACTIVE)
    note = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["opportunity", "pk"]
        constraints = [
            models.UniqueConstraint("opportunity", Lower("name"), name="deals_competitor_once"),
            models.CheckConstraint(condition=Q(status__in=CompetitorStatus.values), name="deals_competitor_status"),
        ]
        indexes = [models.Index(Lower("name"), "opportunity", name="deals_competitor_by_name")]

    def __str__(self) -> str:
        return self.name


def with_competitors(deals: QuerySet) -> QuerySet:
    """Adds what `competitors_of` reads, so that the page of a deal needs no query of its own for them."""
    return deals.annotate(competitor_rows=Template(ROWS, F("pk"), output_field=ArrayField(models.JSONField())))


def competitors_of(deal: Opportunity) -> list[Competitor]:
    """The competitors of a deal that came through `with_competitors`, in the order they were named."""
    return [Competitor(**row) for row in deal.competitor_rows]
