"""Background jobs of imports."""

from celery import shared_task

from leads.actions import imports


@shared_task(name="leads.run_import")
def run_import(batch_id: int) -> None:
    """Check or import one batch."""
    imports.work(batch_id)


@shared_task(name="leads.resume_imports")
def resume_imports() -> None:
    """Go on with imports that lost their worker."""
    imports.resume_lost()
