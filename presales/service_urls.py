"""Addresses of the installation itself: health, figures for monitoring, background work."""

from django.urls import path

from presales import job_views, service_views

urlpatterns = [
    path("healthz", service_views.healthz, name="healthz"),
    path("readyz", service_views.readyz, name="readyz"),
    path("metrics", service_views.metrics, name="metrics"),
    path("jobs/", job_views.jobs, name="jobs"),
    path("jobs/<slug:kind>/retry/", job_views.retry, name="retry_jobs"),
]
