"""Home and the manager's figures. Every further screen of figures gets its line among `figures`."""

from django.urls import include, path

from insights.views import funnel, home, meetings, movement, pipeline, screens, search, week

figures = [
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/deals/", pipeline.deals, name="deals"),
    path("pipeline/deals/export/", pipeline.export_deals, name="export_deals"),
    path("insights/week/", week.week, name="week"),
    path("pipeline/meetings/", meetings.meetings, name="meetings"),
    path("insights/funnel/leads/", funnel.leads, name="funnel_leads"),
    path("insights/funnel/leads/export/", funnel.export_leads, name="export_funnel_leads"),
    path("insights/movement/deals/", movement.deals, name="movement_deals"),
    path("insights/movement/deals/export/", movement.export_deals, name="export_movement_deals"),
    path("pipeline/export/<slug:table>/", pipeline.export_table, name="export_table"),
]

for slug in screens.SCREENS:
    figures += [
        path(f"insights/{slug}/", screens.screen, {"slug": slug}, name=slug),
        path(f"insights/{slug}/export/<slug:table>/", screens.export_table, {"slug": slug}, name=f"export_{slug}"),
    ]

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("", include((figures, "insights"))),
]
