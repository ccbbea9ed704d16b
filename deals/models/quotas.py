"""What a person or a team is to win in a quarter: the managers' to set."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from people.models import Membership, Role, Team, User
from presales import validity
from presales.quarters import label

STARTS = Q(quarter__day=1, quarter__month__in=[1, 4, 7, 10])


class QuotaQuerySet(models.QuerySet):
    """Quotas by who may know of them."""

    def visible_to(self, user: User) -> "QuotaQuerySet":
        """Admins see all; managers those of their teams and of the people in them; others their own."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.MANAGER:
            members = Membership.objects.filter(team__in=user.team_ids).values("user")
            return self.filter(Q(team__in=user.team_ids) | Q(user__in=members))
        return self.filter(user=user)


@validity.track(exclude=[])
class Quota(models.Model):
    """The amount in the company's currency that one person, or one team with all below it, is to win in a quarter."""

    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="quotas")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="quotas")
    quarter = models.DateField(help_text="Its first day.")
    amount = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    version = models.PositiveIntegerField(default=1)

    objects = QuotaQuerySet.as_manager()

    class Meta:
        ordering = ["-quarter", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, team__isnull=False) | Q(user__isnull=False, team=None), name="deals_quota_of_one"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="deals_quota_amount"),
            models.CheckConstraint(condition=STARTS, name="deals_quota_quarter"),
            models.UniqueConstraint(fields=["user", "quarter"], name="deals_quota_of_person_once"),
            models.UniqueConstraint(fields=["team", "quarter"], name="deals_quota_of_team_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.team}, {label(self.quarter)}"
