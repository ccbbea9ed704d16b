"""Files of many leads follow the same rules as the page of one: who may not change a lead changes it by no file."""

import pytest
from django.utils import timezone

from leads.models import Lead, LeadStage
from leads.visibility import leads_owned_by, leads_workable_by
from people.models import Role
from tests.factories import LeadFactory, TeamFactory, UserFactory
from tests.leads.test_imports import imported

pytestmark = pytest.mark.django_db

FILE = "Name,Email,Phone\nLena Ortiz,lena@acme.example,+1 555\n"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.parametrize("role", Role.values)
def test_the_lists_agree_with_the_permissions(role, team, other_team):
    below = TeamFactory(name="West, south", parent=team)
    user = UserFactory(role=role, team=team)
    mate = UserFactory(role=Role.AE, team=team)
    for stage in (LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.NURTURE):
        for where in (team, below, other_team):
            for owner in (user if role == Role.AE else mate, mate):
                until = timezone.localdate() if stage == LeadStage.NURTURE else None
                LeadFactory(stage=stage, team=where, owner=owner, nurture_until=until)
    for queryset, permission in (
        (leads_workable_by(Lead.objects.all(), user), "leads.change_lead"),
        (leads_owned_by(Lead.objects.all(), user), "leads.convert_lead"),
    ):
        allowed = {lead.pk for lead in Lead.objects.all() if user.has_perm(permission, lead)}
        assert set(queryset.values_list("pk", flat=True)) == allowed, permission


def test_an_import_fills_in_no_lead_of_a_mate(ae, team):
    mine = LeadFactory(email="me@acme.example", phone="", team=team, owner=ae)
    theirs = LeadFactory(email="lena@acme.example", phone="", team=team, owner=UserFactory(role=Role.AE, team=team))
    batch = imported(ae, FILE + "Me,me@acme.example,+1 777\n", fill=True)
    assert (batch.created, batch.updated, batch.unchanged) == (0, 1, 1)
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert (theirs.phone, mine.phone) == ("", "+1 777")


def test_the_manager_s_import_fills_it_in(manager, team):
    lead = LeadFactory(email="lena@acme.example", phone="", team=team)
    imported(manager, FILE, fill=True)
    lead.refresh_from_db()
    assert lead.phone == "+1 555"
