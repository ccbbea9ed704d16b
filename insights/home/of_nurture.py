"""The calls that nurture tracks want made, where nobody looks after the lead yet."""

from django.db.models import QuerySet
from django.urls import reverse

from insights.home.parts import LINES, Action, Line, Section, cut
from leads.models import NurtureTouch
from people.models import User
from presales.fragments import address
from presales.prepared import prepared
from presales.text import squeeze

SHOWN = 120


@prepared
def _calls() -> QuerySet:
    open_calls = NurtureTouch.objects.calls_to_make().filter(enrolment__lead__owner=None)
    columns = ("pk", "due_at", "step__body", "enrolment__lead_id", "enrolment__lead__name")
    return open_calls.order_by("due_at", "pk").values_list(*columns, named=True)[: LINES + 1]


def calls(user: User) -> Section:
    """The oldest first; one query."""
    rows, more = cut(_calls().rows())
    lines = [
        Line(
            call.enrolment__lead__name, address("leads:lead", call.enrolment__lead_id),
            squeeze(call.step__body)[:SHOWN], [], call.due_at, "to call since",
            action=Action("Note the call", address("leads:finish_call", call.pk), dialog=True),
        )
        for call in rows
    ]  # fmt: skip
    return Section("Calls to make", "phone", lines, more_url=reverse("leads:nurture_tracks"), many=more)
