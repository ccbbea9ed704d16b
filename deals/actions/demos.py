"""Keeping what was shown to a customer. The technical lane alone, also after the deal is closed."""

from collections.abc import Iterable

from django.db.models import Max
from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import Demo, DemoPart, Opportunity, Requirement
from deals.models.demos import MOST_PARTS
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["title", "held_on", "environment", "meeting", "outcome", "note"]
PART_FIELDS = ["what", "requirement", "item", "result"]


@action
def add_demo(actor: User, opportunity: Opportunity, demo: Demo, shown: Iterable[Requirement] = ()) -> Demo:
    """Keep an unsaved `demo` of `opportunity`, with a part for each requirement that was `shown` in it.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: on a day to come, or a meeting or requirement of another deal.
    """
    require(actor, "deals.work_technical", opportunity)
    hold_deal(opportunity)
    demo.opportunity, demo.recorded_by = opportunity, actor
    _check(demo)
    demo.save(force_insert=True)
    for order, requirement in enumerate(shown, start=1):
        _of_deal(demo, requirement)
        DemoPart.objects.create(demo=demo, order=order, what=requirement.text, requirement=requirement)
    return demo


@action
def edit_demo(actor: User, demo: Demo, version: int) -> Demo:
    """Save the changed facts of `demo`.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: on a day to come, or a meeting of another deal.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", demo.opportunity)
    hold_deal(demo.opportunity)
    _check(demo)
    save_version(demo, FIELDS, version)
    return demo


@action
def remove_demo(actor: User, demo: Demo, *, reason: str = "") -> None:
    """Take a demo off the deal that was none; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", demo.opportunity)
    hold_deal(demo.opportunity)
    Demo.objects.filter(pk=demo.pk).delete()


@action
def add_part(actor: User, demo: Demo, part: DemoPart) -> DemoPart:
    """Put something that was shown behind the rest of `demo`.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: a requirement of another deal, an item that is retired, or more than anybody can watch.
    """
    require(actor, "deals.work_technical", demo.opportunity)
    hold_deal(demo.opportunity)
    part.demo = demo
    _check_part(part)
    others = DemoPart.objects.filter(demo=demo)
    if others.count() >= MOST_PARTS:
        raise Conflict(f"A demo has up to {MOST_PARTS} parts. Put what belongs together into one.")
    if not Demo.objects.filter(pk=demo.pk).exists():
        raise Conflict("Somebody has removed this demo.")
    part.order = (others.aggregate(last=Max("order"))["last"] or 0) + 1
    part.save(force_insert=True)
    return part


@action
def edit_part(actor: User, part: DemoPart, version: int) -> DemoPart:
    """Save what was shown, for which requirement, from which item, and how it went down.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: a requirement of another deal, or an item that is retired.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", part.demo.opportunity)
    hold_deal(part.demo.opportunity)
    _check_part(part)
    save_version(part, PART_FIELDS, version)
    return part


@action
def remove_part(actor: User, part: DemoPart) -> None:
    """Take something off that was not shown. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", part.demo.opportunity)
    hold_deal(part.demo.opportunity)
    DemoPart.objects.filter(pk=part.pk).delete()


def _check(demo: Demo) -> None:
    if demo.held_on > timezone.localdate():
        raise Conflict("A demo is recorded when it has been held. Plan a meeting for what is to come.")
    if demo.meeting is not None and demo.meeting.opportunity_id != demo.opportunity_id:
        raise Conflict("That meeting belongs to another deal.")


def _check_part(part: DemoPart) -> None:
    if part.requirement is not None:
        _of_deal(part.demo, part.requirement)
    if part.item is not None and part.item.is_retired:
        stored = DemoPart.objects.filter(pk=part.pk).values_list("item", flat=True).first()
        if stored != part.item_id:
            raise Conflict(f"“{part.item}” is out of date. Choose another item.")


def _of_deal(demo: Demo, requirement: Requirement) -> None:
    if requirement.opportunity_id != demo.opportunity_id:
        raise Conflict(f"“{requirement}” belongs to another deal.")
