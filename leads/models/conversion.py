"""The learned conversion probability: its versions, and what people decided about it."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from presales.learning import stored
from presales.learning.stored import ModelState

__all__ = ["ConversionModel", "ConversionSettings", "ModelState"]

HORIZON_DAYS = 180


@pghistory.track(exclude=["data", "report", "findings"])
class ConversionModel(stored.LearnedVersion):
    """One trained version; which one is in use stands in the settings of scoring."""

    class Meta(stored.LearnedVersion.Meta):
        constraints = [stored.state_constraint("leads_conversion_state")]


@pghistory.track(exclude=stored.NOT_TRACKED)
class ConversionSettings(stored.LearningSettings):
    """The one row of what people decided about learning how leads end."""

    horizon_days = models.PositiveSmallIntegerField(
        "count as lost after (days)", default=HORIZON_DAYS,
        validators=[MinValueValidator(stored.LEAST_HORIZON), MaxValueValidator(stored.MOST_HORIZON)],
        help_text="A lead that neither converted nor was disqualified counts as lost once it is this old.",
    )  # fmt: skip

    class Meta(stored.LearningSettings.Meta):
        constraints = stored.settings_constraints("leads_conversion")

    def __str__(self) -> str:
        return "Learned probability"
