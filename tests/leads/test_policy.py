"""How fast a team answers is its manager's to set."""

import datetime

import pytest
from django.utils import timezone

from leads.actions.policy import save_policy
from leads.models import Submission, TeamPolicy
from leads.tasks.submissions import forget_submissions
from presales.errors import NotAllowed, StaleEdit

pytestmark = pytest.mark.django_db


def test_a_manager_sets_the_own_teams_response_time(manager, admin, team):
    save_policy(manager, team, response_hours=2, version=0)
    assert save_policy(admin, team, response_hours=3, version=2).response_hours == 3
    assert TeamPolicy.objects.get(team=team).response_hours == 3


def test_others_do_not(ae, marketing, manager, team, other_team):
    for person, of in ((ae, team), (marketing, team), (manager, other_team)):
        with pytest.raises(NotAllowed):
            save_policy(person, of, response_hours=2, version=0)


def test_the_second_of_two_who_edit_is_asked(manager, team):
    save_policy(manager, team, response_hours=2, version=0)
    for version in (0, 1):
        with pytest.raises(StaleEdit):
            save_policy(manager, team, response_hours=8, version=version)


def test_a_version_that_was_made_up_is_asked_about_too(sign_in, manager, team):
    client, url = sign_in(manager), f"/teams/{team.pk}/response-time/"
    response = client.post(url, {"response_hours": 6, "version": 34})
    assert response.status_code == 409
    assert response.context["form"]["version"].value() == 0
    assert not TeamPolicy.objects.exists()


def test_the_page(sign_in, manager, ae, team, other_team):
    client, url = sign_in(manager), f"/teams/{team.pk}/response-time/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"response_hours": 6, "version": 0}).status_code == 302
    assert client.post(url, {"response_hours": 7, "version": 0}).status_code == 409
    assert client.post(url, {"response_hours": 0, "version": 2}).status_code == 422
    assert client.get(f"/teams/{other_team.pk}/response-time/").status_code == 404
    assert sign_in(ae).get(url).status_code == 403


def test_sent_forms_are_forgotten_after_a_week():
    now = timezone.now()
    Submission.objects.create(key="old", created_at=now - datetime.timedelta(days=8))
    Submission.objects.create(key="new")
    forget_submissions()
    assert list(Submission.objects.values_list("key", flat=True)) == ["new"]
