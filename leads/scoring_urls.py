"""Addresses of lead scoring; part of the room's."""

from django.urls import path

from leads.views import scoring

urlpatterns = [
    path("leads/<id:pk>/score/", scoring.score, name="score"),
    path("scoring/", scoring.scoring, name="scoring"),
    path("scoring/progress/", scoring.progress, name="scoring_progress"),
]
