"""The claim queue: entering it, claiming, declining, handing back, calling no-go, assigning.

Lock order: the SE's user row (capacity), then the opportunity, then its entries. Exactly one SE can win a claim: one
conditional UPDATE, backed by a unique constraint on current claims. The user row is locked without its key, so that
rows which merely name the SE are written meanwhile.
"""

from django.db import connection
from django.utils import timezone

from deals.actions.help_requests import enter_queue, hold_back, named, pass_on, waiting_request
from deals.charter import below_charter
from deals.loads import room_of, weight_of
from deals.models import (
    CHARTERED,
    Claim,
    Decline,
    HelpKind,
    HelpRequest,
    NoGoReason,
    Opportunity,
    Outcome,
    QueueEntry,
    Stage,
)
from deals.probability import mark_stale
from people.models import Role, User
from people.permissions import require
from people.workload import Load
from presales.actions import action
from presales.errors import Conflict, GateRefused, Missing, WantsConfirmation

FILL = """
INSERT INTO deals_queueentry (opportunity_id, kind, note, entered_at, result)
SELECT o.id, 'qualified', '', %(now)s, ''
  FROM deals_opportunity o
  JOIN qualification_dossierstatus s ON s.dossier_id = o.dossier_id
 WHERE o.outcome = 'open' AND o.se_id IS NULL AND s.status = 'qualified'
   AND (%(ids)s::bigint[] IS NULL OR o.id = ANY(%(ids)s))
   AND NOT EXISTS (SELECT 1 FROM deals_queueentry q WHERE q.opportunity_id = o.id
                      AND (q.closed_at IS NULL OR q.result = 'withdrawn'))
   FOR NO KEY UPDATE OF o SKIP LOCKED
ON CONFLICT DO NOTHING
"""


def fill_queue(opportunity_ids: list[int] | None = None) -> int:
    """Enter open, qualified opportunities that nobody has claimed; how many entered.

    Set-based and safe to run twice; None looks at all. One that the AE withdrew does not come back by itself, and
    one that somebody acts on right now is left to the next run: it may just be getting its SE.
    """
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"now": timezone.now(), "ids": opportunity_ids})
        return cursor.rowcount


def on_dossier_status(changed: list[tuple[int, str, str]]) -> None:
    """Hook of the qualification room: what just became qualified enters the queue in the same transaction."""
    qualified = [dossier for dossier, _, new in changed if new == "qualified"]
    ids = list(Opportunity.objects.filter(dossier__in=qualified).values_list("pk", flat=True))
    if ids:
        fill_queue(ids)


def request_help(actor: User, opportunity: Opportunity, kind: str, note: str = "") -> QueueEntry | HelpRequest:
    """Ask for help of a named kind: the team's SEs, or for a demo or POC the deal's own SE.

    A demo or POC below the thresholds of the charter is held back: the request is kept, and the SE may accept it
    anyway. Repeating a request updates its note and measures it anew.

    Raises:
        GateRefused: held back; what the charter misses, each with the link that mends it.
        Conflict: the deal is closed, or has its SE already and the kind is not one a charter speaks of.
    """
    asked = ask_for_help(actor, opportunity, kind, note)
    if isinstance(asked, HelpRequest) and asked.is_held:
        # Said only now, when the request is kept: an error inside the action would undo it.
        raise GateRefused(
            f"The {named(kind)} request is held back by the charter",
            [Missing(item["what"], item["url"]) for item in asked.missing],
        )
    return asked


@action
def ask_for_help(actor: User, opportunity: Opportunity, kind: str, note: str = "") -> QueueEntry | HelpRequest:
    """What `request_help` writes: an entry of the queue, or a request that is held back or with the deal's SE."""
    require(actor, "deals.request_help", opportunity)
    opportunity = _lock(opportunity)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    if opportunity.se_id and kind not in CHARTERED:
        raise Conflict(f"{opportunity.se} is the SE of this deal. Ask them directly.")
    if kind in CHARTERED and not _let_through(opportunity, kind):
        missing = below_charter(opportunity)
        if missing:
            return hold_back(actor, opportunity, kind, note, missing)
    if opportunity.se_id:
        return pass_on(actor, opportunity, kind, note)
    return enter_queue(actor, opportunity, kind, note)


def _let_through(opportunity: Opportunity, kind: str) -> bool:
    """Whether a request of this kind went through before, so that only its note changes."""
    request = waiting_request(opportunity, kind)
    if request is not None:
        return not request.is_held
    return QueueEntry.objects.waiting().filter(opportunity=opportunity, kind=kind).exists()


@action
def withdraw_request(actor: User, opportunity: Opportunity, *, reason: str = "") -> int:
    """Take an opportunity out of the queue; how many waiting entries that closed."""
    require(actor, "deals.request_help", opportunity)
    _lock(opportunity)
    return _close_entries(opportunity, QueueEntry.Result.WITHDRAWN)


@action
def claim(actor: User, opportunity: Opportunity) -> Claim:
    """The actor, an SE of the team, becomes the SE of the deal. Repeating the own claim is a success.

    Raises:
        NotAllowed: not an SE of this queue.
        Conflict: taken by somebody else, closed, not waiting any more, or the actor is at capacity.
    """
    require(actor, "deals.claim", opportunity)
    se = _lock_se(actor)
    mine = Claim.objects.current().filter(opportunity=opportunity, se=actor).first()
    if mine is not None:
        return mine
    waiting = QueueEntry.objects.waiting().filter(opportunity=opportunity)
    won = Opportunity.objects.filter(
        pk=opportunity.pk, se=None, outcome=Outcome.OPEN, pk__in=waiting.values("opportunity")
    ).update(se=actor, last_activity_at=timezone.now())
    if not won:
        raise gone_from_queue(opportunity)
    # Only now, with the deal's row held: nobody moves it to a heavier stage in between.
    stage = Stage.objects.get(opportunities=opportunity.pk)
    carried = room_of(se)
    if carried.is_over:
        before = Load(carried.held - weight_of(stage), carried.capacity)
        raise Conflict(f"You carry {before}. Hand a deal back, or ask your manager, who can assign beyond capacity.")
    mark_stale([opportunity.pk])
    made = Claim.objects.create(opportunity=opportunity, se=actor)
    _close_entries(opportunity, QueueEntry.Result.CLAIMED)
    return made


def gone_from_queue(opportunity: Opportunity) -> Conflict:
    """What to tell somebody who was too late for a deal that waited."""
    now = Opportunity.objects.select_related("se").get(pk=opportunity.pk)
    if now.se_id:
        return Conflict(f"Taken by {now.se}.")
    if not now.is_open:
        return Conflict("The deal was closed in the meantime.")
    return Conflict("This request is not waiting for an SE any more.")


@action
def decline(actor: User, entry: QueueEntry, *, reason: str, note: str = "") -> Decline:
    """Pass on an entry; it leaves this SE's queue and stays in the others'. Repeating it changes the reason.

    Raises:
        Conflict: the entry has left the queue, e.g. because somebody took the deal.
    """
    require(actor, "deals.decline", entry.opportunity)
    entry = QueueEntry.objects.select_for_update(of=("self",)).select_related("opportunity").get(pk=entry.pk)
    if entry.closed_at is not None:
        raise gone_from_queue(entry.opportunity)
    made, _ = Decline.objects.update_or_create(entry=entry, se=actor, defaults={"reason": reason, "note": note})
    return made


@action
def hand_back(actor: User, opportunity: Opportunity, *, reason: str, seen_with: int | None = None) -> QueueEntry:
    """The SE (or a manager) gives the deal back to the queue, with a note for the next SE.

    Raises:
        Conflict: the deal has no SE, is closed, or is with another SE than `seen_with` by now (see `assign_se`).
    """
    require(actor, "deals.hand_back", opportunity)
    opportunity = _lock(opportunity)
    _still_with(opportunity, seen_with)
    if opportunity.se_id is None:
        raise Conflict("This deal has no SE.")
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    _end_claim(opportunity, Claim.End.HANDED_BACK, reason)
    return QueueEntry.objects.create(
        opportunity=opportunity, kind=HelpKind.QUALIFIED, note=reason[:500], requested_by=actor
    )


@action
def call_no_go(actor: User, opportunity: Opportunity, *, no_go_reason: str, reason: str) -> Opportunity:
    """A technical disqualification: the deal closes as a no-go.

    Args:
        no_go_reason: one of NoGoReason.
        reason: what was found, in words.

    Raises:
        Conflict: the deal is closed already, or no reason is chosen.
    """
    from deals.actions.stages import close

    require(actor, "deals.call_no_go", opportunity)
    opportunity = _lock(opportunity)
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    if no_go_reason not in NoGoReason.values:
        raise Conflict("Say why this is a no-go.")
    stage = opportunity.pipeline.stages.filter(outcome=Outcome.NO_GO).first()
    if stage is None:
        raise Conflict("This pipeline has no no-go stage.")
    opportunity.no_go_reason = no_go_reason
    return close(opportunity, stage, timezone.localdate(), note=reason)


@action
def assign_se(
    actor: User, opportunity: Opportunity, se: User, *, reason: str = "", beyond_capacity: bool = False,
    while_away: bool = False, seen_with: int | None = None,
) -> Claim:  # fmt: skip
    """A manager gives the deal to an SE of the team, whether it waits in the queue, has an SE already, or neither.

    Args:
        seen_with: key of the SE whom the manager saw on the deal, 0 for nobody; None asks for no such check.

    Raises:
        Conflict: not an active SE of the team, the deal is closed, or somebody else has it by now.
        WantsConfirmation: the SE is away or at capacity, and `while_away` or `beyond_capacity` is not said.
    """
    require(actor, "deals.assign_se", opportunity)
    se = _lock_se(se)
    opportunity = _lock(opportunity)
    if not (se.is_active and se.role == Role.SE and opportunity.team_id in se.team_ids):
        raise Conflict(f"{se} is not an SE of this team.")
    if not opportunity.is_open:
        raise Conflict("The deal is closed.")
    if opportunity.se_id == se.pk:
        return Claim.objects.current().get(opportunity=opportunity)
    _still_with(opportunity, seen_with)
    _confirm(se, opportunity.stage, beyond_capacity=beyond_capacity, while_away=while_away)
    if opportunity.se_id:
        _end_claim(opportunity, Claim.End.REASSIGNED, reason)
    Opportunity.objects.filter(pk=opportunity.pk).update(se=se, last_activity_at=timezone.now())
    mark_stale([opportunity.pk])
    made = Claim.objects.create(opportunity=opportunity, se=se, assigned_by=actor, note=reason[:1000])
    _close_entries(opportunity, QueueEntry.Result.ASSIGNED)
    return made


def _still_with(opportunity: Opportunity, seen_with: int | None) -> None:
    """Refuse what was decided by a page that shows an earlier state."""
    if seen_with is not None and seen_with != (opportunity.se_id or 0):
        holder = f"is with {opportunity.se}" if opportunity.se else "has no SE"
        raise Conflict(f"{opportunity} {holder} by now. Load the page again.")


def _confirm(se: User, stage: Stage, *, beyond_capacity: bool, while_away: bool) -> None:
    """Refuse a deal in `stage` for an SE who is away or full, unless the manager has said that it is meant."""
    carried = room_of(se)
    against = {}
    if se.is_away and not while_away:
        against["while_away"] = f"is away until {se.away_until:%-d %b}"
    if not carried.takes(weight_of(stage)) and not beyond_capacity:
        against["beyond_capacity"] = f"carries {carried}"
    if against:
        raise WantsConfirmation(
            f"{se} {' and '.join(against.values())}. Confirm that the deal goes there all the same.", list(against)
        )


def _lock_se(se: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=se.pk)


def _lock(opportunity: Opportunity) -> Opportunity:
    locked = Opportunity.objects.select_for_update(of=("self",)).select_related("stage", "pipeline", "se")
    return locked.get(pk=opportunity.pk)


def _close_entries(opportunity: Opportunity, result: str) -> int:
    return QueueEntry.objects.waiting().filter(opportunity=opportunity).update(closed_at=timezone.now(), result=result)


def _end_claim(opportunity: Opportunity, end: str, note: str = "") -> None:
    Claim.objects.current().filter(opportunity=opportunity).update(ended_at=timezone.now(), end=end, note=note[:1000])
    Opportunity.objects.filter(pk=opportunity.pk).update(se=None, last_activity_at=timezone.now())
    mark_stale([opportunity.pk])
    opportunity.se = None


def end_of_deal(opportunity: Opportunity, end: str, result: str, note: str = "") -> None:
    """A closed deal leaves the queue; its claim ends, and the SE who had it stays named on the deal."""
    Claim.objects.current().filter(opportunity=opportunity).update(ended_at=timezone.now(), end=end, note=note[:1000])
    _close_entries(opportunity, result)
