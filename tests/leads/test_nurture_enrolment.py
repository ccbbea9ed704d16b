"""Enrolling stretch by stretch: everybody once, however the stretches fall, and never longer than a run may take."""

import time

import pytest

from leads.models import Lead, NurtureEnrolment
from leads.nurture import enrol
from tests.leads.nurture_factories import reader, track

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("stretch", [1, 2, 3, 100])
def test_everybody_joins_once_and_of_one_address_the_oldest(monkeypatch, stretch):
    monkeypatch.setattr(enrol, "STRETCH", stretch)
    track()
    for number in range(8):
        reader(name=f"Lead {number}", email=f"p{number % 5}@acme.example")
    Lead.objects.filter(name="Lead 4").delete()  # numbers have gaps, and p4 is known no more
    assert enrol.enrol_all() == 4
    joined = NurtureEnrolment.objects.order_by("lead_id").values_list("lead__name", flat=True)
    assert list(joined) == ["Lead 0", "Lead 1", "Lead 2", "Lead 3"]
    assert enrol.enrol_all() == 0


def test_a_run_that_takes_too_long_goes_on_the_next_time(monkeypatch):
    monkeypatch.setattr(enrol, "STRETCH", 2)
    made = track()
    for number in range(6):
        reader(email=f"p{number}@acme.example")
    over = time.monotonic() - 1
    assert [enrol.enrol(made, over) for _ in range(2)] == [2, 2]
    assert enrol.enrol(made) == 2
