"""Nurture: tracks of steps for bands of leads, who is on them, and what was sent to whom."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leads.models.leads import Lead, LeadStage, Source
from leads.models.scoring import Band
from people.models import Role, Team, User
from presales.models import OutboxMail

NURTURED = [(stage.value, stage.label) for stage in (LeadStage.NEW, LeadStage.MQL, LeadStage.NURTURE)]
MAX_DAYS = 365


class TrackState(models.TextChoices):
    """Whether a track enrols and sends."""

    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"


class NurtureTrackQuerySet(models.QuerySet):
    """Tracks by what the domain asks of them."""

    def visible_to(self, user: User) -> "NurtureTrackQuerySet":
        """Marketing and admins keep tracks; others see what a track did on the pages of their leads."""
        return self if user.role in (Role.MARKETING, Role.ADMIN) else self.none()


@pghistory.track()
class NurtureTrack(models.Model):
    """What some leads hear of us, step by step. The rule says who: every condition has to hold, an empty one holds."""

    name = models.CharField(max_length=80, unique=True)
    bands = ArrayField(models.CharField(max_length=4, choices=Band), default=list)
    stages = ArrayField(models.CharField(max_length=12, choices=NURTURED), default=list)
    sources = ArrayField(models.CharField(max_length=20, choices=Source), default=list, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="nurture_tracks")
    quiet_days = models.PositiveSmallIntegerField(
        "quiet for", default=0, validators=[MaxValueValidator(MAX_DAYS)],
        help_text="Days since anything about the lead changed or happened. 0 asks nothing.",
    )  # fmt: skip
    state = models.CharField(max_length=8, choices=TrackState, default=TrackState.DRAFT)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = NurtureTrackQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TrackState.values), name="leads_nurture_track_state"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        """Enrols and sends."""
        return self.state == TrackState.RUNNING

    @property
    def source_labels(self) -> list[str]:
        """The sources of the rule, in words."""
        return [str(Source(source).label) for source in self.sources]


class StepKind(models.TextChoices):
    """What a step is."""

    EMAIL = "email", "E-mail"
    CASE_STUDY = "case_study", "Case study"
    WEBINAR = "webinar", "Webinar invitation"
    CALL = "call", "Call"


@pghistory.track()
class NurtureStep(models.Model):
    """One step: a mail, perhaps with a link to what it is about, or a call that somebody makes."""

    track = models.ForeignKey(NurtureTrack, models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind)
    order = models.PositiveSmallIntegerField(default=0)
    delay_days = models.PositiveSmallIntegerField(
        "days to wait", default=3, validators=[MaxValueValidator(MAX_DAYS)],
        help_text="After the step before; of the first one, after enrolment.",
    )  # fmt: skip
    subject = models.CharField(max_length=160, blank=True)
    body = models.TextField(max_length=10000)
    link = models.URLField(max_length=500, blank=True, validators=[URLValidator(["http", "https"])])
    is_active = models.BooleanField(default=True, editable=False, help_text="Off once removed: what was sent stays.")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["track", "order", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="leads_nurture_step_kind"),
            models.CheckConstraint(condition=Q(delay_days__lte=MAX_DAYS), name="leads_nurture_step_delay"),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def is_mail(self) -> bool:
        """Sent by mail; a call is not."""
        return self.kind != StepKind.CALL


class EnrolmentState(models.TextChoices):
    """Where a lead's way along a track stands."""

    RUNNING = "running", "On the way"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"


class StopReason(models.TextChoices):
    """Why somebody left a track before its end."""

    REPLIED = "replied", "Replied"
    STAGE = "stage", "Stage changed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    CONSENT = "consent", "No consent"
    ADDRESS = "address", "No address any more"
    MERGED = "merged", "Merged into another lead"
    BY_HAND = "by_hand", "Taken off by hand"


class NurtureEnrolment(models.Model):
    """A lead on a track. One track at a time, and each track once."""

    track = models.ForeignKey(NurtureTrack, models.CASCADE, related_name="enrolments")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="nurture")
    stage = models.CharField(max_length=12, help_text="The lead's stage at the beginning; leaving it ends the track.")
    state = models.CharField(max_length=8, choices=EnrolmentState, default=EnrolmentState.RUNNING)
    stop_reason = models.CharField(max_length=12, choices=StopReason, blank=True)
    next_step = models.ForeignKey(NurtureStep, models.SET_NULL, null=True, blank=True, related_name="+")
    next_due_at = models.DateTimeField(null=True, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-enrolled_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["track", "lead"], name="leads_nurture_once"),
            models.UniqueConstraint(fields=["lead"], condition=Q(state="running"), name="leads_nurture_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="running", ended_at=None) | (~Q(state="running") & Q(ended_at__isnull=False)),
                name="leads_nurture_ended_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="stopped") & ~Q(stop_reason="") | ~Q(state="stopped") & Q(stop_reason=""),
                name="leads_nurture_stopped_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["next_due_at", "id"], condition=Q(state="running"), name="leads_nurture_due"),
            models.Index(fields=["track", "state"], name="leads_nurture_by_track"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} on {self.track}"


class NurtureTouchQuerySet(models.QuerySet):
    """Touches by what the domain asks of them."""

    def calls_to_make(self) -> "NurtureTouchQuerySet":
        """Calls that nobody has made, of people who did not leave the track."""
        calls = self.filter(step__kind=StepKind.CALL, done_at=None)
        return calls.filter(enrolment__state__in=[EnrolmentState.RUNNING, EnrolmentState.FINISHED])


class NurtureTouch(models.Model):
    """One step that reached its day for one lead: the mail that it made, or the call that is to be made."""

    class Result(models.TextChoices):
        """What came of a call."""

        REACHED = "reached", "Spoke with them"
        NOT_REACHED = "not_reached", "Not reached"

    enrolment = models.ForeignKey(NurtureEnrolment, models.CASCADE, related_name="touches")
    step = models.ForeignKey(NurtureStep, models.PROTECT, related_name="touches")
    mail = models.OneToOneField(OutboxMail, models.PROTECT, null=True, blank=True, related_name="touch")
    due_at = models.DateTimeField(default=timezone.now)
    clicked_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=12, choices=Result, blank=True)
    note = models.CharField(max_length=500, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = NurtureTouchQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="leads_nurture_step_once")]
        indexes = [models.Index(fields=["step"], name="leads_nurture_touch_by_step")]

    def __str__(self) -> str:
        return f"{self.step} for {self.enrolment.lead}"


class Unsubscribed(models.Model):
    """An address that wants no more of this mail, whatever lead it belongs to now or later."""

    email_key = models.CharField(max_length=254, primary_key=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "unsubscribed"

    def __str__(self) -> str:
        return f"unsubscribed {self.at:%Y-%m-%d}"
