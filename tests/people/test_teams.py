"""Teams: admins build the tree, managers see theirs with everybody's load."""

import pytest

from people.models import Membership, Role, Team
from people.workload import Load
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_manager_sees_the_own_teams_and_no_other(manager, team, other_team, ae, sign_in):
    below = TeamFactory(name="West Enterprise", parent=team)
    page = sign_in(manager).get("/teams/").content.decode()
    assert team.name in page
    assert below.name in page
    assert ae.name in page
    assert f">{other_team.name}<" not in page
    assert "Add a team" not in page
    assert sign_in(manager).get(f"/teams/{team.pk}/").status_code == 403


def test_an_admin_adds_a_team_with_its_territory_and_people(admin, ae, sign_in):
    answer = sign_in(admin).post(
        "/teams/add/",
        {"name": "North", "regions": "Nordics, Baltics", "verticals": "", "members": [ae.pk], "max_employees": 500},
    )
    assert answer.status_code == 302
    north = Team.objects.get(name="North")
    assert north.regions == ["Nordics", "Baltics"]
    assert Membership.objects.filter(team=north, user=ae).exists()


def test_a_team_is_never_below_itself(admin, team, sign_in):
    below = TeamFactory(parent=team)
    data = {"version": team.version, "name": team.name, "parent": below.pk}
    assert sign_in(admin).post(f"/teams/{team.pk}/", data).status_code == 422


def test_sizes_are_in_order(admin, sign_in):
    data = {"name": "Odd", "min_employees": 10, "max_employees": 5}
    answer = sign_in(admin).post("/teams/add/", data)
    assert answer.status_code == 422
    assert "must not be smaller" in answer.content.decode()


def test_the_second_of_two_edits_loses_nothing(admin, team, sign_in):
    client = sign_in(admin)
    data = {"version": team.version, "name": "First"}
    assert client.post(f"/teams/{team.pk}/", data).status_code == 302
    assert client.post(f"/teams/{team.pk}/", data | {"name": "Second"}).status_code == 409
    team.refresh_from_db()
    assert team.name == "First"


@pytest.mark.parametrize(("held", "tone"), [(0, "good"), (6, "good"), (7, "warn"), (8, "warn"), (9, "bad")])
def test_the_load_warns_from_four_fifths_on(held, tone):
    assert Load(held, 8).tone == tone


def test_the_page_takes_the_same_few_queries_for_any_number(admin, sign_in, django_assert_max_num_queries):
    for number in range(5):
        UserFactory.create_batch(4, team=TeamFactory(), role=[Role.AE, Role.SE][number % 2])
    client = sign_in(admin)
    client.get("/teams/")
    with django_assert_max_num_queries(12):
        client.get("/teams/")
