"""Whatever changes what a score is made of marks it stale in the same transaction.

Each act here changes a lead, a company or an engagement in the way people do. Afterwards a score may differ from
a fresh computation, but then the sweep knows of it: a difference that nobody marked would stay for ever.
"""

import datetime

import pytest
from django.utils import timezone

from leads.actions import companies, duplicates, leads, stages
from leads.models import Engagement, Lead, LeadScore
from leads.scoring import masses, stale, verify
from leads.scoring.sweep import sweep
from leads.seeds import seed
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(team):
    seed()
    lead = LeadFactory(team=team, job_title="Analyst", company=CompanyFactory(employees=50))
    event(lead, "webinar_attended", at=timezone.now() - datetime.timedelta(days=3))
    LeadFactory(team=team)
    sweep()
    assert verify.differences() == []
    return lead


def unmarked():
    return [difference for difference in verify.differences() if not difference.waiting]


def settled():
    sweep()
    return verify.differences() == []


def test_recording_an_engagement(lead, marketing):
    leads.record_engagement(marketing, lead, kind="demo_request")
    assert LeadScore.objects.stale(timezone.now()).filter(pk=lead.pk).exists()
    assert unmarked() == []
    assert settled()


def test_merging_two_leads(lead, admin, team):
    other = LeadFactory(team=team, phone="1")
    event(other, "meeting")
    duplicates.merge(admin, lead, other)
    assert Engagement.objects.filter(lead=lead).count() == 2
    assert unmarked() == []
    assert settled()


def test_editing_a_company(lead, admin):
    companies.update_company(admin, lead.company, version=lead.company.version, employees=5000, industry="Software")
    assert unmarked() == []
    assert settled()


def test_moving_a_lead(lead, admin):
    stages.disqualify(admin, lead, why="no_fit", reason="Too small")
    assert unmarked() == []
    assert settled()


def test_deleting_engagements(lead):
    Engagement.objects.filter(lead=lead).delete()
    assert unmarked() != []  # this is what a forgotten mark looks like
    masses.rebuild([lead.pk])
    assert unmarked() == []
    assert settled()


def test_marking_a_company_marks_its_leads_and_no_other(lead):
    LeadScore.objects.update(set_aside_at=timezone.now(), attempts=3)
    assert stale.mark_company(lead.company_id) == 1
    assert LeadScore.objects.stale(timezone.now()).get().pk == lead.pk
    assert stale.mark_companies([lead.company_id, 0]) == 1
    assert stale.mark_leads([]) == 0


def test_a_row_that_fails_three_times_is_set_aside_and_the_rest_goes_on(lead, monkeypatch):
    from leads.scoring import engine

    full = engine.sql.full

    def fail(rules, day, scope):
        if lead.pk in scope.parameters[0]:
            raise ValueError("cannot")
        return full(rules, day, scope)

    others = list(Lead.objects.exclude(pk=lead.pk).values_list("pk", flat=True))
    with monkeypatch.context() as patched:
        patched.setattr(engine.sql, "full", fail)
        stale.mark_leads([lead.pk, *others])
        assert sweep().finished
    row = LeadScore.objects.get(pk=lead.pk)
    assert (row.attempts, row.set_aside_at is not None, row.last_error) == (3, True, "ValueError: cannot")
    assert not LeadScore.objects.stale(timezone.now()).exists()
    stale.mark_leads([lead.pk])
    assert settled()
