"""Health for balancers, the detail for admins, the worker's sign of life."""

import time

import pytest
from django.core.cache import cache
from django.db import OperationalError

from presales import health
from presales.tasks import heartbeat

pytestmark = pytest.mark.django_db


def test_health_answers_without_a_question_to_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_tells_strangers_no_detail(client):
    assert set(client.get("/readyz").json()) == {"status"}


def test_admins_see_each_check_and_what_waits(admin, sign_in):
    heartbeat()
    body = sign_in(admin).get("/readyz").json()
    assert body["status"] == "ok"
    assert body["checks"] == dict.fromkeys(("database", "migrations", "redis", "worker"), "ok")
    assert body["stale"]["leads.leadscore"] == {"stale": 0, "set_aside": 0, "seconds_since_oldest_computation": 0.0}


def test_a_silent_worker_degrades_but_pages_stay_ready(admin, sign_in):
    cache.set(health.HEARTBEAT, time.time() - 600)
    response = sign_in(admin).get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["worker"] == "the worker was last heard of 600 seconds ago"


def test_a_lost_database_is_not_ready(client, monkeypatch):
    def lost():
        raise OperationalError("away")

    monkeypatch.setitem(health.REQUIRED, "database", lost)
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable"})
