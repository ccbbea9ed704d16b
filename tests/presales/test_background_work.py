"""The page of background work: when jobs ran, what waits, what was given up; and the figures for Prometheus."""

import datetime

import pytest
from celery import shared_task
from celery.signals import task_failure, task_postrun, task_prerun
from django.db import DatabaseError
from django.utils import timezone

from leads.models import LeadScore, ScoreRange
from presales import job_runs, set_aside
from presales.models import KEPT, JobRun
from presales.tasks import forget_runs
from qualification.models import DossierStatus
from qualification.tasks import sweep_statuses
from tests.factories import LeadFactory

pytestmark = pytest.mark.django_db
SWEEP = "qualification.tasks.sweep_statuses"


@shared_task(name="tests.break_down")
def break_down():
    """Break down."""
    raise ValueError("of all things")


@pytest.fixture
def listening():
    job_runs.listen()
    yield
    task_prerun.disconnect(job_runs._began)
    task_failure.disconnect(job_runs._failed)
    task_postrun.disconnect(job_runs._ended)


def ran(ago=datetime.timedelta(0), **fields):
    return JobRun.objects.create(started_at=timezone.now() - ago, **{"job": SWEEP, "seconds": 1} | fields)


def job(name=SWEEP):
    return next(job for job in job_runs.jobs() if job.name == name)


class TestRuns:
    """What the worker notes of each job of the schedule."""

    def test_a_run_is_noted_with_how_long_it_took(self, listening):
        sweep_statuses.apply()
        run = JobRun.objects.get()
        assert (run.job, run.error) == (SWEEP, "")
        assert 0 <= run.seconds < 5

    def test_a_failure_is_noted_with_its_error(self, listening, settings):
        settings.CELERY_BEAT_SCHEDULE = {"tests": {"task": "tests.break_down", "schedule": 60.0}}
        break_down.apply()
        assert JobRun.objects.get().error == "ValueError: of all things"
        assert job("tests.break_down").latest.error

    def test_what_people_set_off_is_not(self, listening):
        break_down.apply()
        assert not JobRun.objects.exists()

    def test_a_run_that_cannot_be_noted_runs_all_the_same(self, listening, monkeypatch, caplog):
        def away(**fields):
            raise DatabaseError("away")

        monkeypatch.setattr(JobRun.objects, "create", away)
        assert sweep_statuses.apply().successful()
        assert "is not noted" in caplog.text

    def test_old_ones_are_forgotten(self):
        ran(KEPT + datetime.timedelta(hours=1))
        new = ran()
        forget_runs()
        assert list(JobRun.objects.all()) == [new]


class TestJobs:
    """Each job with its latest run and the runs of a day."""

    def test_every_job_of_the_schedule_says_what_it_does(self, settings):
        told = {job.name: job.what for job in job_runs.jobs()}
        assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} == set(told) | job_runs.UNTOLD
        assert all(what.endswith(".") and what != name for name, what in told.items())

    def test_latest_usual_longest_and_failed(self, django_assert_num_queries):
        for seconds, error in ((2, ""), (4, "ValueError: no"), (9, "")):
            ran(datetime.timedelta(minutes=seconds), seconds=seconds, error=error)
        ran(datetime.timedelta(hours=30), seconds=1000)
        with django_assert_num_queries(2):
            found = job()
        assert found.latest.seconds == 2
        assert (found.lately.ran, found.lately.failed, found.lately.usual, found.lately.longest) == (3, 1, 4, 9)

    @pytest.mark.parametrize(
        ("name", "ago", "late"),
        [(SWEEP, 2, False), (SWEEP, 4, True), ("leads.score_all", 25 * 60, False), ("leads.score_all", 27 * 60, True)],
    )
    def test_late_after_three_runs_that_did_not_come(self, name, ago, late):
        ran(datetime.timedelta(minutes=ago), job=name)
        assert job(name).is_late is late

    def test_one_that_never_ran_is_not_late(self):
        assert not job().is_late

    def test_when_in_words(self):
        assert job().when == "every minute"
        assert job("leads.score_all").when == "daily at 00:01 UTC"
        assert job("deals.tasks.expire_proposals").when == "every 15 minutes"


def give_up_a_score():
    lead = LeadFactory()
    LeadScore.objects.update_or_create(lead=lead, defaults={"set_aside_at": timezone.now(), "last_error": "no"})
    return LeadScore.objects.get(lead=lead)


class TestSetAside:
    """What failed three times is shown, and tried again when the admin says so."""

    def test_is_shown_with_its_error_and_taken_again(self, admin, sign_in):
        score = give_up_a_score()
        client = sign_in(admin)
        page = client.get("/jobs/").content.decode()
        assert "Set aside: lead scores" in page
        assert "<td>" + str(score.pk) in page
        reply = client.post("/jobs/leads-leadscore/retry/")
        assert (reply.status_code, reply.url) == (302, "/jobs/")
        score.refresh_from_db()
        assert (score.set_aside_at, score.attempts) == (None, 0)
        assert score.input_rev != score.computed_rev
        assert not set_aside.given_up()

    def test_ranges_of_scores_too(self, admin, sign_in):
        ScoreRange.objects.create(first=1, attempts=3, last_error="no")
        assert [given.count for given in set_aside.given_up()] == [1]
        sign_in(admin).post("/jobs/leads-scorerange/retry/")
        assert ScoreRange.objects.get().attempts == 0

    def test_every_derived_row_has_a_kind(self):
        assert {
            "leads-leadscore",
            "qualification-dossierstatus",
            "deals-evidenceprobability",
            "leads-scorerange",
        } <= set(set_aside.kinds())
        assert set_aside.named("qualification.dossierstatus") == "qualification statuses"
        assert DossierStatus in set_aside.derived_models()

    def test_an_unknown_kind_does_not_exist(self, admin, sign_in):
        assert sign_in(admin).post("/jobs/people-user/retry/").status_code == 404


class TestPage:
    """For the admin, in few queries, whatever ran."""

    def test_in_few_queries(self, admin, sign_in, django_assert_max_num_queries):
        for _ in range(30):
            ran()
        give_up_a_score()
        client = sign_in(admin)
        with django_assert_max_num_queries(20):
            assert client.get("/jobs/").status_code == 200

    def test_says_that_redis_is_away(self, admin, sign_in, settings):
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        assert "Redis does not answer" in sign_in(admin).get("/jobs/").content.decode()


class TestMetrics:
    """For Prometheus, by a token, and for admins; nobody else learns that there are any."""

    def test_names_what_waits_and_how_long_requests_took(self, admin, sign_in):
        give_up_a_score()
        ran(error="ValueError: no")
        client = sign_in(admin)
        client.get("/leads/")
        text = client.get("/metrics").content.decode()
        assert 'presales_set_aside_rows{of="leads.leadscore"} 1.0' in text
        assert f'presales_job_failed{{job="{SWEEP}"}} 1.0' in text
        assert 'presales_request_seconds_count{method="GET",page="leads:leads",status="200"}' in text

    def test_by_the_token_alone(self, client, settings, ae, sign_in):
        settings.METRICS_TOKEN = "t" * 32
        assert client.get("/metrics", headers={"Authorization": "Bearer " + "t" * 32}).status_code == 200
        for wrong in ("", "Bearer", "Bearer " + "x" * 32, "Bearer " + "é" * 32):
            assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 404
        assert sign_in(ae).get("/metrics").status_code == 404

    def test_without_a_token_an_empty_one_opens_nothing(self, client, settings):
        settings.METRICS_TOKEN = ""
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404

    def test_a_page_is_named_without_its_keys(self, admin, sign_in):
        client = sign_in(admin)
        client.get("/leads/123456/")
        client.get("/no-such-page-of-ours/")
        text = client.get("/metrics").content.decode()
        assert "123456" not in text
        assert "no-such-page" not in text
