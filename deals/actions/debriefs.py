"""Going through the huddle before a meeting, and writing down afterwards what was learned."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from deals.actions.meetings import hold_meeting
from deals.models import Debrief, HuddleItem, HuddlePoint, Meeting
from leads.dossiers import ensure_dossier
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from qualification.actions.evidence import record_evidence
from qualification.models import Criterion, Evidence

FIELDS = ["missed", "real_pain", "next_step_agreed", "next_step", "context"]
FACTS = ["amount", "decision_on", "person_name"]


@dataclass
class Found:
    """Evidence that came up in a meeting. Typed facts left empty stay as the dossier has them."""

    criterion: Criterion
    level: int
    text: str = ""
    source_person: str = ""
    amount: Decimal | None = None
    decision_on: datetime.date | None = None
    person_name: str = ""


@action
def tick_huddle(actor: User, meeting: Meeting, item: str, *, note: str = "") -> HuddlePoint:
    """The pair has gone through one point. Who ticked it first stays; the note may be added to.

    Raises:
        NotAllowed: in neither lane of the deal; of a lead, neither its AE nor an SE who comes.
        Conflict: the meeting has begun or was cancelled: a huddle is before it.
    """
    _before_it(actor, meeting)
    point, is_new = HuddlePoint.objects.get_or_create(
        meeting=meeting, item=HuddleItem(item), defaults={"by": actor, "note": note[:200], "at": timezone.now()}
    )
    if not is_new and note and note != point.note:
        point.note = note[:200]
        point.save(update_fields=["note"])
    return point


@action
def untick_huddle(actor: User, meeting: Meeting, item: str) -> None:
    """Take a point back. Repeating it changes nothing.

    Raises:
        Conflict: the meeting has begun or was cancelled.
    """
    _before_it(actor, meeting)
    HuddlePoint.objects.filter(meeting=meeting, item=item).delete()


@action
def write_debrief(actor: User, meeting: Meeting, debrief: Debrief, found: Found | None = None) -> Debrief:
    """Keep an unsaved `debrief` of the actor's, and put what was `found` into the dossier.

    Raises:
        NotAllowed: neither AE nor SE of the deal or lead, nor an AE or SE who attended; specialists write none.
        Conflict: the meeting has not begun, was cancelled, or the actor has written already.
    """
    stored = hold_meeting(actor, meeting, "deals.write_debrief")
    if not stored.has_begun:
        raise Conflict("A debrief is written after the meeting.")
    if Debrief.objects.filter(meeting=meeting, author=actor).exists():
        raise Conflict("You have written your debrief already. Change it instead.")
    debrief.meeting, debrief.author = meeting, actor
    debrief.lane = Debrief.Lane.SE if actor.role == Role.SE else Debrief.Lane.AE
    debrief.save(force_insert=True)
    if found:
        _record(actor, debrief, found)
    return debrief


@action
def edit_debrief(actor: User, debrief: Debrief, version: int) -> Debrief:
    """Save the changed fields of the own debrief.

    Raises:
        NotAllowed: somebody else wrote it.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.edit_debrief", debrief)
    hold_meeting(None, debrief.meeting)
    save_version(debrief, FIELDS, version)
    return debrief


@action
def add_evidence(actor: User, debrief: Debrief, found: Found) -> Evidence:
    """Put one more thing that the meeting brought up into the dossier.

    Raises:
        NotAllowed: somebody else's debrief, no lane on the deal, or validating outside the own lane.
    """
    require(actor, "deals.edit_debrief", debrief)
    hold_meeting(None, debrief.meeting)
    return _record(actor, debrief, found)


def _record(actor: User, debrief: Debrief, found: Found) -> Evidence:
    meeting = debrief.meeting
    dossier = meeting.opportunity.dossier if meeting.opportunity_id else ensure_dossier(actor, meeting.lead)
    facts = {name: getattr(found, name) for name in FACTS}
    before = dossier.evidence.current().filter(criterion=found.criterion).first()
    if before is not None and found.level > 0:
        # A newer entry replaces the one before; a budget that nobody contradicted must not get lost by that.
        facts = {name: value or getattr(before, name) for name, value in facts.items()}
        facts["currency"] = "" if found.amount else before.currency
    evidence = record_evidence(
        actor, dossier, found.criterion, level=found.level, observed_on=timezone.localdate(meeting.starts_at),
        text=found.text, source_person=found.source_person, source_place=f"{meeting.get_kind_display()}, debrief",
        **facts,
    )  # fmt: skip
    debrief.evidence.add(evidence)
    return evidence


def _before_it(actor: User, meeting: Meeting) -> None:
    if hold_meeting(actor, meeting, "deals.prepare_meeting").has_begun:
        raise Conflict("The meeting has begun; a huddle is before it.")
