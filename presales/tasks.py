"""Jobs of the installation itself."""

from celery import shared_task

from presales import health, outbox
from presales.models import JobRun


@shared_task(name="presales.heartbeat", time_limit=20, soft_time_limit=15)
def heartbeat() -> None:
    """Tell `/readyz` that beat, broker and worker work together."""
    health.beat()


@shared_task(name="presales.forget_runs")
def forget_runs() -> None:
    """Forget the runs of jobs that are older than a week."""
    JobRun.objects.forgettable().delete()


@shared_task(name="presales.send_outbox", time_limit=300, soft_time_limit=280)
def send_outbox() -> None:
    """Send the mail that is due, some at a time."""
    for _ in range(20):
        if outbox.send() < outbox.BATCH:
            break
