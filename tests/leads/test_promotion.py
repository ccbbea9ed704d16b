"""Leads whose score reaches their team's threshold become MQLs, once, whoever dies in between."""

import datetime

import pytest
from django.utils import timezone

from leads.models import Lead, LeadScore, LeadStage, ScoreRange, ScoringRule, TeamPolicy
from leads.scoring import engine, promotion, stale
from leads.scoring.rules import Ruleset
from leads.scoring.sweep import sweep
from tests.factories import LeadFactory, TeamFactory
from tests.leads.scoring_factories import bump, fit_rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule():
    return fit_rule(100, "phone", "is_filled")


def stage(lead):
    return Lead.objects.get(pk=lead.pk).stage


def test_the_team_decides_from_which_score_on(rule, team):
    TeamPolicy.objects.create(team=team, mql_threshold=51)
    easy = TeamFactory(name="Easy")
    TeamPolicy.objects.create(team=easy, mql_threshold=50)
    not_yet, now = LeadFactory(team=team, phone="1"), LeadFactory(team=easy, phone="1")
    sweep()
    assert LeadScore.objects.get(pk=now.pk).total == 50
    assert (stage(not_yet), stage(now)) == (LeadStage.NEW, LeadStage.MQL)


def test_without_a_policy_fifty_points_are_enough(rule, team):
    lead, other = LeadFactory(team=team, phone="1"), LeadFactory(team=team, phone="")
    sweep()
    assert (stage(lead), stage(other)) == (LeadStage.MQL, LeadStage.NEW)


def test_one_lead_scored_after_a_change_is_promoted_at_once(rule, team):
    lead = LeadFactory(team=team, phone="1")
    stale.mark_leads([lead.pk])
    engine.score_stale(lead_ids=[lead.pk])
    assert stage(lead) == LeadStage.MQL


def test_a_returned_lead_waits_for_marketing(rule, team):
    lead = LeadFactory(team=team, phone="1", return_reason="too_early")
    sweep()
    assert stage(lead) == LeadStage.NEW


def test_a_worker_killed_before_promoting_loses_nobody(rule, team, monkeypatch):
    lead = LeadFactory(team=team, phone="1")
    sweep_range = ScoreRange.objects.filter(first=lead.pk - lead.pk % engine.RANGE_SIZE)
    LeadFactory(team=team)
    sweep()
    Lead.objects.filter(pk=lead.pk).update(stage=LeadStage.NEW)
    monkeypatch.setattr(engine, "promote", lambda ids: 0)
    stale.mark_leads([lead.pk])
    engine.score_stale(lead_ids=[lead.pk])
    assert sweep_range.get().promoted is False
    assert stage(lead) == LeadStage.NEW
    sweep()
    assert stage(lead) == LeadStage.MQL


def test_a_failing_promotion_is_tried_again_and_stops_no_score(rule, team, monkeypatch, caplog):
    lead = LeadFactory(team=team, phone="1")

    def fail(*args):
        raise ValueError("no")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "promote_range", fail)
        patched.setattr(engine, "promote", fail)
        sweep()
    assert LeadScore.objects.get(pk=lead.pk).total == 50
    assert "promotion failed" in caplog.text
    sweep()
    assert stage(lead) == LeadStage.MQL


def test_a_lower_threshold_promotes_with_the_next_sweep(rule, team):
    policy = TeamPolicy.objects.create(team=team, mql_threshold=60)
    lead = LeadFactory(team=team, phone="1")
    sweep()
    policy.mql_threshold = 50
    policy.save()
    promotion.mark_all_for_promotion()
    sweep()
    assert stage(lead) == LeadStage.MQL


def test_a_nurtured_lead_comes_back_on_its_day(rule, team):
    today = timezone.now()
    lead = LeadFactory(team=team, phone="1", stage="nurture", nurture_until=today.date() + datetime.timedelta(days=3))
    sweep(today)
    assert stage(lead) == LeadStage.NURTURE
    Lead.objects.filter(pk=lead.pk).update(nurture_until=today.date())
    ScoreRange.objects.update(day=today.date() - datetime.timedelta(days=1))
    sweep(today)
    assert stage(lead) == LeadStage.MQL


def test_new_points_promote_who_rises_by_them(team):
    rule = fit_rule(60, "phone", "is_filled")
    lead, other = LeadFactory(team=team, phone="1"), LeadFactory(team=team)
    sweep()
    assert (stage(lead), stage(other)) == (LeadStage.NEW, LeadStage.NEW)
    ScoringRule.objects.filter(pk=rule.pk).update(points=100)
    bump()
    sweep()
    assert (stage(lead), stage(other)) == (LeadStage.MQL, LeadStage.NEW)


def test_new_points_promote_who_was_waiting_to_be_scored(rule, team):
    lead = LeadFactory(team=team, phone="1")
    sweep()
    Lead.objects.filter(pk=lead.pk).update(stage=LeadStage.NEW)
    stale.mark_leads([lead.pk])
    bump()
    now = timezone.now()
    for first in engine.behind(now, Ruleset.load()):
        engine.score_range(first, now)
    assert stage(lead) == LeadStage.MQL


def test_a_worker_killed_between_new_points_and_promoting_loses_nobody(team, monkeypatch):
    rule = fit_rule(60, "phone", "is_filled")
    lead = LeadFactory(team=team, phone="1")
    sweep()
    ScoringRule.objects.filter(pk=rule.pk).update(points=100)
    bump()
    with monkeypatch.context() as patched:
        patched.setattr(engine, "promote_range", lambda *args: 0)
        now = timezone.now()
        for first in engine.behind(now, Ruleset.load()):
            engine.score_range(first, now)
    assert stage(lead) == LeadStage.NEW
    sweep()
    assert stage(lead) == LeadStage.MQL
