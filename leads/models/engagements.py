"""What a lead did, and when."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leads.models.leads import Lead


class EngagementKind(models.TextChoices):
    """The kinds of engagement that rules can give points for."""

    DEMO_REQUEST = "demo_request", "Demo request"
    TRIAL_SIGNUP = "trial_signup", "Trial sign-up"
    WEBINAR_ATTENDED = "webinar_attended", "Webinar attended"
    CONTENT_DOWNLOADED = "content_downloaded", "Content downloaded"
    EMAIL_OPENED = "email_opened", "E-mail opened"
    EMAIL_CLICKED = "email_clicked", "E-mail clicked"
    EMAIL_REPLIED = "email_replied", "E-mail replied"
    PAGE_VISIT = "page_visit", "Page visit"
    MEETING = "meeting", "Meeting"


@pghistory.track()
class Engagement(models.Model):
    """One dated event. `weight` scales the rule's points, 1 being the usual."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="engagements", db_index=False)
    kind = models.CharField(max_length=20, choices=EngagementKind)
    channel = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=300, blank=True)
    weight = models.FloatField(default=1.0)
    occurred_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-occurred_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EngagementKind.values), name="leads_engagement_kind"),
            models.CheckConstraint(condition=Q(weight__gt=0, weight__lte=10), name="leads_engagement_weight"),
        ]
        indexes = [models.Index(fields=["lead", "-occurred_at"], name="leads_engagement_by_lead")]

    def __str__(self) -> str:
        return self.get_kind_display()
