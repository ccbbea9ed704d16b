"""Addresses of lead scoring; part of the room's."""

from django.urls import path

from leads.views import conversion, scoring

urlpatterns = [
    path("leads/<id:pk>/score/", scoring.score, name="score"),
    path("scoring/", scoring.scoring, name="scoring"),
    path("scoring/progress/", scoring.progress, name="scoring_progress"),
    path("scoring/learned/", conversion.conversion, name="conversion"),
    path("scoring/learned/progress/", conversion.progress, name="conversion_progress"),
    path("scoring/learned/train/", conversion.train, name="train_conversion"),
    path("scoring/learned/fields/", conversion.fields, name="conversion_fields"),
    path("scoring/learned/release/", conversion.release, name="release_conversion"),
    path("scoring/learned/versions/<id:pk>/use/", conversion.use, name="use_conversion"),
]
