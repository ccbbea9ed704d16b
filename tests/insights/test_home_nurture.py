"""Calls of nurture tracks on the home pages: with the AE of the lead, else with marketing."""

import pytest

from insights.home import of_nurture, roles
from leads.actions.nurture import finish_call
from leads.models import NurtureTouch
from people.models import Role
from tests.factories import UserFactory
from tests.leads.nurture_factories import reader, run, track

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls(ae):
    track("call", "email")
    owned = reader(name="Lena Ortiz", email="lena@acme.example", owner=ae, team=ae.teams.get(), stage="new")
    free = reader(name="Nils Berg", email="nils@acme.example")
    run()
    return owned, free


def told(section):
    return [line.title for line in section.lines]


def test_whoever_looks_after_the_lead_makes_the_call(calls, ae, django_assert_num_queries):
    of_nurture.own_calls(ae)
    with django_assert_num_queries(1):
        assert told(of_nurture.own_calls(ae)) == ["Lena Ortiz"]
    assert told(of_nurture.calls(ae)) == ["Nils Berg"]
    assert told(of_nurture.own_calls(UserFactory(role=Role.AE))) == []


def test_it_stands_on_the_page_until_the_call_is_noted(calls, ae, sign_in):
    client = sign_in(ae)
    page = client.get("/").content.decode()
    assert "Calls to make" in page
    assert "Note the call" in page
    finish_call(ae, NurtureTouch.objects.get(enrolment__lead=calls[0]), result="reached")
    assert "Calls to make" not in client.get("/").content.decode()
    sections = {section.title: section for section in roles.marketing(UserFactory(role=Role.MARKETING)).sections}
    assert told(sections["Calls to make"]) == ["Nils Berg"]
