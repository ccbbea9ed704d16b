"""A nurture track at work for six weeks, and a draft of another. Nothing is sent: the demo's people are made up."""

import datetime
import random

from django.utils import timezone

from deals.demo.clock import at, days_ago
from leads.actions import nurture as actions
from leads.actions import nurture_answers as answers
from leads.models import NurtureTouch, NurtureTrack
from leads.nurture.advance import advance
from leads.nurture.enrol import enrol
from leads.nurture.stop import stop_all
from people.models import Role, User
from presales.models import OutboxMail

DAYS = 42
LATE_DATA = """Hello {first_name},

at {company} somebody surely knows the feeling: the pick lists are there at six, the stock figures are not. We \
collected what eleven operations teams changed first, and what they would leave out today.

It fits on one page. Shall I send it?

{owner}"""
NINE_PLANTS = """Hello {first_name},

the planners of a packaging maker with nine plants worked with nine figures. It took them seven weeks to get down to \
one. What they did in which week:

{link}"""
NIGHTLY_JOBS = """Hello {first_name},

we show on a live system how one nightly job is replaced without touching the ERP, and what goes wrong when it is done \
in a hurry. Questions are welcome.

{link}"""
CLOSE_FILE = """Hello {first_name},

I do not want to be a nuisance. If data movement is no topic at {company} this year, one word is enough and you hear \
nothing more. If it is, tell me which month suits.

{owner}"""
# Kind, days to wait, subject, text, link.
STEPS = [
    ("email", 0, "What late data costs a night shift", LATE_DATA, ""),
    ("case_study", 4, "Nine plants, one stock figure", NINE_PLANTS, "https://example.com/stories/nine-plants"),
    ("webinar", 7, "Thirty minutes: from nightly jobs to events", NIGHTLY_JOBS, "https://example.com/webinars/events"),
    ("call", 3, "", "They have read about the nine plants. Ask which of their jobs hurts most, and who owns it.", ""),
    ("email", 7, "Shall I close your file?", CLOSE_FILE, ""),
]
ANSWERS = "Hello {first_name},\n\nhere are the answers to the questions we ran out of time for."
DRAFT = [
    ("email", 0, "What you asked in the webinar", ANSWERS, ""),
    ("call", 2, "", "They were in the webinar. Ask what brought them there.", ""),
]


def tell() -> None:
    """Every day somebody joins, gets a step, clicks, replies or wants no more."""
    marketing = User.objects.in_role(Role.MARKETING).order_by("pk").first()
    with at(days_ago(DAYS)):
        track = _make(marketing, "Not ready yet", STEPS, bands=["cold", "warm"], stages=["new", "nurture"])
        actions.set_track_state(marketing, track, state="running")
    with at(days_ago(3)):
        _make(marketing, "After a webinar", DRAFT, bands=["warm", "hot"], stages=["new"], sources=["webinar"])
    dice = random.Random("nurture")  # noqa: S311  a story, not a secret
    track = NurtureTrack.objects.get(pk=track.pk)
    for day in range(DAYS, 0, -1):
        with at(days_ago(day - 0.4)):
            stop_all()
            enrol(track)
            while advance():
                pass
            OutboxMail.objects.waiting().update(state=OutboxMail.State.SENT, sent_at=timezone.now())
        with at(days_ago(day - 0.7)):
            _answer(dice)
            _call(dice, marketing)


def _make(marketing: User, name: str, steps: list[tuple], **rule: object) -> NurtureTrack:
    track = actions.add_track(marketing, name=name, **rule)
    for kind, days, subject, body, link in steps:
        actions.add_step(marketing, track, kind=kind, delay_days=days, subject=subject, body=body, link=link)
    return track


def _answer(dice: random.Random) -> None:
    """What those who got a mail today did with it."""
    today = NurtureTouch.objects.filter(
        due_at__gte=timezone.now() - datetime.timedelta(days=0.5), mail__sent_at__isnull=False
    )
    for touch in today.select_related("step", "enrolment__lead").order_by("pk"):
        luck = dice.random()
        if touch.step.link and luck < 0.28:
            answers.clicked(None, touch)
        elif luck > 0.955:
            answers.replied(
                None, sender=touch.enrolment.lead.email, references=[], message=f"<demo-{touch.pk}@acme.example>",
                subject=f"Re: {touch.mail.subject}", text="Not this quarter. Come back in autumn, we plan then.",
            )  # fmt: skip
        elif luck > 0.935:
            answers.unsubscribe(None, touch)


def _call(dice: random.Random, marketing: User) -> None:
    """Most calls of a nobody's lead are made within days; who is reached leaves the track."""
    for call in NurtureTouch.objects.calls_to_make().select_related("enrolment__lead", "step").order_by("pk"):
        if dice.random() < 0.45:
            reached = dice.random() < 0.3
            actions.finish_call(
                marketing, call, result="reached" if reached else "not_reached",
                note="Plans for autumn. Wants to see the nine plants again then." if reached else "Voice mail.",
            )  # fmt: skip
