"""Logging and editing leads, what they did, and what is written down about them."""

import datetime
import threading

import pytest
from django.db import connection
from django.utils import timezone

from leads.actions.leads import comment, log_lead, move_all, record_engagement, update_lead
from leads.actions.stages import disqualify
from leads.models import Company, Lead, LeadScore, LeadStage
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def stale(lead):
    score = LeadScore.objects.get(lead=lead)
    return score.input_rev != score.computed_rev


# -- logging ------------------------------------------------------------------------------------------


def test_an_ae_owns_what_the_ae_logs(ae, team):
    lead = log_lead(ae, name="  Anna   Berg ", email="Anna@Acme.example", company_name="Acme", reason="met at a fair")
    assert (lead.name, lead.owner, lead.team, lead.created_by) == ("Anna Berg", ae, team, ae)
    assert (lead.company.name, lead.company.domain) == ("Acme", "acme.example")
    assert stale(lead)
    assert lead.events.get().pgh_context["reason"] == "met at a fair"


def test_marketings_leads_wait_with_the_team_of_the_territory(marketing, team):
    UserFactory(team=team)
    lead = log_lead(marketing, name="Anna", company_name="Acme")
    assert (lead.owner, lead.team) == (None, team)


def test_an_engineer_logs_no_leads(se):
    with pytest.raises(NotAllowed):
        log_lead(se, name="Anna")


def test_a_visible_company_is_found_by_domain_or_name(marketing):
    acme = CompanyFactory(name="Acme GmbH", domain="acme.example")
    assert (
        log_lead(marketing, name="A", company_name="Acme", company_domain="https://www.acme.example/x").company == acme
    )
    assert log_lead(marketing, name="B", email="b@acme.example").company == acme
    assert log_lead(marketing, name="C", company_name=" acme  gmbh").company == acme


def test_an_invisible_company_is_not_revealed(ae):
    acme = CompanyFactory(name="Acme", domain="acme.example", industry="Secret")
    lead = log_lead(ae, name="Anna", company_name="Acme", company_domain="acme.example")
    assert lead.company != acme
    assert lead.company.industry == ""
    assert log_lead(ae, name="Bert", company_name="Acme").company == lead.company


def test_a_mail_providers_domain_is_no_companys(marketing):
    lead = log_lead(marketing, name="Anna", email="anna@gmail.com", company_name="Acme")
    assert lead.company.domain == ""


def test_a_form_sent_twice_makes_one_lead(ae, marketing):
    first = log_lead(ae, name="Anna", idempotency_key="k1")
    assert log_lead(ae, name="Anna", idempotency_key="k1") == first
    assert log_lead(marketing, name="Anna", idempotency_key="k1") != first
    assert log_lead(ae, name="Anna", idempotency_key="k2") != first


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_many_times_at_once_makes_one_lead(ae):
    start = threading.Barrier(6)
    made = []

    def run():
        start.wait()
        try:
            made.append(log_lead(ae, name="Anna", company_name="Acme", idempotency_key="k").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [Lead.objects.get().pk] * 6
    assert Company.objects.count() == 1


def test_an_ae_cannot_log_into_a_strange_team(ae, team):
    assert log_lead(ae, name="Anna", team=TeamFactory()).team == team


def test_keys_fit_whatever_folding_does_to_the_name(marketing):
    assert len(log_lead(marketing, name="ß" * 160, company_name="ΐ" * 200).name_key) == 160


# -- editing ------------------------------------------------------------------------------------------


def test_an_edit_counts_up_and_marks_the_score_stale(ae, team):
    lead = LeadFactory(owner=ae, team=team)
    update_lead(ae, lead, version=1, job_title="Chief Technology Officer", reason="from her profile")
    lead.refresh_from_db()
    assert (lead.version, lead.seniority, lead.function) == (2, "executive", "engineering")
    assert stale(lead)
    assert lead.events.order_by("-pgh_id").first().pgh_context["reason"] == "from her profile"


def test_the_second_of_two_edits_is_refused(ae, team):
    lead = LeadFactory(owner=ae, team=team)
    update_lead(ae, lead, version=1, phone="1")
    with pytest.raises(StaleEdit):
        update_lead(ae, lead, version=1, phone="2")
    lead.refresh_from_db()
    assert lead.phone == "1"


def test_only_named_fields_can_be_edited(ae, team):
    lead = LeadFactory(owner=ae, team=team)
    with pytest.raises(ValueError, match="stage"):
        update_lead(ae, lead, version=1, stage="sql")


def test_a_colleague_reads_but_does_not_edit(team):
    lead = LeadFactory(owner=UserFactory(team=team), team=team)
    with pytest.raises(NotAllowed):
        update_lead(UserFactory(team=team), lead, version=1, phone="1")


def test_marketing_edits_until_an_ae_accepts(marketing, team, ae):
    fresh = LeadFactory(team=team, return_reason="bad_data")
    update_lead(marketing, fresh, version=1, phone="1")
    fresh.refresh_from_db()
    assert fresh.return_reason == ""
    with pytest.raises(NotAllowed):
        update_lead(marketing, LeadFactory(team=team, owner=ae, stage=LeadStage.SAL), version=1, phone="1")


def test_consent_is_dated(ae, team):
    lead = LeadFactory(owner=ae, team=team)
    assert update_lead(ae, lead, version=1, consent="given").consent_at is not None


# -- engagements and comments -------------------------------------------------------------------------


def test_an_engagement_marks_the_score_stale(ae, team):
    lead = LeadFactory(team=team)
    record_engagement(ae, lead, kind="meeting", channel="phone", note="Asked for a demo")
    assert lead.engagements.get().kind == "meeting"
    assert stale(lead)


def test_the_future_does_not_count(ae, team):
    lead = LeadFactory(team=team)
    with pytest.raises(Conflict, match="not happened yet"):
        record_engagement(ae, lead, kind="meeting", occurred_at=timezone.now() + datetime.timedelta(hours=1))


@pytest.mark.parametrize(("kind", "weight"), [("nonsense", 1), ("meeting", 0), ("meeting", 11), ("meeting", -1)])
def test_an_engagement_is_of_a_known_kind_and_weight(ae, team, kind, weight):
    with pytest.raises(Conflict):
        record_engagement(ae, LeadFactory(team=team), kind=kind, weight=weight)


def test_whoever_sees_a_lead_may_comment_and_nobody_else(ae, team, se):
    lead = LeadFactory(team=team)
    assert comment(ae, lead, text="  Nice call ").text == "Nice call"
    with pytest.raises(NotAllowed):
        comment(se, lead, text="Hello")
    with pytest.raises(Conflict):
        comment(ae, lead, text="   ")


# -- many at once -------------------------------------------------------------------------------------


def test_a_move_of_many_is_all_or_none(manager, team, ae):
    leads = [LeadFactory(team=team, owner=ae) for _ in range(3)]
    hidden = LeadFactory()
    seen = Lead.objects.visible_to(manager)
    with pytest.raises(Conflict, match="no longer there"):
        move_all(manager, seen, [lead.pk for lead in leads] + [hidden.pk], disqualify, why="no_fit")
    done = LeadFactory(team=team, stage=LeadStage.DISQUALIFIED, disqualify_reason="no_fit")
    with pytest.raises(Conflict, match="Nothing was changed"):
        move_all(manager, seen, [lead.pk for lead in leads] + [done.pk], disqualify, why="no_fit")
    assert not Lead.objects.filter(pk__in=[lead.pk for lead in leads]).exclude(stage="new").exists()
    assert move_all(manager, seen, [lead.pk for lead in leads], disqualify, why="no_fit", reason="list check") == 3
    assert leads[0].events.order_by("-pgh_id").first().pgh_context["reason"] == "list check"
