"""Which form was already sent, so that sending it twice makes one lead."""

from django.db import models
from django.utils import timezone

from leads.models.leads import Lead


class Submission(models.Model):
    """One idempotency key and the lead it made. The key names its sender, so nobody meets another's."""

    key = models.CharField(max_length=140, primary_key=True)
    lead = models.ForeignKey(Lead, models.CASCADE, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key
