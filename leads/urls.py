"""Leads, companies and web forms."""

from django.urls import path

from leads import scoring_urls
from leads.views import capture, companies, duplicates, exports, imports, leads, policy, stages

app_name = "leads"
urlpatterns = [
    *scoring_urls.urlpatterns,
    path("leads/", leads.leads, name="leads"),
    path("leads/export/", exports.export_leads, name="export_leads"),
    path("leads/new/", leads.log, name="log"),
    path("leads/new/duplicates/", leads.log_duplicates, name="log_duplicates"),
    path("leads/bulk/<slug:name>/", stages.bulk, name="bulk"),
    path("leads/<id:pk>/", leads.lead, name="lead"),
    path("leads/<id:pk>/edit/", leads.edit, name="edit"),
    path("leads/<id:pk>/timeline/", leads.timeline, name="timeline"),
    path("leads/<id:pk>/engagements/new/", leads.engagement, name="engagement"),
    path("leads/<id:pk>/comments/new/", leads.comment, name="comment"),
    path("leads/<id:pk>/accept/", stages.accept, name="accept"),
    path("leads/<id:pk>/qualify/", stages.qualify, name="qualify"),
    path("leads/<id:pk>/hand-over/", stages.move, {"name": "make_mql"}, name="make_mql"),
    path("leads/<id:pk>/return/", stages.move, {"name": "return"}, name="return"),
    path("leads/<id:pk>/nurture/", stages.move, {"name": "nurture"}, name="nurture"),
    path("leads/<id:pk>/disqualify/", stages.move, {"name": "disqualify"}, name="disqualify"),
    path("leads/<id:pk>/reopen/", stages.move, {"name": "reopen"}, name="reopen"),
    path("leads/<id:pk>/back/", stages.move, {"name": "move_back"}, name="move_back"),
    path("leads/<id:pk>/assign/", stages.move, {"name": "assign"}, name="assign"),
    path("leads/<id:pk>/route/", stages.move, {"name": "route"}, name="route"),
    path("leads/<id:pk>/duplicates/", duplicates.duplicates, name="duplicates"),
    path("leads/<id:pk>/merge/<id:other>/", duplicates.merge_leads, name="merge"),
    path("companies/", companies.companies, name="companies"),
    path("companies/new/", companies.add, name="add_company"),
    path("companies/suggest/", companies.suggest, name="suggest_companies"),
    path("companies/<id:pk>/", companies.company, name="company"),
    path("companies/<id:pk>/edit/", companies.edit, name="edit_company"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<id:pk>/", imports.import_batch, name="import"),
    path("imports/<id:pk>/match/", imports.match, name="match_columns"),
    path("imports/<id:pk>/confirm/", imports.confirm, name="confirm_import"),
    path("imports/<id:pk>/undo/", imports.undo, name="undo_import"),
    path("imports/<id:pk>/problems/", imports.problems, name="import_problems"),
    path("teams/<id:team_id>/response-time/", policy.policy, name="policy"),
    path("web-forms/", capture.capture_forms, name="capture_forms"),
    path("web-forms/new/", capture.add, name="add_capture_form"),
    path("web-forms/<id:pk>/", capture.capture_form, name="capture_form"),
    path("web-forms/<id:pk>/token/", capture.token, name="capture_token"),
    path("f/<slug:key>/", capture.public, name="public_form"),
    path("f/<slug:key>/thanks/", capture.thanks, name="public_thanks"),
    path("f/<slug:key>/post/", capture.post, name="public_post"),
]
