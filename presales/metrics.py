"""Figures for Prometheus.

How long requests took is counted by each web process and added up over all of them through files
(PROMETHEUS_MULTIPROC_DIR, which `manage.py run` sets); what waits in the background is asked when Prometheus asks.
No figure names a person, a customer or an address with a key in it.
"""

import os
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from presales import health
from presales.models import JobRun, OutboxMail

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
UNKNOWN = "none"
_own = CollectorRegistry()
REQUESTS = Histogram(
    "presales_request_seconds", "Time from the request to the answer, by page.", ["page", "method", "status"],
    buckets=BUCKETS, registry=_own,
)  # fmt: skip
METHODS = {"GET", "HEAD", "POST"}


def count(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Note one answered request, by the name of its page; what is no page of ours is one and the same."""
    match = request.resolver_match
    method = request.method if request.method in METHODS else UNKNOWN
    REQUESTS.labels(match.view_name if match else UNKNOWN, method, str(response.status_code)).observe(seconds)


class Background(Collector):
    """What waits, what was given up, and when which job last ran."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family after the other; a figure that cannot be had is left out."""
        yield _gauge("presales_worker_heard_of_seconds", "Since a worker took a message.", health.heard_of_worker())
        yield _gauge("presales_queue_messages", "Messages that wait for a worker.", health.waiting_messages())
        stale = GaugeMetricFamily("presales_stale_rows", "Rows that are to be computed anew.", labels=["of"])
        aside = GaugeMetricFamily("presales_set_aside_rows", "Rows given up after three failures.", labels=["of"])
        for label, figures in health.stale_rows().items():
            stale.add_metric([label], figures["stale"])
            aside.add_metric([label], figures["set_aside"])
        yield stale
        yield aside
        mails = OutboxMail.objects
        yield _gauge(
            "presales_outbox_late_seconds", "By which the mail due longest is late.", mails.late(timezone.now())
        )
        yield _gauge("presales_outbox_given_up", "Mails that wait for an admin.", mails.given_up().count())
        started = GaugeMetricFamily("presales_job_started", "When a job last began, Unix time.", labels=["job"])
        took = GaugeMetricFamily("presales_job_seconds", "How long its last finished run took.", labels=["job"])
        failed = GaugeMetricFamily("presales_job_failed", "1 where its last run failed.", labels=["job"])
        for run in JobRun.objects.latest_of_each():
            started.add_metric([run.job], run.started_at.timestamp())
            failed.add_metric([run.job], bool(run.error))
            if run.seconds is not None:
                took.add_metric([run.job], run.seconds)
        yield from (started, took, failed)


def _gauge(name: str, what: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def exposition() -> bytes:
    """Everything, as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(Background())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(_own)
