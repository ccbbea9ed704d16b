"""Addresses for machines: health and readiness."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
