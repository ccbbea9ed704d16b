"""What AEs and managers say a quarter will bring: dated calls that nobody changes afterwards."""

import pghistory
import pgtrigger
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.quotas import STARTS
from people.models import Membership, Role, Team, User
from presales.quarters import label


class ForecastCallQuerySet(models.QuerySet):
    """Calls by who may know of them."""

    def visible_to(self, user: User) -> "ForecastCallQuerySet":
        """Admins see all; managers those for their teams and of the people in them; AEs their own."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.MANAGER:
            members = Membership.objects.filter(team__in=user.team_ids).values("user")
            return self.filter(Q(team__in=user.team_ids) | Q(team=None, author__in=members))
        return self.filter(author=user)


@pghistory.track()
class ForecastCall(models.Model):
    """What its author, an AE, will win in a quarter; or, with a `team`, what a manager says that the team will.

    In the company's currency, and all that the quarter brings, what is won already with it. A later call of the same
    author for the same quarter replaces it in the forecast and leaves it in the record.
    """

    author = models.ForeignKey(User, models.PROTECT, related_name="forecast_calls")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="forecast_calls")
    quarter = models.DateField(help_text="Its first day.")
    amount = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    note = models.CharField(max_length=500, blank=True)
    called_at = models.DateTimeField(default=timezone.now)

    objects = ForecastCallQuerySet.as_manager()

    class Meta:
        ordering = ["-called_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="deals_call_amount"),
            models.CheckConstraint(condition=STARTS, name="deals_call_quarter"),
        ]
        triggers = [pgtrigger.Protect(name="calls_stay", operation=pgtrigger.Update)]
        indexes = [models.Index(fields=["quarter", "-called_at"], name="deals_calls_by_quarter")]

    def __str__(self) -> str:
        return f"{self.author}, {label(self.quarter)}"
