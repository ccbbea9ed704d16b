"""What the evidence says of a deal's chances, beside what is claimed."""

import pghistory
from django.db import models
from django.db.models import F, Q

from deals.models.opportunities import Opportunity
from deals.models.stages import Stage
from presales.derived import Derived, DerivedQuerySet


@pghistory.track()
class StageRecord(models.Model):
    """How deals that reached a stage ended in the last two years; written by the nightly job."""

    stage = models.OneToOneField(Stage, models.CASCADE, primary_key=True, related_name="record")
    ended = models.PositiveIntegerField(default=0)
    won = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.won} of {self.ended} won"


class EvidenceProbability(Derived):
    """The evidence-based probability of one open deal, with its factors; see deals/probability.py.

    What was learned comes with the version it is by, its log-odds and the facts it went by.
    """

    opportunity = models.OneToOneField(
        Opportunity, models.CASCADE, primary_key=True, related_name="evidence_probability"
    )
    percent = models.PositiveSmallIntegerField(null=True, help_text="None for a closed deal.")
    history = models.PositiveSmallIntegerField(null=True, help_text="Percent of similar deals that were won.")
    dossier = models.PositiveSmallIntegerField(null=True, help_text="Factor in percent, as the next three.")
    committee = models.PositiveSmallIntegerField(null=True)
    activity = models.PositiveSmallIntegerField(null=True)
    technical = models.PositiveSmallIntegerField(null=True)
    learned = models.PositiveSmallIntegerField(null=True, help_text="None where no version has proved itself.")
    logit = models.FloatField(null=True, editable=False)
    facts = models.JSONField(null=True, editable=False)
    learned_by = models.PositiveBigIntegerField(null=True, editable=False)

    objects = DerivedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "evidence probabilities"
        constraints = [models.CheckConstraint(condition=Q(percent=None) | Q(percent__lte=95), name="deals_evidence")]
        indexes = [
            models.Index(
                fields=["opportunity"], condition=~Q(input_rev=F("computed_rev")), name="deals_evidence_stale"
            ),
            models.Index(fields=["next_due_at"], name="deals_evidence_due"),
        ]

    def __str__(self) -> str:
        return "closed" if self.percent is None else f"{self.percent} %"
