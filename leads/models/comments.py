"""What people write down about a lead."""

import pghistory
from django.db import models
from django.utils import timezone

from leads.models.leads import Lead
from people.models import User


@pghistory.track()
class LeadComment(models.Model):
    """One comment. It is never edited, so the timeline stays what it was."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="comments", db_index=False)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=5000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["lead", "-created_at"], name="leads_comment_by_lead")]

    def __str__(self) -> str:
        return self.text[:60]
