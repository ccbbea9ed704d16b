"""The room's Celery tasks, one module a subject."""

from leads.tasks import scoring

__all__ = ["scoring"]
