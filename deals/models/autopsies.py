"""What is learned from a lost deal: AE and SE each look back alone, then agree on the lesson."""

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from deals.models.opportunities import LostReason, Opportunity
from people.models import Role, User
from qualification.models import Evidence


class AutopsyQuerySet(models.QuerySet):
    """Autopsies by what the domain asks of them."""

    def visible_to(self, user: User) -> "AutopsyQuerySet":
        """Those of the deals that `user` sees: the closing, the lesson, and who has written; not what they wrote."""
        return self.filter(opportunity__in=Opportunity.objects.visible_to(user))

    def current(self) -> "AutopsyQuerySet":
        """Those of the closing that counts; a deal that was opened again keeps the earlier ones as records."""
        return self.filter(reopened_at=None)

    def owed(self) -> "AutopsyQuerySet":
        """Those without an agreed lesson."""
        return self.filter(agreed_at=None, reopened_at=None)

    def owed_by(self, user: User) -> "AutopsyQuerySet":
        """Those that wait for `user`: the own view of a deal they own or held, or the lesson of the two."""
        return self.owed().filter(Q(opportunity__owner=user) | Q(opportunity__se=user))


@pghistory.track()
class Autopsy(models.Model):
    """The autopsy of one closing as lost, made by the closing itself; owed until its lesson is agreed.

    Reason and competitor are those of the closing, so that the record outlives a reopening.
    """

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="autopsies")
    closed_on = models.DateField("lost on")
    lost_reason = models.CharField(max_length=20, choices=LostReason)
    lost_to = models.CharField("competitor", max_length=120, blank=True)
    lesson = models.TextField("the lesson", max_length=3000, blank=True)
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = AutopsyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "autopsies"
        ordering = ["-closed_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opportunity"], condition=Q(reopened_at=None), name="deals_autopsy_one_current"
            ),
            models.CheckConstraint(condition=Q(lost_reason__in=LostReason.values), name="deals_autopsy_reason"),
            models.CheckConstraint(
                condition=Q(agreed_at=None, agreed_by=None)
                | (Q(agreed_at__isnull=False, agreed_by__isnull=False) & ~Q(lesson="")),
                name="deals_autopsy_agreed_lesson",
            ),
        ]
        indexes = [
            models.Index(
                fields=["closed_on"], condition=Q(agreed_at=None, reopened_at=None), name="deals_autopsy_owed"
            ),
            models.Index(fields=["-closed_on", "-id"], name="deals_autopsy_newest"),
        ]

    def __str__(self) -> str:
        return f"Autopsy of {self.opportunity}"

    @property
    def is_agreed(self) -> bool:
        """The two have agreed on the lesson."""
        return self.agreed_at is not None

    @property
    def is_record(self) -> bool:
        """It belongs to a closing that was undone."""
        return self.reopened_at is not None


class AutopsyViewQuerySet(models.QuerySet):
    """Views by what the domain asks of them."""

    def visible_to(self, user: User) -> "AutopsyViewQuerySet":
        """The own ones; the partner's once the own one is written; to everybody else on the deal, both together.

        Managers and admins who are not one of the two read each as soon as it is written. What has led to an agreed
        lesson, and the record of an earlier closing, is read by whoever sees the deal.
        """
        seen = self.filter(autopsy__in=Autopsy.objects.visible_to(user))
        others = AutopsyView.objects.filter(autopsy=OuterRef("autopsy"))
        own = Exists(others.filter(author=user))
        closed = Q(autopsy__agreed_at__isnull=False) | Q(autopsy__reopened_at__isnull=False)
        takes_part = Q(autopsy__opportunity__owner=user) | Q(autopsy__opportunity__se=user)
        if user.role in (Role.MANAGER, Role.ADMIN):
            from_outside = ~takes_part
        else:
            both = Exists(others.filter(lane=AutopsyView.Lane.AE)) & Exists(others.filter(lane=AutopsyView.Lane.SE))
            from_outside = ~takes_part & Q(both)
        return seen.filter(Q(author=user) | Q(own) | closed | from_outside)


@pghistory.track()
class AutopsyView(models.Model):
    """What one of the two sees looking back. Written alone, so that the second is not an echo of the first."""

    class Lane(models.TextChoices):
        """On which side of the pair the author stood."""

        AE = "ae", "AE"
        SE = "se", "SE"

    PRIVATE_FIELDS = frozenset({"missed", "first_known", "wrong", "again"})
    """Never shown by the history's renderer; see presales/history.py."""

    autopsy = models.ForeignKey(Autopsy, models.CASCADE, related_name="views")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    lane = models.CharField(max_length=2, choices=Lane)
    missed = models.TextField("what did we miss?", max_length=3000)
    first_known = models.CharField("when did we first know?", max_length=500)
    known_on = models.DateField("on which day, about", null=True, blank=True)
    wrong_evidence = models.ManyToManyField(Evidence, related_name="+", blank=True)
    wrong = models.TextField("which evidence was wrong?", max_length=2000, blank=True)
    again = models.TextField("what would we do again?", max_length=2000)
    written_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = AutopsyViewQuerySet.as_manager()

    class Meta:
        ordering = ["autopsy", "lane"]
        constraints = [
            models.UniqueConstraint(fields=["autopsy", "lane"], name="deals_autopsy_view_once"),
            models.CheckConstraint(condition=Q(lane__in=["ae", "se"]), name="deals_autopsy_view_lane"),
        ]

    def __str__(self) -> str:
        return f"{self.author}'s view"
