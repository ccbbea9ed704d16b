"""The calls that nurture tracks want made: by whoever looks after the lead, else by marketing."""

from django.db.models import BigIntegerField, QuerySet
from django.urls import reverse

from insights.home.parts import LINES, Action, Line, Section, cut
from leads.models import NurtureTouch
from people.models import User
from presales.fragments import address
from presales.prepared import Given, prepared
from presales.text import squeeze

SHOWN = 120


def _oldest(open_calls: QuerySet) -> QuerySet:
    columns = ("pk", "due_at", "step__body", "enrolment__lead_id", "enrolment__lead__name")
    return open_calls.order_by("due_at", "pk").values_list(*columns, named=True)[: LINES + 1]


@prepared
def _of_nobody() -> QuerySet:
    return _oldest(NurtureTouch.objects.calls_to_make().filter(enrolment__lead__owner=None))


@prepared
def _of_owner() -> QuerySet:
    owner = Given("owner", BigIntegerField())
    return _oldest(NurtureTouch.objects.calls_to_make().filter(enrolment__lead__owner_id=owner))


def calls(user: User) -> Section:
    """Those of leads that nobody looks after yet, the oldest first; one query."""
    return _section(_of_nobody().rows(), reverse("leads:nurture_tracks"))


def own_calls(user: User) -> Section:
    """Those of the own leads, the oldest first; one query."""
    return _section(_of_owner().rows(owner=user.pk), reverse("leads:leads"))


def _section(found: list, more_url: str) -> Section:
    rows, more = cut(found)
    lines = [
        Line(
            call.enrolment__lead__name, address("leads:lead", call.enrolment__lead_id),
            squeeze(call.step__body)[:SHOWN], [], call.due_at, "to call since",
            action=Action("Note the call", address("leads:finish_call", call.pk), dialog=True),
        )
        for call in rows
    ]  # fmt: skip
    return Section("Calls to make", "phone", lines, more_url=more_url, many=more)
