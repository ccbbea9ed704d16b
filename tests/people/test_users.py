"""Admins invite, change and switch off people; somebody is always admin."""

import re

import pytest
from django.core import mail as outbox

from people.actions.users import change_person, switch_off
from people.models import Role, User
from presales import mail
from presales.errors import Conflict, NotAllowed
from tests.factories import LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


def fields_of(person, **changes):
    data = {
        "version": person.version, "name": person.name, "role": person.role, "title": person.title,
        "seniority": person.seniority, "time_zone": person.time_zone, "capacity": "", "skills": "", "verticals": "",
        "manager": "",
    }  # fmt: skip
    return data | changes


def test_an_invited_person_sets_the_own_password(admin, team, sign_in, client):
    sign_in(admin).post(
        "/people/invite/", {"name": "Nora New", "email": "Nora@ours.example", "role": "ae", "teams": [team.pk]}
    )
    nora = User.objects.get(email="nora@ours.example")
    assert not nora.has_usable_password()
    assert nora.team_ids == {team.pk}
    mail.wait()
    message = outbox.outbox[-1]
    assert message.to == ["nora@ours.example"]
    link = re.search(r"https?://[^/]+(/account/\S+)", message.body).group(1)
    form = client.get(link, follow=True)
    new = "seven green elephants"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert client.login(email="nora@ours.example", password=new)


def test_an_address_is_invited_once_whatever_its_case(admin, ae, sign_in):
    answer = sign_in(admin).post("/people/invite/", {"name": "Twin", "email": ae.email.upper(), "role": "ae"})
    assert answer.status_code == 422
    assert "already" in answer.content.decode()


def test_the_role_is_only_the_admins_to_give(admin, manager, ae, sign_in):
    assert sign_in(manager).get(f"/people/{ae.pk}/").status_code == 403
    assert sign_in(ae).post("/account/", {**fields_of(ae), "role": "admin"}).status_code == 302
    ae.refresh_from_db()
    assert ae.role == Role.AE
    sign_in(admin).post(f"/people/{ae.pk}/", fields_of(ae, role="manager"))
    ae.refresh_from_db()
    assert ae.role == Role.MANAGER


def test_teams_follow_the_form(admin, ae, team, other_team, sign_in):
    sign_in(admin).post(f"/people/{ae.pk}/", fields_of(ae, teams=[other_team.pk]))
    assert set(ae.teams.all()) == {other_team}


def test_the_last_admin_stays_admin_and_switched_on(admin, ae):
    second = UserFactory(role=Role.ADMIN)
    switch_off(second, admin)
    with pytest.raises(Conflict):
        switch_off(None, second)
    edited = User.objects.get(pk=second.pk)
    edited.role = Role.AE
    with pytest.raises(Conflict):
        change_person(second, edited, [], edited.version)
    with pytest.raises(NotAllowed):
        switch_off(ae, second)


def test_nobody_switches_off_themselves(admin):
    UserFactory(role=Role.ADMIN)
    with pytest.raises(Conflict):
        switch_off(admin, admin)


def test_switching_off_shows_what_the_person_holds_and_ends_the_sessions(admin, ae, sign_in):
    LeadFactory(owner=ae)
    theirs = sign_in(ae)
    client = sign_in(admin)
    assert "1 open leads" in client.get(f"/people/{ae.pk}/switch-off/").content.decode()
    client.post(f"/people/{ae.pk}/switch-off/")
    assert theirs.get("/").status_code == 302
    client.post(f"/people/{ae.pk}/switch-on/")
    ae.refresh_from_db()
    assert sign_in(ae).get("/").status_code == 200


def test_the_second_of_two_edits_is_shown_both_values(admin, ae, sign_in):
    client = sign_in(admin)
    stale = fields_of(ae, name="Second")
    client.post(f"/people/{ae.pk}/", fields_of(ae, name="First"))
    answer = client.post(f"/people/{ae.pk}/", stale)
    assert answer.status_code == 409
    assert "Now stored: First" in answer.content.decode()
    ae.refresh_from_db()
    assert ae.name == "First"


def test_the_list_takes_the_same_few_queries_for_any_number(admin, team, sign_in, django_assert_max_num_queries):
    UserFactory.create_batch(30, team=team)
    client = sign_in(admin)
    client.get("/people/")
    with django_assert_max_num_queries(12):
        client.get("/people/?q=person&sort=-last_login&role=ae")


@pytest.mark.parametrize("query", ["?cursor=junk", "?sort=password", "?role=root&state=x", "?q=%25"])
def test_strange_parameters_are_ignored(admin, sign_in, query):
    assert sign_in(admin).get(f"/people/{query}").status_code == 200


def test_unknown_people_are_not_there(admin, sign_in):
    assert sign_in(admin).get(f"/people/{2**70}/").status_code == 404
    assert sign_in(admin).get("/people/999999/").status_code == 404
