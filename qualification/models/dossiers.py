"""One dossier per pursuit: it starts on the lead and goes on with the opportunity."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from people.models import Team, User
from presales.derived import Derived, DerivedQuerySet
from qualification.models.frameworks import Criterion, Framework
from qualification.visibility import dossiers_visible_to


class Level(models.IntegerChoices):
    """How well something is known."""

    NEGATIVE = -1, "Negative"
    UNKNOWN = 0, "Unknown"
    ASSUMED = 1, "Assumed"
    STATED = 2, "Stated"
    VALIDATED = 3, "Validated"


class Status(models.TextChoices):
    """What a dossier amounts to; derived by the worker, never typed."""

    UNQUALIFIED = "unqualified", "Unqualified"
    IN_PROGRESS = "in_progress", "In progress"
    QUALIFIED = "qualified", "Qualified"
    AT_RISK = "at_risk", "At risk"
    DISQUALIFIED = "disqualified", "Disqualified"


class DossierQuerySet(models.QuerySet):
    """Dossiers by what the domain asks of them."""

    def visible_to(self, user: User) -> "DossierQuerySet":
        """Dossiers of the leads and opportunities that `user` sees."""
        return self.filter(dossiers_visible_to(user))


@pghistory.track()
class Dossier(models.Model):
    """The qualification of one pursuit. Its evidence says what is known, its status row what that amounts to."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="dossiers")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, help_text="Whose policy counts.")
    disqualified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = DossierQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.framework} dossier {self.pk}"


class EvidenceQuerySet(models.QuerySet):
    """Evidence by what the domain asks of it."""

    def current(self) -> "EvidenceQuerySet":
        """The one entry per criterion that counts now."""
        return self.filter(superseded_at=None)


@pghistory.track()
class Evidence(models.Model):
    """One dated entry: who told us what about a criterion, and the level that gives.

    The newest entry of a criterion counts; recording another supersedes it and loses nothing.
    """

    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="evidence")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="evidence")
    level = models.SmallIntegerField(choices=Level)
    text = models.TextField("what we know", max_length=5000, blank=True)
    source_person = models.CharField("who said so", max_length=160, blank=True)
    source_place = models.CharField("where", max_length=160, blank=True)
    observed_on = models.DateField("when")
    link = models.URLField(max_length=500, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default=settings.COMPANY_CURRENCY)
    decision_on = models.DateField("decision date", null=True, blank=True)
    person_name = models.CharField("name", max_length=160, blank=True)
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)
    superseded_at = models.DateTimeField(null=True, editable=False)
    is_withdrawn = models.BooleanField(default=False, editable=False)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "criterion"], condition=Q(superseded_at=None), name="qualification_one_current"
            ),
            models.CheckConstraint(condition=Q(level__range=(-1, 3)), name="qualification_evidence_level"),
            models.CheckConstraint(
                condition=Q(level__lt=2) | (~Q(text="") & ~Q(source_person="")),
                name="qualification_stated_wants_source",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="qualification_amount_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.get_level_display()}"


class DossierStatus(Derived):
    """What the worker derives from a dossier."""

    dossier = models.OneToOneField(Dossier, models.CASCADE, primary_key=True, related_name="derived")
    status = models.CharField(max_length=12, choices=Status, default=Status.UNQUALIFIED)
    completeness = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    weakest = models.ForeignKey(Criterion, models.SET_NULL, null=True, related_name="+", db_index=False)
    next_stale_on = models.DateField(null=True)

    objects = DerivedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "qualification statuses"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="qualification_status_known"),
            models.CheckConstraint(condition=Q(completeness__lte=100), name="qualification_completeness"),
        ]
        indexes = [
            models.Index(fields=["dossier"], condition=~Q(input_rev=F("computed_rev")), name="qualification_stale"),
            models.Index(fields=["next_due_at"], name="qualification_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}, {self.completeness} %"
