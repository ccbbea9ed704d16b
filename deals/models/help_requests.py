"""Demos and POCs that an AE asks for, measured against the charter, and the exceptions an SE makes."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity, Outcome
from deals.models.queue import HelpKind
from people.models import User

CHARTERED = [HelpKind.DEMO, HelpKind.POC]
"""The kinds of help that cost an SE days, and that a charter therefore sets a threshold for."""


class HelpRequestQuerySet(OfOpportunityQuerySet):
    """Requests by what the domain asks of them."""

    def unsettled(self) -> "HelpRequestQuerySet":
        """Held back or with the SE, on a deal that is open."""
        return self.filter(
            state__in=[HelpRequest.State.HELD, HelpRequest.State.WITH_SE], opportunity__outcome=Outcome.OPEN
        )


@pghistory.track()
class HelpRequest(models.Model):
    """A demo or POC that was held back by the charter, or that went to the deal's own SE.

    What goes to the team's SEs instead is a QueueEntry.
    """

    class State(models.TextChoices):
        """Where the request stands."""

        HELD = "held", "Held back"
        WITH_SE = "with_se", "With the SE"
        QUEUED = "queued", "Went to the claim queue"
        DONE = "done", "Done"
        WITHDRAWN = "withdrawn", "Withdrawn"

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="help_requests")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.label) for kind in CHARTERED])
    note = models.CharField("what is wanted", max_length=500, blank=True)
    requested_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State)
    missing = models.JSONField(default=list, help_text="What the charter missed when the request was measured last.")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = HelpRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity", "kind"], condition=Q(state__in=["held", "with_se"]), name="deals_help_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["held", "with_se"], settled_at=None)
                | (Q(state__in=["queued", "done", "withdrawn"], settled_at__isnull=False)),
                name="deals_help_settled",
            ),
            models.CheckConstraint(condition=Q(kind__in=["demo", "poc"]), name="deals_help_kind"),
        ]
        indexes = [
            models.Index(
                fields=["opportunity"], condition=Q(state__in=["held", "with_se"]), name="deals_help_unsettled"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.opportunity}"

    @property
    def is_held(self) -> bool:
        """The charter holds it back."""
        return self.state == self.State.HELD

    @property
    def is_with_se(self) -> bool:
        """The deal's SE has it."""
        return self.state == self.State.WITH_SE


@pghistory.track()
class CharterException(models.Model):
    """An SE took a request although the deal was below the charter's thresholds, and wrote down why."""

    request = models.OneToOneField(HelpRequest, models.CASCADE, related_name="exception")
    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="charter_exceptions")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.label) for kind in CHARTERED])
    missing = models.JSONField(help_text="What the charter missed at that moment.")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(default=timezone.now)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="deals_charter_exception_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.opportunity}, by {self.by}"
