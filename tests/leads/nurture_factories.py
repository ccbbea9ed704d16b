"""Tracks with their steps, and leads that a track may write to."""

import datetime

from leads.models import LeadScore, NurtureEnrolment, NurtureStep, NurtureTrack
from leads.nurture.advance import advance
from leads.nurture.enrol import enrol_all
from leads.nurture.stop import stop_all
from presales.outbox import send
from tests.factories import LeadFactory

MAIL = "Hello {first_name},\n\nhow do you move data at {company}?"


def track(*kinds, state="running", **values):
    """A track with a step of each kind, the first at once, each further one a day later."""
    given = {"name": f"Track {NurtureTrack.objects.count()}", "bands": ["cold"], "stages": ["new"]} | values
    made = NurtureTrack.objects.create(state=state, **given)
    for order, kind in enumerate(kinds or ("email",)):
        NurtureStep.objects.create(
            track=made, kind=kind, order=order, delay_days=0 if order == 0 else 1, subject=f"Step {order}", body=MAIL,
            link="https://ours.example/story" if kind in ("case_study", "webinar") else "",
        )  # fmt: skip
    return made


def reader(band="cold", **values):
    """A lead who agreed to hear from us, with a score."""
    lead = LeadFactory(**{"name": "Lena Ortiz", "consent": "given"} | values)
    LeadScore.objects.update_or_create(lead=lead, defaults={"band": band, "computed_rev": 1})
    return lead


def run():
    """What beat does, once."""
    enrol_all()
    stop_all()
    while advance():
        pass
    while send():
        pass


def days_pass(days):
    """Everything on the way is due that many days earlier."""
    for enrolment in NurtureEnrolment.objects.exclude(next_due_at=None):
        enrolment.next_due_at -= datetime.timedelta(days=days)
        enrolment.save(update_fields=["next_due_at"])
