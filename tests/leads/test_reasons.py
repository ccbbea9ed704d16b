"""The explanation of a score adds up to the score."""

import datetime

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.models import LeadScore
from leads.scoring import stale
from leads.scoring.reasons import reasons
from leads.scoring.sweep import sweep
from leads.seeds import seed
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import event, event_rule, fit_rule, group

pytestmark = pytest.mark.django_db


def days_ago(days):
    return timezone.now() - datetime.timedelta(days=days)


def test_every_point_is_named_and_the_ceiling_shows_what_it_cut():
    of = group(ceiling=25, name="Contact")
    fit_rule(20, "phone", "is_filled", of=of)
    fit_rule(20, "business_email", "is_filled", of=of)
    fit_rule(-5, "job_title", "is_empty")
    lead = LeadFactory(phone="1", job_title="")
    sweep()
    found = reasons(lead)
    contact, other = found.fit.groups
    assert [line.points for line in contact.lines] == [20, 20]
    assert (contact.cut, contact.points, other.points) == (-15, 25, -5)
    assert found.fit.exact == found.fit.value == LeadScore.objects.get(pk=lead.pk).fit == 20
    assert contact.lines[0].detail == "Phone number"
    assert other.lines[0].detail == "Job title is empty"
    assert not found.waiting


def test_events_are_counted_and_dated():
    event_rule(40, "demo_request")
    event_rule(2, "page_visit")
    lead = LeadFactory()
    event(lead, "demo_request", at=days_ago(21), created_at=days_ago(21))
    for days in (3, 1):
        event(lead, "page_visit", at=days_ago(days), created_at=days_ago(days))
    sweep()
    found = reasons(lead).engagement
    assert [line.detail for part in found.groups for line in part.lines] == [
        "Once, 21 days ago",
        "2 times, last yesterday",
    ]
    assert found.groups[0].points == pytest.approx(20, abs=0.001)
    assert found.value == LeadScore.objects.get(pk=lead.pk).engagement


def test_points_below_zero_or_above_a_hundred_are_accounted_for():
    fit_rule(-30, "company", "is_filled")
    lead = LeadFactory()
    sweep()
    found = reasons(lead).fit
    assert (found.limit, found.exact, found.value) == (30, 0, 0)


def test_a_lead_not_yet_scored_is_explained_and_waits():
    fit_rule(30, "company", "is_filled")
    found = reasons(LeadFactory())
    assert (found.total, found.waiting, found.fit.value) == (None, True, 30)


def test_changed_rules_show_that_the_score_waits():
    rule = fit_rule(30, "company", "is_filled")
    lead = LeadFactory()
    sweep()
    rule.points = 40
    rule.save()
    assert reasons(lead).waiting


def test_it_takes_four_queries(django_assert_num_queries):
    seed()
    lead = LeadFactory(job_title="VP Engineering", company=CompanyFactory(technologies=["AWS"]))
    event(lead, "meeting")
    with django_assert_num_queries(4):
        reasons(lead)


TITLES = st.sampled_from(["VP Engineering", "Student", "Director of IT", "Analyst", "", "CEO"])
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["demo_request", "page_visit", "meeting", "email_opened", "webinar_attended"]),
        st.integers(0, 400),
        st.floats(0.01, 10),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TITLES, employees=st.none() | st.integers(0, 100_000), events=EVENTS)
def test_the_reasons_of_any_lead_add_up_to_its_stored_score(title, employees, events):
    seed()
    lead = LeadFactory(job_title=title, company=CompanyFactory(employees=employees, industry="Software"))
    for kind, days, weight in events:
        event(lead, kind, at=days_ago(days), created_at=days_ago(days), weight=weight)
    stale.mark_leads([lead.pk])
    sweep()
    found, row = reasons(lead), LeadScore.objects.get(pk=lead.pk)
    assert found.fit.value == row.fit
    assert found.engagement.value == row.engagement
    assert not found.waiting


def test_the_panel_shows_them_and_nothing_of_others_leads(ae, sign_in, team, other_team):
    seed()
    lead = LeadFactory(team=team, job_title="VP <b>Engineering</b>", phone="1")
    event(lead, "demo_request")
    client = sign_in(ae)
    text = client.get(f"/leads/{lead.pk}/score/").content.decode()
    assert "Being computed" in text
    assert 'hx-trigger="load delay:1500ms"' in text
    sweep()
    text = client.get(f"/leads/{lead.pk}/score/").content.decode()
    assert "Demo request" in text
    assert "Vice president or head of" in text
    assert "hx-trigger" not in text
    other = LeadFactory(team=other_team)
    assert client.get(f"/leads/{other.pk}/score/").status_code == 404
