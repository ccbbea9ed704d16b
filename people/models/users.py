"""The people who sign in."""

import zoneinfo
from collections.abc import Iterable
from functools import cached_property

import pghistory
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac


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


# Weighted opportunities for an SE, active opportunities for an AE.
DEFAULT_CAPACITY = {Role.SE: 8, Role.AE: 30}


class UserQuerySet(models.QuerySet):
    """Users by what the domain asks of them."""

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
        null=True, blank=True, help_text="Empty means the default: 8 weighted opportunities for an SE, 30 for an AE."
    )
    away_until = models.DateField(null=True, blank=True, help_text="On vacation up to and including this day.")
    is_active = models.BooleanField(default=True)
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

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Sessions carry this hash; a new password or a grown sign_ins_ended makes all of them void.
        return salted_hmac(
            "people.User.session", f"{self.password}:{self.sign_ins_ended}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_away(self) -> bool:
        """On vacation today, by the clock of whoever looks."""
        return self.away_until is not None and self.away_until >= timezone.localdate()

    @property
    def effective_capacity(self) -> int | None:
        """How much this person can carry: the own figure, else the role's default, else None (no limit)."""
        return self.capacity if self.capacity is not None else DEFAULT_CAPACITY.get(self.role)

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
