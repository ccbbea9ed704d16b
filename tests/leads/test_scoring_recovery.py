"""A worker killed in the middle of a rescore loses nothing: one sweep later every score is what it should be."""

import os
import random
import signal
import time

import pytest
from django.db import connection
from django.utils import timezone

from leads.freshness import scores_stale
from leads.models import Lead, LeadScore, ScoreRange, ScoringRule
from leads.scoring import verify
from leads.scoring.rules import Ruleset
from leads.scoring.sweep import sweep
from leads.seeds import seed
from leads.tasks.scoring import score_all
from presales.celery import app
from tests.factories import LeadFactory
from tests.leads import oracle
from tests.leads.scoring_factories import bump, fit_rule
from tests.leads.workers import start_worker, wait_for

LEADS = 100_000
KILLS = 3


def build():
    """Leads and events as rows, without their history: triggers are not what this is about."""
    seed()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""
            INSERT INTO leads_company (name, name_key, domain, industry, employees, country, region, technologies,
                created_at, version)
            SELECT 'C' || n, 'c' || n, '', (ARRAY['Software', 'Retail', ''])[1 + n % 3], n % 3000, '', '',
                (ARRAY['{{}}', '{{AWS,Kafka}}'])[1 + n % 2]::varchar[], now(), 1
            FROM generate_series(1, 2000) n;
            INSERT INTO leads_lead (name, name_key, email, email_key, phone, job_title, seniority, function, company_id,
                source, campaign, consent, notes, owner_name, stage, stage_since, return_reason, disqualify_reason,
                external_source, external_id, created_at, version, nurture_until)
            SELECT 'L' || n, 'l' || n, m, m, CASE WHEN n % 3 = 0 THEN '' ELSE '1' END, '',
                (ARRAY['vp', 'individual', 'entry', ''])[1 + n % 4], (ARRAY['it', ''])[1 + n % 2], c.id, 'event', '',
                'unknown', '', '', 'nurture', now(), '', '', '', '', now(), 1, current_date + 99
            FROM generate_series(1, {LEADS}) n,
                LATERAL (SELECT 'l' || n || '@c.example' AS m) e,
                LATERAL (SELECT min(id) + n % 2000 AS id FROM leads_company) c;
            INSERT INTO leads_engagement (lead_id, kind, channel, note, weight, occurred_at, created_at)
            SELECT l.id, (ARRAY['page_visit', 'meeting', 'email_opened'])[1 + n % 3], '', '', 1, at, at
            FROM generate_series(1, {LEADS} * 2) n,
                LATERAL (SELECT now() - (n % 90) * interval '1 day' AS at) w,
                LATERAL (SELECT min(id) + n * 7919 % {LEADS} AS id FROM leads_lead) l;
            """
        )
        cursor.execute("SET session_replication_role = origin")


def ranges_done():
    return ScoreRange.objects.filter(revision=Ruleset.load().revision).count()


@pytest.mark.django_db(transaction=True)
def test_every_score_is_right_one_sweep_after_kill_9():
    build()
    assert sweep().finished
    assert LeadScore.objects.count() == LEADS
    rule = ScoringRule.objects.get(name="Meeting")
    interrupted = 0
    for number in range(KILLS):
        app.control.purge()
        rule.points = 10 + 13 * number
        rule.save()
        bump()
        worker = start_worker()
        try:
            score_all.apply_async(expires=60)
            wait_for(lambda: ranges_done() > 0, 60)
            time.sleep(random.Random(number).uniform(0, 0.3))
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        interrupted += ranges_done() < ScoreRange.objects.count()
        assert sweep().finished
        assert verify.differences() == []
    assert interrupted, "no kill came in the middle"
    app.control.purge()
    rules = Ruleset.load()
    today = LeadScore.objects.order_by("-computed_at").first().computed_at.date()
    for lead in Lead.objects.select_related("company").order_by("?")[:100]:
        assert oracle.stored(lead) == oracle.score_of(lead, rules, today)


@pytest.mark.django_db(transaction=True)
def test_an_idle_worker_scores_a_changed_lead_within_two_seconds():
    app.control.purge()
    fit_rule(40, "phone", "is_filled")
    lead = LeadFactory()
    scores_stale([lead.pk])
    worker = start_worker()
    try:
        wait_for(lambda: not LeadScore.objects.stale(timezone.now()).exists(), 60)
        seconds = []
        for phone in ("1", "", "1"):
            Lead.objects.filter(pk=lead.pk).update(phone=phone)
            scores_stale([lead.pk])
            started = time.monotonic()
            wait_for(lambda wanted=40 if phone else 0: LeadScore.objects.get(pk=lead.pk).fit == wanted, 30)
            seconds.append(time.monotonic() - started)
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait()
    assert min(seconds) < 2, seconds
