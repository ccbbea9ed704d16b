"""The room's Celery tasks, one module a subject."""

from leads.tasks import conversion, imports, nurture, scoring, submissions

__all__ = ["conversion", "imports", "nurture", "scoring", "submissions"]
