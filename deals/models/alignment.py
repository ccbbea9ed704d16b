"""Alignment checks: how each of a pair rates working together, and what would make it a 10.

What somebody wishes for lives in a row of its own, so that whoever reads the scores has not read the words.
"""

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.pairings import Pairing
from people.models import Role, User

LOWEST, HIGHEST = 1, 10


def _read_by(user: User, prefix: str = "") -> Q:
    """Ratings that `user` may know of: the own ones, and of the pair's other one those that were shared."""
    in_pair = Q(**{f"{prefix}pairing__ae": user}) | Q(**{f"{prefix}pairing__se": user})
    return Q(**{f"{prefix}author": user}) | (in_pair & Q(**{f"{prefix}is_shared": True}))


class AlignmentCheckQuerySet(models.QuerySet):
    """Ratings by what the domain asks of them."""

    def visible_to(self, user: User) -> "AlignmentCheckQuerySet":
        """The own ones and what the partner shared; managers and admins, unless they are one of the two, see all."""
        readable = _read_by(user)
        if user.role in (Role.MANAGER, Role.ADMIN):
            readable |= ~Q(pairing__ae=user) & ~Q(pairing__se=user)
        return self.filter(readable, pairing__in=Pairing.objects.visible_to(user))


@pghistory.track()
class AlignmentCheck(models.Model):
    """One person's score for the pairing on one day. The words are an AlignmentWish."""

    pairing = models.ForeignKey(Pairing, models.CASCADE, related_name="alignment_checks")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField(
        "how well do you work together?", validators=[MinValueValidator(LOWEST), MaxValueValidator(HIGHEST)]
    )
    rated_on = models.DateField(default=timezone.localdate)
    is_shared = models.BooleanField("the partner reads it", default=False)

    objects = AlignmentCheckQuerySet.as_manager()

    class Meta:
        ordering = ["-rated_on", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["pairing", "author", "rated_on"], name="deals_alignment_once_a_day"),
            models.CheckConstraint(condition=Q(score__range=(LOWEST, HIGHEST)), name="deals_alignment_score"),
        ]

    def __str__(self) -> str:
        return f"{self.author}: {self.score} of {HIGHEST}"


class AlignmentWishQuerySet(models.QuerySet):
    """Wishes by who may read them."""

    def visible_to(self, user: User) -> "AlignmentWishQuerySet":
        """The one rule for the words: the writer's own, and what the writer shared with the partner.

        Managers and admins read what was shared, never what was not.
        """
        readable = _read_by(user, "check_of__")
        if user.role in (Role.MANAGER, Role.ADMIN):
            readable |= Q(check_of__is_shared=True)
        return self.filter(readable, check_of__pairing__in=Pairing.objects.visible_to(user))


@pghistory.track()
class AlignmentWish(models.Model):
    """What would make the pairing a 10, in its writer's words."""

    PRIVATE_FIELDS = frozenset({"text"})
    """Never shown by the history's renderer; see presales/history.py."""

    check_of = models.OneToOneField(AlignmentCheck, models.CASCADE, primary_key=True, related_name="wish")
    text = models.TextField("what would make it a 10?", max_length=1000)

    objects = AlignmentWishQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "alignment wishes"

    def __str__(self) -> str:
        return "What would make it a 10"
