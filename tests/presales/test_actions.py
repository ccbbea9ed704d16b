"""The frame around actions: one transaction, retried on deadlock, named in the history."""

import pghistory
import pytest
from django.db import OperationalError
from psycopg2 import errorcodes

from leads.models import Company
from presales.actions import action


class Deadlock(Exception):
    pgcode = errorcodes.DEADLOCK_DETECTED


def deadlock():
    error = OperationalError("deadlock detected")
    error.__cause__ = Deadlock()
    return error


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_retried_and_the_first_try_leaves_nothing():
    tries = []

    @action
    def make(actor):
        tries.append(1)
        Company.objects.create(name=f"Try {len(tries)}")
        if len(tries) < 3:
            raise deadlock()

    make(None)
    assert [company.name for company in Company.objects.all()] == ["Try 3"]


@pytest.mark.django_db(transaction=True)
def test_after_three_tries_it_gives_up():
    tries = []

    @action
    def never(actor):
        tries.append(1)
        raise deadlock()

    with pytest.raises(OperationalError):
        never(None)
    assert len(tries) == 3


@pytest.mark.django_db
def test_history_names_actor_action_and_reason(ae):
    @action
    def found_company(actor, *, reason=""):
        return Company.objects.create(name="Acme")

    company = found_company(ae, reason="met at the fair")
    context = company.events.get().pgh_context
    assert context["user"] == ae.pk
    assert context["action"] == "found_company"
    assert context["reason"] == "met at the fair"


@pytest.mark.django_db
def test_the_reason_of_one_action_does_not_reach_the_next(ae):
    @action
    def found_company(actor, *, reason=""):
        return Company.objects.create(name="Acme")

    with pghistory.context(channel="web"):
        found_company(ae, reason="met at the fair")
        second = found_company(ae)
    assert second.events.get().pgh_context["reason"] == ""


@pytest.mark.django_db
def test_what_follows_an_action_in_a_request_does_not_carry_its_name(ae):
    @action
    def found_company(actor, *, reason=""):
        return Company.objects.create(name="Acme")

    with pghistory.context(channel="web"):
        found_company(ae, reason="met at the fair")
        plain = Company.objects.create(name="Other")
    assert plain.events.get().pgh_context.get("reason", "") == ""
