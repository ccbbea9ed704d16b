"""Home and the manager's figures. Every further screen of figures gets its line among `figures`."""

from django.urls import include, path

from insights.screens.entries import SCREENS
from insights.views import (
    dashboards,
    digest,
    funnel,
    home,
    listings,
    movement,
    objectives,
    pipeline,
    review,
    screens,
    search,
    week,
)

figures = [
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/deals/", pipeline.deals, name="deals"),
    path("pipeline/deals/export/", pipeline.export_deals, name="export_deals"),
    path("insights/review/", review.review, name="review"),
    path("insights/weekly-mail/", digest.preview, name="weekly_mail"),
    path("weekly-mail/<str:token>/off/", digest.off, name="digest_off"),
    path("insights/week/", week.week, name="week"),
    path("insights/week/export/", week.export_week, name="export_week"),
    path("insights/funnel/leads/", funnel.leads, name="funnel_leads"),
    path("insights/funnel/leads/export/", funnel.export_leads, name="export_funnel_leads"),
    path("insights/behind/<slug:what>/", listings.listing, name="behind"),
    path("insights/behind/<slug:what>/export/", listings.export_listing, name="export_behind"),
    path("insights/movement/deals/", movement.deals, name="movement_deals"),
    path("insights/movement/deals/export/", movement.export_deals, name="export_movement_deals"),
    path("dashboards/", dashboards.dashboards, name="dashboards"),
    path("dashboards/add/", dashboards.add, name="add_dashboard"),
    path("dashboards/starter/", dashboards.starting, name="starter"),
    path("dashboards/starter/keep/", dashboards.keep_starter, name="keep_starter"),
    path("dashboards/starter/cards/<slug:screen>/", dashboards.starting_part, name="starter_part"),
    path("dashboards/<id:pk>/", dashboards.dashboard, name="dashboard"),
    path("dashboards/<id:pk>/cards/<slug:screen>/", dashboards.part, name="dashboard_part"),
    path("dashboards/<id:pk>/edit/", dashboards.edit, name="edit_dashboard"),
    path("dashboards/<id:pk>/copy/", dashboards.copy, name="copy_dashboard"),
    path("dashboards/<id:pk>/remove/", dashboards.remove, name="remove_dashboard"),
    path("dashboards/<id:pk>/history/", dashboards.history, name="dashboard_history"),
    path("insights/goals/objectives/", objectives.objectives, name="objectives"),
    path("insights/goals/objectives/export/", objectives.export_objectives, name="export_objectives"),
    path("insights/goals/objectives/<id:pk>/progress/", objectives.progress, name="objective_progress"),
    path("pipeline/export/<slug:table>/", pipeline.export_table, name="export_table"),
]

for slug in SCREENS:
    figures += [
        path(f"insights/{slug}/", screens.screen, {"slug": slug}, name=slug),
        path(f"insights/{slug}/export/<slug:table>/", screens.export_table, {"slug": slug}, name=f"export_{slug}"),
    ]

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("", include((figures, "insights"))),
]
