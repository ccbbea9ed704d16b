"""Home and the manager's figures."""

from django.urls import path

from insights.views import home

urlpatterns = [path("", home.home, name="home")]
