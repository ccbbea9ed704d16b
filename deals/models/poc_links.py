"""Links under which a customer reads the plan of a POC without signing in."""

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from deals.models.pocs import OfPocQuerySet, Poc
from people.models import User

MOST_LINKS = 20
"""Valid ones of one POC."""


class PocLinkQuerySet(OfPocQuerySet):
    """Links by what the domain asks of them."""

    def valid(self) -> "PocLinkQuerySet":
        """Neither revoked nor expired."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


@pghistory.track(exclude=["token_hash", "last_opened_at"])
class PocLink(models.Model):
    """A link under which the customer reads the plan without signing in. The token itself is nowhere stored."""

    poc = models.ForeignKey(Poc, models.CASCADE, related_name="links")
    label = models.CharField("for whom", max_length=120)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField("how it begins", max_length=6, editable=False)
    shows_names = models.BooleanField("names people", default=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_opened_at = models.DateTimeField(null=True, blank=True)

    objects = PocLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "shared link"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="deals_poc_link_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… for {self.label}"

    @property
    def state(self) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at > timezone.now() else "expired"
