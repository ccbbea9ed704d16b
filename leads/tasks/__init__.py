"""The room's Celery tasks, one module a subject."""

from leads.tasks import conversion, imports, scoring, submissions

__all__ = ["conversion", "imports", "scoring", "submissions"]
