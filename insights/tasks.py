"""Background jobs of the room."""

from celery import shared_task

from insights.digest.due import post_due


@shared_task(name="insights.weekly_mails", time_limit=840, soft_time_limit=800)
def weekly_mails() -> None:
    """Put the weekly mails of those whose Monday morning it is into the outbox."""
    post_due()
