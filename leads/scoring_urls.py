"""Addresses of lead scoring; part of the room's."""

from django.urls import path

from leads.views import scoring

urlpatterns = [
    path("leads/<int:pk>/score/", scoring.score, name="score"),
]
