"""An AE and an SE who work together, and the charter by which they do."""

import datetime

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from people.models import Membership, Role, User
from presales.sql import Template

# When a pairing's next scrub and somebody's next alignment check fall due, by the charter in force: the pairing's key
# is {0}, since when it is {1}, the time zone {2}, the person {3}. For pages by `with_due`, and for the home pages.
_WEEKS = """
7 * coalesce((SELECT charter.%s FROM deals_charter charter WHERE charter.pairing_id = {0}
    AND charter.accepted_by_ae_at IS NOT NULL AND charter.accepted_by_se_at IS NOT NULL
  ORDER BY charter.number DESC LIMIT 1), %d)
"""
SCRUB_DUE = f"""
(coalesce((SELECT max(scrub.finished_at AT TIME ZONE {{2}})::date FROM deals_scrub scrub
  WHERE scrub.pairing_id = {{0}}), {{1}}) + {_WEEKS % ("scrub_weeks", 2)})
"""  # noqa: S608  our own text
ALIGNMENT_DUE = f"""
(coalesce((SELECT max(rating.rated_on) FROM deals_alignmentcheck rating
  WHERE rating.pairing_id = {{0}} AND rating.author_id = {{3}}), {{1}}) + {_WEEKS % ("alignment_weeks", 4)})
"""  # noqa: S608  our own text


class PairingQuerySet(models.QuerySet):
    """Pairings by what the domain asks of them."""

    def visible_to(self, user: User) -> "PairingQuerySet":
        """The own ones; for managers also those in which somebody of their teams works; admins see all."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.MANAGER:
            people = Membership.objects.filter(team__in=user.team_ids).values("user")
            return self.filter(Q(ae__in=people) | Q(se__in=people))
        return self.filter(Q(ae=user) | Q(se=user))

    def active(self) -> "PairingQuerySet":
        """Those that have not ended."""
        return self.filter(ended_on=None)

    def with_due(self, user: User | None = None) -> "PairingQuerySet":
        """Adds `scrub_due_on` and `alignment_due_on` (of `user`, one of the two), by the charter in force.

        The first ones fall due that many weeks after the two were paired.
        """
        own = [F("pk"), F("active_since"), Value(timezone.get_current_timezone_name())]
        day = models.DateField()
        return self.annotate(
            scrub_due_on=Template(SCRUB_DUE, *own, output_field=day),
            alignment_due_on=Template(ALIGNMENT_DUE, *own, Value(user and user.pk), output_field=day),
        )


@pghistory.track()
class Pairing(models.Model):
    """Two in a box: one AE and one SE."""

    ae = models.ForeignKey(User, models.PROTECT, related_name="pairings_as_ae", verbose_name="AE")
    se = models.ForeignKey(User, models.PROTECT, related_name="pairings_as_se", verbose_name="SE")
    active_since = models.DateField(default=timezone.localdate)
    ended_on = models.DateField(null=True, blank=True)

    objects = PairingQuerySet.as_manager()

    class Meta:
        ordering = ["-active_since", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["ae", "se"], condition=Q(ended_on=None), name="deals_pairing_once"),
            models.CheckConstraint(condition=~Q(ae=F("se")), name="deals_pairing_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.ae} and {self.se}"

    def get_absolute_url(self) -> str:
        """The pairing's page."""
        from django.urls import reverse

        return reverse("deals:pairing", args=[self.pk])

    def partner_of(self, user: User) -> User | None:
        """The other one of the two; None for somebody who is neither."""
        return {self.ae_id: self.se, self.se_id: self.ae}.get(user.pk)


def _between(least: int, most: int) -> list:
    return [MinValueValidator(least), MaxValueValidator(most)]


class CharterQuerySet(models.QuerySet):
    """Charters by what the domain asks of them."""

    def accepted(self) -> "CharterQuerySet":
        """Those that both have accepted."""
        return self.filter(accepted_by_ae_at__isnull=False, accepted_by_se_at__isnull=False)

    def visible_to(self, user: User) -> "CharterQuerySet":
        """Those of the pairings that `user` sees."""
        return self.filter(pairing__in=Pairing.objects.visible_to(user))


@pghistory.track()
class Charter(models.Model):
    """One version of a pairing's rules of engagement; in force is the newest that both have accepted."""

    pairing = models.ForeignKey(Pairing, models.CASCADE, related_name="charters")
    number = models.PositiveIntegerField("version")
    budget_required = models.BooleanField("a budget must exist", default=True)
    timeline_months = models.PositiveSmallIntegerField(
        "decision within (months)", default=6, validators=_between(1, 36)
    )
    sponsor_required = models.BooleanField("a sponsor at VP level or above is engaged", default=True)
    prep_minutes = models.PositiveSmallIntegerField("prep call (minutes)", default=15, validators=_between(5, 120))
    prep_hours_ahead = models.PositiveSmallIntegerField(
        "prep call ahead of the meeting (hours)", default=24, validators=_between(1, 168)
    )
    rescue_phrase = models.CharField(
        max_length=160, blank=True, default="Let us park that and come back to you in writing.",
        help_text="Said by either of you, it means: take over.",
    )  # fmt: skip
    pricing_by_ae = models.BooleanField("questions on price always go to the AE", default=True)
    scrub_weeks = models.PositiveSmallIntegerField(
        "go through the open deals every (weeks)", default=2, validators=_between(1, 12)
    )
    alignment_weeks = models.PositiveSmallIntegerField(
        "rate how you work together every (weeks)", default=4, db_default=4, validators=_between(1, 26)
    )
    note = models.CharField("what else you agree", max_length=1000, blank=True)
    proposed_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    accepted_by_ae_at = models.DateTimeField(null=True, blank=True)
    accepted_by_se_at = models.DateTimeField(null=True, blank=True)

    objects = CharterQuerySet.as_manager()

    class Meta:
        ordering = ["pairing", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["pairing", "number"], name="deals_charter_version_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, timeline_months__range=(1, 36), prep_minutes__range=(5, 120))
                & Q(prep_hours_ahead__range=(1, 168), scrub_weeks__range=(1, 12))
                & Q(alignment_weeks__range=(1, 26)),
                name="deals_charter_ranges",
            ),
        ]

    def __str__(self) -> str:
        return f"Charter of {self.pairing}, version {self.number}" if self.pairing_id else "The team's default charter"

    @property
    def is_accepted(self) -> bool:
        """Both have said yes."""
        return self.accepted_by_ae_at is not None and self.accepted_by_se_at is not None

    def accepted_at(self, user: User) -> datetime.datetime | None:
        """When `user`, one of the two, accepted; None while they have not."""
        return self.accepted_by_ae_at if user.pk == self.pairing.ae_id else self.accepted_by_se_at

    @property
    def waits_for(self) -> list[User]:
        """Who of the two has not accepted yet."""
        pair = self.pairing
        return [
            user
            for user, at in ((pair.ae, self.accepted_by_ae_at), (pair.se, self.accepted_by_se_at))
            if at is None
        ]  # fmt: skip

    @property
    def terms(self) -> list[tuple[str, str]]:
        """The agreement in words: what it is about, and what was agreed."""
        budget = "a budget exists" if self.budget_required else "a budget may still be open"
        sponsor = "a sponsor at VP level is engaged" if self.sponsor_required else "a sponsor may still be missing"
        return [
            ("Before a demo or a POC", f"{budget}, decision within {_count(self.timeline_months, 'month')}, {sponsor}"),
            ("Prep call", f"{self.prep_minutes} minutes, at least {_count(self.prep_hours_ahead, 'hour')} ahead"),
            ("Rescue phrase", f"“{self.rescue_phrase}”" if self.rescue_phrase else "none agreed"),
            ("Price", "always the AE's to answer" if self.pricing_by_ae else "whoever is asked answers"),
            ("Pipeline scrub", f"every {_count(self.scrub_weeks, 'week')}"),
            ("Alignment check", f"every {_count(self.alignment_weeks, 'week')}"),
            *([("Also agreed", self.note)] if self.note else []),
        ]


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
