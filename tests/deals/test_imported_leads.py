"""A file of deals converts the leads that the person may convert, and no others."""

import pytest

from deals.models import Opportunity
from people.models import Role
from tests.deals.factories import pipeline
from tests.factories import LeadFactory, UserFactory
from tests.leads.test_imports import imported
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db

FILE = "Name,Amount,Lead Id\nOurs,100,L-1\nTheirs,100,L-2\n"


@pytest.fixture
def leads(settings, tmp_path, team, ae):
    settings.MEDIA_ROOT = tmp_path
    framework()
    pipeline()
    mate = UserFactory(role=Role.AE, team=team)
    shared = {"stage": "sql", "team": team, "external_source": "import"}
    return [
        LeadFactory(owner=ae, external_id="L-1", **shared),
        LeadFactory(owner=mate, external_id="L-2", **shared),
    ]


def stages(leads):
    for lead in leads:
        lead.refresh_from_db()
    return [lead.stage for lead in leads]


def test_an_ae_converts_the_own_lead_by_a_file_and_not_a_mate_s(leads, ae):
    assert imported(ae, FILE, "opportunities").created == 2
    assert stages(leads) == ["converted", "sql"]
    assert Opportunity.objects.get(name="Theirs").lead is None
    assert Opportunity.objects.get(name="Theirs").dossier_id != leads[1].dossier_id


def test_the_manager_converts_both(leads, manager):
    imported(manager, FILE, "opportunities")
    assert stages(leads) == ["converted", "converted"]
