"""The site: settings, URLs, Celery, embedded services and helpers that know nothing of the domain."""

from presales.celery import app as celery_app

__all__ = ["celery_app"]
