"""Account, people, when they are away, and teams."""

from django.urls import path

from people.views import absences, account, teams, users

app_name = "people"
urlpatterns = [
    path("account/", account.account, name="account"),
    path("account/sign-out-everywhere/", account.end_sign_ins, name="end_own_sign_ins"),
    path("theme/", account.theme, name="theme"),
    path("people/", users.users, name="users"),
    path("people/invite/", users.invite, name="invite"),
    path("people/<id:pk>/", users.user, name="user"),
    path("people/<id:pk>/switch-off/", users.switch_off, name="switch_off"),
    path("people/<id:pk>/switch-on/", users.switch_on, name="switch_on"),
    path("people/<id:pk>/invitation/", users.send_invitation, name="send_invitation"),
    path("people/<id:pk>/sign-out/", users.end_sign_ins, name="end_sign_ins"),
    path("people/<id:pk>/absences/", absences.absences, name="absences"),
    path("people/<id:pk>/absences/add/", absences.add, name="add_absence"),
    path("absences/<id:pk>/edit/", absences.edit, name="edit_absence"),
    path("absences/<id:pk>/remove/", absences.remove, name="remove_absence"),
    path("teams/", teams.teams, name="teams"),
    path("teams/add/", teams.add, name="add_team"),
    path("teams/<id:pk>/", teams.team, name="team"),
]
