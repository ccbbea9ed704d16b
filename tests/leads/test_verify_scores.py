"""`manage.py verify_scores` finds every stored score that is not what it should be, and mends it."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from leads.models import Company, Engagement, Lead, LeadScore
from leads.scoring import verify
from leads.scoring.sweep import sweep
from leads.seeds import seed
from tests.factories import LeadFactory
from tests.leads.scoring_factories import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads():
    seed()
    made = [LeadFactory(phone="1") for _ in range(25)]
    for lead in made:
        event(lead, "meeting")
    sweep()
    return made


def run(*arguments):
    out = StringIO()
    try:
        call_command("verify_scores", *arguments, stdout=out)
    except SystemExit as stop:
        return out.getvalue(), stop.code
    return out.getvalue(), 0


def test_after_a_sweep_nothing_differs(leads):
    text, code = run()
    assert "Scores: 0 differ" in text
    assert code == 0


def test_a_score_changed_by_hand_is_found_and_repaired(leads):
    LeadScore.objects.filter(pk=leads[0].pk).update(total=99)
    text, code = run()
    assert code == 1
    assert f"lead {leads[0].pk}: stored 99" in text
    text, code = run("--fix")
    assert code == 0
    assert "1 repaired, 0 still differ" in text
    assert verify.differences() == []


def test_a_change_that_nobody_marked_is_found(leads):
    Company.objects.filter(leads=leads[1]).update(employees=5000)
    Lead.objects.filter(pk=leads[2].pk).update(phone="")
    Engagement.objects.filter(lead=leads[3]).delete()
    found = verify.differences()
    assert [difference.lead_id for difference in found] == [lead.pk for lead in leads[1:4]]
    assert not any(difference.waiting for difference in found)
    assert run("--fix")[1] == 0


def test_a_lead_without_a_score_row_is_found_and_gets_one(leads):
    LeadScore.objects.filter(pk=leads[4].pk).delete()
    text, code = run()
    assert (code, "stored no score" in text, "waiting for the sweep" in text) == (1, True, True)
    assert run("--fix")[1] == 0


def test_only_the_first_twenty_are_listed(leads):
    LeadScore.objects.update(total=100)
    text, _ = run()
    assert "25 differ" in text
    assert "and 5 more" in text


def test_a_row_set_aside_is_repaired_too(leads):
    LeadScore.objects.filter(pk=leads[0].pk).update(set_aside_at=timezone.now(), attempts=3, total=1)
    assert run("--fix")[1] == 0
    assert LeadScore.objects.get(pk=leads[0].pk).set_aside_at is None
