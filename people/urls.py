"""Account, people and teams."""

from django.urls import path

from people.views import account

app_name = "people"
urlpatterns = [
    path("account/", account.account, name="account"),
    path("theme/", account.theme, name="theme"),
]
