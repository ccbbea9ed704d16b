"""The huddle before a meeting and the two debriefs after it."""

import pghistory
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from deals.models.meetings import Attendee, Meeting
from deals.models.specialists import SpecialistRequest
from people.models import Role, User
from qualification.models import Evidence


class HuddleItem(models.TextChoices):
    """The five points that the pair goes through before a meeting."""

    PROSPECT = "prospect", "Read the prospect's website and news"
    OBJECTIVE = "objective", "Agree on the objective"
    SCREEN = "screen", "Decide who shares the screen"
    OPENING = "opening", "Decide who asks the opening questions"
    CALL_TO_ACTION = "action", "Agree on the call to action"


@pghistory.track()
class HuddlePoint(models.Model):
    """One point that the pair has gone through: who ticked it, when, and what came of it."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="huddle_points")
    item = models.CharField(max_length=10, choices=HuddleItem)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["meeting", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "item"], name="deals_huddle_point_once"),
            models.CheckConstraint(condition=Q(item__in=HuddleItem.values), name="deals_huddle_item"),
        ]

    def __str__(self) -> str:
        return self.get_item_display()


class DebriefQuerySet(models.QuerySet):
    """Debriefs by what the domain asks of them."""

    def visible_to(self, user: User) -> "DebriefQuerySet":
        """The own ones; the partner's once the own one is written; to those who were not part of it, both together.

        Managers and admins who do not take part themselves read each as soon as it is written. Specialists are not of
        the pair and write none, so they read as the others do. Where no SE came to a lead's meeting, one is all.
        """
        seen = self.filter(Exists(Meeting.objects.visible_to(user).filter(pk=OuterRef("meeting"))))
        others = Debrief.objects.filter(meeting=OuterRef("meeting"))
        own = Exists(others.filter(author=user))
        present = Attendee.objects.filter(meeting=OuterRef("meeting"))
        helps = SpecialistRequest.objects.filter(opportunity=OuterRef("meeting__opportunity"), specialist=user)
        of_pair = Q(meeting__opportunity__owner=user) | Q(meeting__opportunity__se=user) | Q(meeting__lead__owner=user)
        takes_part = of_pair | (Q(Exists(present.filter(user=user))) & ~Q(Exists(helps)))
        if user.role in (Role.MANAGER, Role.ADMIN):
            from_outside = ~takes_part
        else:
            no_se = Q(meeting__opportunity=None) & ~Q(Exists(present.filter(user__role=Role.SE)))
            se_wrote = Q(Exists(others.filter(lane=Debrief.Lane.SE))) | no_se
            from_outside = ~takes_part & Q(Exists(others.filter(lane=Debrief.Lane.AE))) & se_wrote
        return seen.filter(Q(author=user) | Q(own) | from_outside)


@pghistory.track()
class Debrief(models.Model):
    """What one person took from a meeting. Written alone, so that the second is not an echo of the first."""

    class Lane(models.TextChoices):
        """On which side of the pair the author stood."""

        AE = "ae", "AE"
        SE = "se", "SE"

    class RealPain(models.TextChoices):
        """Whether the pain behind the request came up."""

        YES = "yes", "Yes"
        PARTLY = "partly", "Partly"
        NO = "no", "No"

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="debriefs")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    lane = models.CharField(max_length=2, choices=Lane)
    missed = models.TextField("what did we miss?", max_length=3000)
    real_pain = models.CharField("did we find the real pain?", max_length=6, choices=RealPain)
    next_step_agreed = models.BooleanField("the next step is agreed with the customer", default=False)
    next_step = models.CharField(max_length=200, blank=True)
    context = models.PositiveSmallIntegerField(
        "did the SE have enough context?", choices=[(1, "1: none"), (2, "2"), (3, "3"), (4, "4"), (5, "5: all of it")]
    )
    evidence = models.ManyToManyField(Evidence, related_name="+", blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = DebriefQuerySet.as_manager()

    class Meta:
        ordering = ["meeting", "written_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "author"], name="deals_debrief_once"),
            models.CheckConstraint(condition=Q(lane__in=["ae", "se"]), name="deals_debrief_lane"),
            models.CheckConstraint(condition=Q(real_pain__in=["yes", "partly", "no"]), name="deals_debrief_pain"),
            models.CheckConstraint(condition=Q(context__gte=1, context__lte=5), name="deals_debrief_context"),
        ]

    def __str__(self) -> str:
        return f"Debrief of {self.author}"
