"""The site: settings, URLs, Celery, embedded services and helpers that know nothing of the domain."""

import os

# numpy computes with one thread: sums come in the same order everywhere, and a training leaves the other cores to the
# pages. This is read when numpy is first imported, whichever library does that, so it stands before all others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from presales.celery import app as celery_app

__all__ = ["celery_app"]
