"""People and teams from a file: inactive, in their team, with their manager, and taken back as one."""

import pytest

from leads.actions import imports as actions
from leads.imports.targets import registry, targets_for
from people.models import Team, User
from tests.leads.test_imports import imported

pytestmark = pytest.mark.django_db

FILE = """sales_agent,manager,regional_office
Anna Snelling,Dustin Brinkmann,Central
Moses Frase,Dustin Brinkmann,Central
Dustin Brinkmann,,Central
Mia Manager,,East
Anna  SNELLING,Somebody Else,West
"""


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_people_come_in_inactive_with_manager_and_team(admin, manager):
    batch = imported(admin, FILE, "people")
    assert (batch.created, batch.unchanged, batch.rejected) == (3, 1, 1)
    anna = User.objects.get(name="Anna Snelling")
    assert (anna.role, anna.is_active, anna.has_usable_password(), anna.email) == (
        "ae", False, False, "anna.snelling@imported.invalid",
    )  # fmt: skip
    assert (anna.manager.name, anna.manager.role) == ("Dustin Brinkmann", "manager")
    assert [team.name for team in anna.teams.all()] == ["Central"]
    assert not Team.objects.get(name="East").members.filter(pk=manager.pk).exists(), "who is known is not moved"


def test_owners_of_a_later_file_are_found_among_them(admin):
    imported(admin, FILE, "people")
    imported(admin, "Name,Email,Company,Lead Owner\nLena,lena@acme.example,Acme,anna snelling\n", "leads")
    lead = User.objects.get(name="Anna Snelling").leads.get()
    assert (lead.name, lead.owner_name, lead.team.name) == ("Lena", "", "Central")


def test_the_same_file_again_adds_nobody(admin):
    imported(admin, FILE, "people")
    again = imported(admin, FILE, "people")
    assert again.created == 0
    assert User.objects.filter(name="Moses Frase").count() == 1


def test_undo_keeps_whoever_has_work_by_now(admin):
    batch = imported(admin, FILE, "people")
    imported(admin, "Name,Email,Lead Owner\nLena,lena@acme.example,Anna Snelling\n", "leads")
    actions.undo(admin, batch)
    actions.work(batch.pk)
    assert set(User.objects.filter(is_active=False).values_list("name", flat=True)) == {
        "Anna Snelling", "Dustin Brinkmann",
    }  # fmt: skip
    assert Team.objects.filter(name="Central").exists()
    assert not Team.objects.filter(name="West").exists()


def test_only_admins_bring_people(admin, manager, ae, marketing):
    assert registry["people"] in targets_for(admin)
    for user in (manager, ae, marketing):
        assert registry["people"] not in targets_for(user)
