"""Naming what the product lacks, and keeping the list of it: managers plan, close, merge and split.

Lock order: the deal, then gaps by their number, then requirements. Gaps are locked without their key, so that who
only refers to one does not wait.
"""

import datetime

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import DealTask, Fit, GapState, Outcome, ProductGap, Requirement, Severity
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

DAYS_TO_JUDGE = 7


@action
def name_gap(
    actor: User, requirement: Requirement, version: int, *, gap: ProductGap | None = None, title: str = "",
    severity: str = Severity.CHALLENGE,
) -> Requirement:  # fmt: skip
    """Say on which gap the requirement waits: on `gap`, or on a new one with `title` and `severity`.

    A gap that was merged meanwhile stands for the one it is part of now; a title that is on the list already names
    the gap which has it.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: neither gap nor title, or the gap is closed.
        StaleEdit: the requirement was saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", requirement.opportunity)
    hold_deal(requirement.opportunity)
    if gap is None:
        if not title:
            raise Conflict("Say which gap it is.")
        gap = _same_title(title).first() or _create(actor, title, severity)
    gap = _lock([gap.merged_into_id or gap.pk])[0]
    if gap.merged_into_id:
        gap = _lock([gap.merged_into_id])[0]
    if gap.is_closed:
        raise Conflict(f"“{gap}” is closed. Judge the fit anew.")
    requirement.fit, requirement.gap = Fit.GAP, gap
    save_version(requirement, ["fit", "gap"], version)
    return requirement


@action
def edit_gap(actor: User, gap: ProductGap, version: int) -> ProductGap:
    """Save title, description and severity.

    Raises:
        NotAllowed: not a manager.
        Conflict: another gap has this title, or it was merged.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.manage_gaps")
    _must_stand(_lock([gap.pk])[0])
    if _same_title(gap.title).exclude(pk=gap.pk).exists():
        raise Conflict("There is a gap of this title. Merge the two.")
    save_version(gap, ["title", "description", "severity"], version)
    return gap


@action
def set_gap_state(
    actor: User, gap: ProductGap, state: str, on: datetime.date | None, version: int, *, reason: str = ""
) -> ProductGap:
    """Open, planned for a day, or closed on a day. When it closes, the SE of each open deal that waits gets a task.

    Raises:
        NotAllowed: not a manager.
        Conflict: planned or closed without its day, closed on a day to come, or the gap was merged.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.manage_gaps")
    stored = _lock([gap.pk])[0]
    _must_stand(stored)
    if state == GapState.OPEN:
        on = None
    elif on is None:
        raise Conflict("Say for which day it is planned." if state == GapState.PLANNED else "Say on which day.")
    elif state == GapState.CLOSED and on > timezone.localdate():
        raise Conflict("A gap is closed when the product does it. Plan it for that day instead.")
    gap.state, gap.state_on = GapState(state), on
    save_version(gap, ["state", "state_on"], version)
    if gap.is_closed and not stored.is_closed:
        _tell(actor, gap)
    return gap


@action
def merge_gap(actor: User, gap: ProductGap, into: ProductGap, *, reason: str = "") -> ProductGap:
    """What waits on `gap` waits on `into` from now on. Repeating it is a success.

    Raises:
        NotAllowed: not a manager.
        Conflict: the same gap twice, one of them merged elsewhere, or `into` closed while deals still wait on `gap`.
    """
    require(actor, "deals.manage_gaps")
    if gap.pk == into.pk:
        raise Conflict("A gap is not merged into itself.")
    locked = {found.pk: found for found in _lock([gap.pk, into.pk])}
    gap, into = locked[gap.pk], locked[into.pk]
    if gap.merged_into_id == into.pk:
        return into
    _must_stand(gap)
    _must_stand(into)
    if into.is_closed and not gap.is_closed:
        raise Conflict(f"“{into}” is closed, and “{gap}” is not. Close it as well, or open the other again.")
    Requirement.objects.filter(gap=gap).update(gap=into, version=F("version") + 1)
    ProductGap.objects.filter(merged_into=gap).update(merged_into=into, version=F("version") + 1)
    gap.merged_into = into
    save_version(gap, ["merged_into"], gap.version)
    return into


@action
def split_gap(
    actor: User, gap: ProductGap, requirements: list[Requirement], title: str, severity: str, *, reason: str = ""
) -> ProductGap:
    """These requirements wait on something else: on a new gap, in the same state.

    Raises:
        NotAllowed: not a manager.
        Conflict: none or all of them, one that does not wait on `gap` any more, or a title that is taken.
    """
    require(actor, "deals.manage_gaps")
    gap = _lock([gap.pk])[0]
    _must_stand(gap)
    chosen = {row.pk for row in requirements}
    there = set(Requirement.objects.filter(gap=gap).values_list("pk", flat=True))
    if not chosen <= there:
        raise Conflict("Somebody has changed what waits on this gap. Look again.")
    if not chosen or chosen == there:
        raise Conflict("Choose some of what waits, not all of it: something has to stay.")
    if _same_title(title).exists():
        raise Conflict("There is a gap of this title. Choose another.")
    made = _create(actor, title, severity, state=gap.state, state_on=gap.state_on)
    Requirement.objects.filter(pk__in=chosen).update(gap=made, version=F("version") + 1)
    return made


def _create(actor: User, title: str, severity: str, **facts: object) -> ProductGap:
    return ProductGap.objects.create(title=title, severity=severity, created_by=actor, **facts)


def _same_title(title: str) -> QuerySet:
    return ProductGap.objects.standing().alias(lowered=Lower("title")).filter(lowered=Lower(Value(title)))


def _lock(keys: list[int]) -> list[ProductGap]:
    found = list(ProductGap.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk"))
    if len(found) < len(set(keys)):
        raise Conflict("This gap is gone.")
    return found


def _must_stand(gap: ProductGap) -> None:
    if gap.merged_into_id:
        raise Conflict(f"“{gap}” was merged into another gap.")


def _tell(actor: User, gap: ProductGap) -> None:
    """A task for the SE of each open deal that waits: the fit is to be judged anew."""
    waiting = Requirement.objects.filter(gap=gap, opportunity__outcome=Outcome.OPEN, opportunity__se__isnull=False)
    deals = waiting.order_by("opportunity_id").values_list("opportunity_id", "opportunity__se_id").distinct()
    due_on = timezone.localdate() + datetime.timedelta(days=DAYS_TO_JUDGE)
    what = f"Judge the fit anew: “{gap.title}” is closed"
    DealTask.objects.bulk_create(
        DealTask(opportunity_id=deal, assignee_id=se, what=what, due_on=due_on, created_by=actor) for deal, se in deals
    )
