"""Dossiers and the frameworks they follow."""

from django.urls import path

from qualification.views import evidence, frameworks

app_name = "qualification"
urlpatterns = [
    path("dossiers/<id:dossier_id>/<id:criterion_id>/", evidence.criterion, name="criterion"),
    path("dossiers/<id:dossier_id>/<id:criterion_id>/record/", evidence.record, name="record_evidence"),
    path("evidence/<id:evidence_id>/withdraw/", evidence.withdraw, name="withdraw_evidence"),
    path("frameworks/", frameworks.frameworks, name="frameworks"),
    path("frameworks/add/", frameworks.add, name="add_framework"),
    path("frameworks/<id:pk>/", frameworks.framework, name="framework"),
    path("frameworks/<id:pk>/edit/", frameworks.edit, name="edit_framework"),
    path("frameworks/<id:pk>/criteria/add/", frameworks.add_criterion, name="add_criterion"),
    path("criteria/<id:pk>/edit/", frameworks.edit_criterion, name="edit_criterion"),
    path("teams/<id:team_id>/qualification/", frameworks.policy, name="policy"),
]
