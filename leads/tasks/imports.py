"""Background jobs of imports."""

from celery import shared_task

from leads.actions import imports
from leads.tasks.conversion import train_conversion
from presales.jobs import nudge


@shared_task(name="leads.run_import")
def run_import(batch_id: int) -> None:
    """Check or import one batch."""
    imports.work(batch_id)
    nudge(train_conversion)  # where the file told of many endings, they are learned from at once


@shared_task(name="leads.resume_imports")
def resume_imports() -> None:
    """Go on with imports that lost their worker."""
    imports.resume_lost()
