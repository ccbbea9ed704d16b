"""A team's rules for its leads."""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from people.models import Team, User


@pghistory.track(exclude=["last_routed"])
class TeamPolicy(models.Model):
    """When a lead of the team becomes an MQL and how fast it wants an answer. No row means these defaults."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="lead_policy")
    mql_threshold = models.PositiveSmallIntegerField(
        "score for an MQL", default=50, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    response_hours = models.PositiveSmallIntegerField(
        "response time (working hours)", default=4, validators=[MinValueValidator(1), MaxValueValidator(400)]
    )
    last_routed = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", help_text="Where the round robin stands."
    )
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.team}: MQL from {self.mql_threshold}"
