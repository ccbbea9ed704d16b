"""Home and the manager's figures. Every further screen of figures gets its line among `figures`."""

from django.urls import include, path

from insights.views import home, meetings, pipeline, search

figures = [
    path("pipeline/", pipeline.pipeline, name="pipeline"),
    path("pipeline/deals/", pipeline.deals, name="deals"),
    path("pipeline/deals/export/", pipeline.export_deals, name="export_deals"),
    path("pipeline/meetings/", meetings.meetings, name="meetings"),
    path("pipeline/export/<slug:table>/", pipeline.export_table, name="export_table"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("", include((figures, "insights"))),
]
