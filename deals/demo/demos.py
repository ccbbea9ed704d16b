"""What the demo's SEs have shown, in the meeting that their deal's stage wants."""

import datetime

from deals.actions.demos import add_demo, edit_part
from deals.demo.clock import at
from deals.demo.technical import dice_of
from deals.models import Demo, DemoOutcome, ItemKind, LibraryItem, Opportunity
from people.models import User

PLACES = ["Our sandbox with their product names", "Their test system", "Our sandbox, a copy of their orders", ""]
NOTES = {
    DemoOutcome.CONVINCED: [
        "Their architect took the mouse in the second half. They want the same with last month's data.",
        "“That is what we have been asking for.” Their head of operations has asked for a date.",
    ],
    DemoOutcome.PARTLY: [
        "The flow convinced them, the roles did not: they expected rights down to the field.",
        "Good until the load took four minutes. I owe them a run on the large sandbox.",
    ],
}


def show(deal: Opportunity, se: User, before: datetime.datetime) -> None:
    """Record the demo meeting of the deal with the requirements that it showed, and from what it was made."""
    meeting = deal.meetings.filter(kind="demo", starts_at__lt=before).order_by("-starts_at").first()
    if meeting is None:
        return
    dice = dice_of(deal)
    wanted = list(deal.requirements.exclude(fit__in=["gap", ""])[:5])
    outcome = dice.choice([DemoOutcome.CONVINCED, DemoOutcome.CONVINCED, DemoOutcome.PARTLY])
    demo = Demo(
        title="Their own case, from order to report", held_on=meeting.starts_at.date(), meeting=meeting,
        environment=dice.choice(PLACES), outcome=outcome, note=dice.choice(NOTES[outcome]),
    )  # fmt: skip
    items = list(LibraryItem.objects.filter(kind=ItemKind.DEMO).order_by("pk"))
    with at(meeting.ends_at + datetime.timedelta(hours=1)):
        add_demo(se, deal, demo, wanted)
        for number, part in enumerate(demo.parts.select_related("demo__opportunity", "requirement")):
            part.result = outcome if number == len(wanted) - 1 else DemoOutcome.CONVINCED
            part.item = dice.choice([*items, None]) if items else None
            edit_part(se, part, part.version)
