"""The room's Celery tasks, one module a subject."""

from leads.tasks import imports, scoring

__all__ = ["imports", "scoring"]
