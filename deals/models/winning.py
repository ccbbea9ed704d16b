"""The learned win probability: its versions, and what people decided about it."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from presales.learning import stored

HORIZON_DAYS = 365


@pghistory.track(exclude=["data", "report", "findings"])
class WinModel(stored.LearnedVersion):
    """One trained version of what deals come to."""

    class Meta(stored.LearnedVersion.Meta):
        constraints = [stored.state_constraint("deals_win_model_state")]


@pghistory.track(exclude=[*stored.NOT_TRACKED, "applied"])
class WinSettings(stored.LearningSettings):
    """The one row of what people decided about learning how deals end, and which version is in use.

    `applied` is the version by which all evidence-based probabilities were last computed, 0 for none: the sweep
    computes them anew where it is not the one in use.
    """

    horizon_days = models.PositiveSmallIntegerField(
        "count as lost after (days)", default=HORIZON_DAYS,
        validators=[MinValueValidator(stored.LEAST_HORIZON), MaxValueValidator(stored.MOST_HORIZON)],
        help_text="A deal that is still open counts as lost once it is this old.",
    )  # fmt: skip
    model = models.ForeignKey(WinModel, models.SET_NULL, null=True, editable=False, related_name="+")
    applied = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta(stored.LearningSettings.Meta):
        constraints = stored.settings_constraints("deals_winning")

    def __str__(self) -> str:
        return "Learned win probability"
