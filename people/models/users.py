"""The people who sign in."""

import datetime
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pghistory
import rules
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from presales.sql import Template


class Role(models.TextChoices):
    """What a person does all day; decides what they may see and write."""

    MARKETING = "marketing", "Marketing"
    AE = "ae", "Account executive"
    SE = "se", "Solutions engineer"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Admin (RevOps)"


class Seniority(models.TextChoices):
    """How experienced a person is in the role."""

    ASSOCIATE = "associate", "Associate"
    SENIOR = "senior", "Senior"
    LEAD = "lead", "Lead"


# Active opportunities for an AE; weighted ones for an SE, who carries more with more experience.
AE_CAPACITY = 30
SE_CAPACITY = {Seniority.ASSOCIATE: 6, Seniority.SENIOR: 8, Seniority.LEAD: 10}


@dataclass(frozen=True, order=True)
class Span:
    """Days away, from `first` to `last`, both included."""

    first: datetime.date
    last: datetime.date

    @classmethod
    def read(cls, row: dict[str, str]) -> "Span":
        """From the words that the database gives."""
        return cls(datetime.date.fromisoformat(row["first"]), datetime.date.fromisoformat(row["last"]))


class UserQuerySet(models.QuerySet):
    """Users by what the domain asks of them."""

    def with_absences(self) -> "UserQuerySet":
        """Reads along when each is away, so that nobody is asked one by one."""
        from people.models.absences import SINCE, SPANS

        kind = ArrayField(models.JSONField())
        return self.annotate(absence_spans=Template(SPANS, models.F("pk"), SINCE, output_field=kind))

    def active(self) -> "UserQuerySet":
        """People who may sign in."""
        return self.filter(is_active=True)

    def in_role(self, *roles: str) -> "UserQuerySet":
        """Active people in one of `roles`."""
        return self.active().filter(role__in=roles)

    def visible_to(self, user: "User") -> "UserQuerySet":
        """Colleagues: admins and marketing see all; others those they share a visible team with, and themselves."""
        if user.role in (Role.ADMIN, Role.MARKETING):
            return self
        shared = self.model._meta.get_field("memberships").related_model.objects.filter(team__in=user.team_ids)
        return self.filter(models.Q(pk__in=shared.values("user")) | models.Q(pk=user.pk))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    """Creates users; the e-mail address is the name they sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A new user with `email` lower-cased; no password means none can be used until it is set."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """An admin (`manage.py createsuperuser`)."""
        return self.create_user(email, password, **{"role": Role.ADMIN, **fields})

    def get_by_natural_key(self, email: str) -> "User":
        """Look up by e-mail address, whatever its case."""
        return self.get(email=email.lower())


def validate_time_zone(name: str) -> None:
    """Accept names of the IANA time zone database only."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name} is not a known time zone.")


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person of ours."""

    email = models.EmailField("e-mail", max_length=254, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Role)
    title = models.CharField(max_length=120, blank=True)
    seniority = models.CharField(max_length=10, choices=Seniority, default=Seniority.SENIOR)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    skills = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    verticals = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")
    capacity = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Empty means the default: 6, 8 or 10 weighted opportunities for an associate, senior or lead SE, "
        "30 for an AE.",
    )
    is_active = models.BooleanField(default=True)
    weekly_mail = models.BooleanField(
        default=True, db_default=True, help_text="What changed within the week, on Monday mornings by your own clock."
    )
    sign_ins_ended = models.PositiveIntegerField("times signed out everywhere", default=0)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="people_user_email_lower_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="people_user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """By the rules of the rooms alone; nobody has permissions from Django's own tables, which would be asked."""
        return self.is_active and rules.has_perm(perm, self, obj)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Sessions carry this hash; a new password or a grown sign_ins_ended makes all of them void.
        return salted_hmac(
            "people.User.session", f"{self.password}:{self.sign_ins_ended}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @cached_property
    def absence_spans(self) -> list[dict[str, str]]:
        """The absences that are not over, as `UserQuerySet.with_absences` reads them for many people at once."""
        from people.models.absences import spans_of

        return spans_of([self.pk]).get(self.pk, [])

    @property
    def absences_ahead(self) -> list[Span]:
        """The absences that are not over by this person's own clock, the next first."""
        today = self.today
        return [span for span in map(Span.read, self.absence_spans) if span.last >= today]

    @property
    def away_until(self) -> datetime.date | None:
        """The last day of the absence that holds today, by this person's own clock; None for who is at work.

        Absences that follow one another without a day between count as one.
        """
        until, day = None, self.today
        for span in self.absences_ahead:
            if span.first > day:
                break
            until = span.last if until is None else max(until, span.last)
            day = until + datetime.timedelta(days=1)
        return until

    @property
    def is_away(self) -> bool:
        """Away today, by this person's own clock."""
        return self.away_until is not None

    @property
    def today(self) -> datetime.date:
        """The day it is where this person works."""
        return timezone.localdate(timezone=zoneinfo.ZoneInfo(self.time_zone))

    @property
    def effective_capacity(self) -> int | None:
        """How much this person can carry: the own figure, else that of role and seniority, else None (no limit)."""
        if self.capacity is not None:
            return self.capacity
        if self.role == Role.SE:
            return SE_CAPACITY[self.seniority]
        return AE_CAPACITY if self.role == Role.AE else None

    @cached_property
    def team_ids(self) -> frozenset[int]:
        """Ids of the teams whose work this person sees: the own ones, for a manager those below too, for an admin all.

        Cached on the instance, so one request asks the database once.
        """
        from people.models.teams import Team

        if self.role == Role.ADMIN:
            return frozenset(Team.objects.values_list("pk", flat=True))
        if self.role == Role.MANAGER:
            return frozenset(Team.objects.managed_by(self))
        return frozenset(self.memberships.values_list("team_id", flat=True))

    def is_any(self, *roles: str) -> bool:
        """Whether the person has one of `roles`."""
        return self.role in roles

    def has_skills(self, wanted: Iterable[str]) -> set[str]:
        """Those of `wanted` that this person brings, ignoring case."""
        mine = {skill.casefold() for skill in self.skills}
        return {skill for skill in wanted if skill.casefold() in mine}
