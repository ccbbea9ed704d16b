"""Addresses for machines: health and readiness."""

from django.urls import path

from presales import service_views

urlpatterns = [
    path("healthz", service_views.healthz, name="healthz"),
    path("readyz", service_views.readyz, name="readyz"),
]
