"""What the installation keeps about itself."""

import datetime
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

KEPT = datetime.timedelta(days=7)


@dataclass(frozen=True)
class Runs:
    """How one job went lately: how often it ran and failed, and its usual and its longest time in seconds."""

    ran: int = 0
    failed: int = 0
    usual: float | None = None
    longest: float | None = None


class JobRunQuerySet(models.QuerySet):
    """Runs by what the page of background work asks of them."""

    def latest_of_each(self) -> "JobRunQuerySet":
        """The run of every job that began last."""
        return self.order_by("job", "-started_at", "-pk").distinct("job")

    def since(self, moment: datetime.datetime) -> dict[str, Runs]:
        """By job, how the runs that began after `moment` went."""
        seconds = models.F("seconds")
        rows = self.filter(started_at__gt=moment).order_by().values_list("job")
        rows = rows.annotate(
            ran=models.Count("pk"), failed=models.Count("pk", filter=~models.Q(error="")), usual=Median(seconds),
            longest=models.Max(seconds),
        )  # fmt: skip
        return {job: Runs(*figures) for job, *figures in rows}

    def forgettable(self) -> "JobRunQuerySet":
        """Older than KEPT."""
        return self.filter(started_at__lt=timezone.now() - KEPT)


class Median(models.Aggregate):
    """The middle value, between two the one half-way."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = models.FloatField()


class JobRun(models.Model):
    """One run of a job that beat starts. A run that was killed never gets its `seconds`."""

    job = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(null=True, help_text="Empty while it runs, and for ever where it was killed.")
    error = models.CharField(max_length=500, blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["job", "-started_at"], name="presales_runs_of_job"),
            models.Index(fields=["started_at"], name="presales_runs_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.job} at {self.started_at:%Y-%m-%d %H:%M}"


class OutboxMailQuerySet(models.QuerySet):
    """Mail by where it stands."""

    def waiting(self) -> "OutboxMailQuerySet":
        """Not sent yet."""
        return self.filter(state=OutboxMail.State.WAITING)

    def late(self, now: datetime.datetime) -> float:
        """Seconds by which the mail that is due longest is late; 0 where none is."""
        due = self.waiting().filter(next_try_at__lte=now).order_by("next_try_at").values_list("next_try_at", flat=True)
        first = due.first()
        return (now - first).total_seconds() if first else 0.0

    def given_up(self) -> "OutboxMailQuerySet":
        """For an admin to look at: the server refused it too often, or nobody knows whether it took it."""
        return self.filter(state__in=[OutboxMail.State.FAILED, OutboxMail.State.UNSURE])


class OutboxMail(models.Model):
    """One mail that the domain owes somebody, written in the transaction of its cause; see presales/outbox.py.

    `key` names the cause, so that the same cause never makes a second mail.
    """

    class State(models.TextChoices):
        """Where a mail stands."""

        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Called off"
        FAILED = "failed", "Refused"
        UNSURE = "unsure", "Not known whether it was sent"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40, help_text="Decides who is asked, before it leaves, whether it is wanted.")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField(max_length=50000)
    html = models.TextField(max_length=200000, blank=True, default="", db_default="", help_text="The same as a page.")
    headers = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OutboxMailQuerySet.as_manager()

    class Meta:
        verbose_name = "mail"
        verbose_name_plural = "mails"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False), name="presales_sent_has_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at", "id"], condition=models.Q(state__in=["waiting", "sending"]),
                name="presales_outbox_due",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"mail {self.pk}, {self.kind}"
