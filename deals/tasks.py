"""Background jobs of the room."""

from celery import shared_task

from deals.actions.queue import fill_queue as fill


@shared_task
def fill_queue() -> None:
    """Enter what is qualified, open and unclaimed but, after a lost message, not in the queue."""
    fill()
