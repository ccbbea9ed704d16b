"""Opportunities, the board, the claim queue and the stages."""

from django.urls import path

from deals.views import exports, help_requests, opportunities, pairings, queue, rates, stages, stakeholders

app_name = "deals"
urlpatterns = [
    path("opportunities/", opportunities.opportunities, name="opportunities"),
    path("opportunities/export/", exports.export_opportunities, name="export_opportunities"),
    path("opportunities/add/", opportunities.create, name="add_opportunity"),
    path("opportunities/<id:pk>/", opportunities.opportunity, name="opportunity"),
    path("opportunities/<id:pk>/edit/", opportunities.edit, name="edit_opportunity"),
    path("opportunities/<id:pk>/owner/", opportunities.reassign, name="reassign_owner"),
    path("opportunities/<id:pk>/move/", stages.move, name="move_stage"),
    path("opportunities/<id:pk>/reopen/", stages.open_again, name="reopen"),
    path("opportunities/<id:pk>/ask/", queue.request_help, name="request_help"),
    path("opportunities/<id:pk>/withdraw/", queue.withdraw, name="withdraw_request"),
    path("opportunities/<id:pk>/claim/", queue.claim, name="claim"),
    path("opportunities/<id:pk>/hand-back/", queue.hand_back, name="hand_back"),
    path("opportunities/<id:pk>/no-go/", queue.no_go, name="no_go"),
    path("opportunities/<id:pk>/assign/", queue.assign, name="assign_se"),
    path("opportunities/<id:pk>/stakeholders/add/", stakeholders.add, name="add_stakeholder"),
    path("stakeholders/<id:pk>/edit/", stakeholders.edit, name="edit_stakeholder"),
    path("stakeholders/<id:pk>/remove/", stakeholders.remove, name="remove_stakeholder"),
    path("help-requests/<id:pk>/again/", help_requests.again, name="ask_again"),
    path("help-requests/<id:pk>/accept/", help_requests.accept, name="accept_anyway"),
    path("help-requests/<id:pk>/done/", help_requests.finish, name="finish_help_request"),
    path("help-requests/<id:pk>/withdraw/", help_requests.withdraw, name="withdraw_help_request"),
    path("pairings/", pairings.pairings, name="pairings"),
    path("pairings/add/", pairings.start, name="add_pairing"),
    path("pairings/<id:pk>/", pairings.pairing, name="pairing"),
    path("pairings/<id:pk>/charter/", pairings.propose, name="propose_charter"),
    path("pairings/<id:pk>/end/", pairings.end, name="end_pairing"),
    path("charters/<id:pk>/accept/", pairings.accept, name="accept_charter"),
    path("leads/<id:pk>/convert/", opportunities.convert, name="convert"),
    path("board/", opportunities.board, name="board"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<id:pk>/decline/", queue.decline, name="decline"),
    path("rates/", rates.rates, name="rates"),
    path("rates/add/", rates.add, name="add_rate"),
    path("rates/<id:pk>/edit/", rates.edit, name="edit_rate"),
    path("stages/", stages.stages, name="stages"),
    path("stages/<id:pk>/", stages.stage, name="stage"),
    path("stages/<id:pk>/criteria/add/", stages.add_criterion, name="add_criterion"),
    path("stages/criteria/<id:pk>/edit/", stages.change_criterion, name="change_criterion"),
    path("stages/criteria/<id:pk>/remove/", stages.remove_criterion, name="remove_criterion"),
    path("stages/<id:pk>/edit/", stages.edit, name="edit_stage"),
]
