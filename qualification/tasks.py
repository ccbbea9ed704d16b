"""Background jobs of the room: thin, safe to run twice and at the same time."""

from celery import shared_task
from django.utils import timezone

from qualification import status


@shared_task
def derive_dossier(dossier_id: int) -> None:
    """Derive one dossier's status, right after it changed."""
    status.derive([dossier_id], timezone.now())


@shared_task
def sweep_statuses() -> None:
    """Derive whatever is stale: what a lost message left, and what a deadline changed."""
    status.sweep_statuses(timezone.now())


@shared_task
def derive_all() -> None:
    """Derive every status once a night, so that a day that went wrong is right again by morning."""
    status.repair(timezone.now())
