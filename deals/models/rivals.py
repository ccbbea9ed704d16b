"""The directory of competitors: what we know of a vendor, whichever deals it turns up on."""

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from people.models import User


class RivalQuerySet(models.QuerySet):
    """Rivals by what the domain asks of them."""

    def visible_to(self, user: User) -> "RivalQuerySet":
        """All of them: what is known of a vendor is everybody's. Figures and deals go by what `user` sees."""
        return self


@pghistory.track()
class Rival(models.Model):
    """A competitor. The competitors of deals are the same one where their names are, whatever the capitals."""

    name = models.CharField(max_length=120)
    notes = models.TextField(max_length=3000, blank=True)
    strengths = models.TextField("where they are strong", max_length=2000, blank=True)
    weaknesses = models.TextField("where they are weak", max_length=2000, blank=True)
    how_to_win = models.TextField("how we win against them", max_length=3000, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = RivalQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="deals_rival_once"),
            models.CheckConstraint(condition=~Q(name=""), name="deals_rival_named"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The competitor's page."""
        from django.urls import reverse

        return reverse("deals:rival", args=[self.pk])
