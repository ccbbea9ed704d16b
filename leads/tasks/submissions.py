"""Forgetting which forms were sent, once nobody will send them again."""

import datetime

from celery import shared_task
from django.utils import timezone

from leads.models import Submission

KEPT = datetime.timedelta(days=7)


@shared_task(name="leads.forget_submissions")
def forget_submissions() -> None:
    """Remove idempotency keys older than KEPT."""
    Submission.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
