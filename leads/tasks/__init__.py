"""The room's Celery tasks, one module a subject."""

from leads.tasks import imports, scoring, submissions

__all__ = ["imports", "scoring", "submissions"]
