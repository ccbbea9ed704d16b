"""A lead's way from first interest to SQL, and its two exits.

Every move locks the lead, asks who may, checks where the lead stands, and is one row of its history
with actor, from, to and reason.
"""

import datetime
from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from leads.dossiers import ensure_dossier
from leads.freshness import scores_stale
from leads.models import DisqualifyReason, Lead, LeadStage, ReturnReason, TeamPolicy
from leads.routing import active_load, selling_teams, team_for, turns_of, zone_of_team
from leads.working_hours import add_working_hours
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, GateRefused
from qualification.actions.dossiers import set_disqualified
from qualification.gates import meets_policy

DEFAULT_RESPONSE_HOURS = TeamPolicy._meta.get_field("response_hours").default
NURTURE_LIMIT_DAYS = 3 * 366


def lock_lead(lead: Lead) -> Lead:
    """The lead as stored now, locked until the transaction ends; refuses one that was merged away.

    Raises:
        Conflict: the lead was merged into another.
    """
    # No joins here: after waiting for the lock PostgreSQL reads the lead anew, but not the rows joined to it.
    locked = Lead.objects.select_for_update().get(pk=lead.pk)
    if locked.merged_into_id:
        raise Conflict("This lead was merged into another one. Go on there.")
    return locked


def _move(lead: Lead, stage: str, **changes: object) -> Lead:
    """Write the new stage and what goes with it. Leaving a stage clears what only that stage means."""
    cleared = {
        "response_due_at": None,
        "nurture_until": None,
        "disqualify_reason": "",
        "return_reason": "",
    }
    values = {**cleared, "stage": stage, "stage_since": timezone.now(), **changes}
    for name, value in values.items():
        setattr(lead, name, value)
    lead.save(update_fields=list(values))
    scores_stale([lead.pk])
    return lead


def _expect(lead: Lead, *stages: str) -> None:
    if lead.stage not in stages:
        raise Conflict(f"This lead is at {lead.get_stage_display()} now, so that step no longer fits.")


def _wants_reason(reason: str) -> None:
    if not reason.strip():
        raise Conflict("Say why, so that the next person understands. Nothing was changed.")


# -- new → MQL ----------------------------------------------------------------------------------------


@action
def make_mql(actor: User | None, lead_ids: Iterable[int], *, reason: str = "") -> int:
    """Make MQLs of those of `lead_ids` that may become one, routed and with a response time; returns how many.

    A job (actor None) moves only what `LeadQuerySet.may_become_mql` allows: a returned lead waits for
    marketing. A person may move any new or nurtured lead. Leads without a team are routed by
    territory, those without an owner go to the AE whose turn it is. Set-based: a few statements per
    team, whatever the number of leads. Call it with at most a few thousand ids.
    """
    leads = Lead.objects.filter(pk__in=list(lead_ids))
    if actor is None:
        leads = leads.may_become_mql()
    else:
        leads = leads.unmerged().filter(stage__in=[LeadStage.NEW, LeadStage.NURTURE])
        for lead in leads:
            require(actor, "leads.make_mql", lead)
    teams = selling_teams()
    # Lock order: the teams' policies first, then the leads by key.
    wanted = {
        pk: team_id or getattr(team_for(company, teams), "pk", None)
        for pk, team_id, company in (
            (lead.pk, lead.team_id, lead.company) for lead in leads.select_related("company").order_by("pk")
        )
    }
    turns = {team_id: turns_of(team_id) for team_id in sorted({team for team in wanted.values() if team})}
    locked = list(leads.filter(pk__in=wanted).order_by("pk").select_for_update())
    owners = User.objects.in_bulk({lead.owner_id for lead in locked if lead.owner_id})
    now = timezone.now()
    rows = []
    due: dict[tuple[float, str], datetime.datetime] = {}
    for lead in locked:
        team_id = lead.team_id or wanted[lead.pk]
        turn = turns.get(team_id)
        owner = owners.get(lead.owner_id)
        if owner is None and turn is not None:
            owner = turn.next()
        zone = owner.time_zone if owner else (zone_of_team(team_id) if team_id else "UTC")
        hours = turn.policy.response_hours if turn else DEFAULT_RESPONSE_HOURS
        if (hours, zone) not in due:
            due[hours, zone] = add_working_hours(now, hours, zone)
        rows.append((lead.pk, team_id, owner.pk if owner else None, due[hours, zone]))
    for turn in turns.values():
        turn.save()
    _write_mqls(rows, now)
    scores_stale(row[0] for row in rows)
    return len(rows)


def _write_mqls(rows: list[tuple], now: datetime.datetime) -> None:
    if not rows:
        return
    pks, teams, owners, dues = map(list, zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE leads_lead AS lead
               SET stage = 'mql', stage_since = %(now)s, mql_at = %(now)s, response_due_at = new.due,
                   team_id = new.team, owner_id = new.owner, return_reason = '', nurture_until = NULL
              FROM unnest(%(pks)s::bigint[], %(teams)s::bigint[], %(owners)s::bigint[], %(dues)s::timestamptz[])
                   AS new (pk, team, owner, due)
             WHERE lead.id = new.pk
            """,
            {"now": now, "pks": pks, "teams": teams, "owners": owners, "dues": dues},
        )


# -- MQL → SAL ----------------------------------------------------------------------------------------


@action
def accept(actor: User, lead: Lead, *, reason: str = "") -> Lead:
    """MQL → SAL: `actor` becomes the owner. An AE may also accept a new lead that is already the own one.

    Exactly one of several AEs wins; repeating one's own acceptance is a success.

    Raises:
        Conflict: somebody else accepted it, it is elsewhere by now, or the AE has no room.
    """
    # The person first, then the lead: two acceptances of one AE count the room one after the other.
    actor = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    lead = lock_lead(lead)
    require(actor, "leads.accept_lead", lead)
    if lead.stage == LeadStage.SAL and lead.owner_id == actor.pk:
        return lead
    if lead.stage in (LeadStage.SAL, LeadStage.SQL) and lead.owner:
        raise Conflict(f"{lead.owner} already accepted this lead.")
    own_new = lead.stage == LeadStage.NEW and lead.owner_id == actor.pk
    if not own_new:
        _expect(lead, LeadStage.MQL)
    capacity = actor.effective_capacity
    if actor.role == Role.AE and capacity is not None:
        load = active_load([actor.pk])[actor.pk] - (lead.owner_id == actor.pk and lead.stage == LeadStage.MQL)
        if load >= capacity:
            raise Conflict(
                f"You carry {load} of {capacity} active leads and opportunities. "
                "Close or hand over one first, or ask your manager to assign this lead."
            )
    _move(lead, LeadStage.SAL, owner=actor, accepted_at=timezone.now())
    ensure_dossier(actor, lead)
    return lead


@action
def return_to_marketing(actor: User, lead: Lead, *, why: str, reason: str = "") -> Lead:
    """MQL or SAL → new, with one of `ReturnReason`: marketing sees it as feedback on the rule that let it through.

    The job leaves a returned lead alone until marketing makes it an MQL again or changes it.
    """
    lead = lock_lead(lead)
    require(actor, "leads.return_lead", lead)
    _expect(lead, LeadStage.MQL, LeadStage.SAL)
    if lead.stage == LeadStage.SAL:
        require(actor, "leads.move_lead_back", lead)
    if why not in ReturnReason.values:
        raise Conflict("Choose why this lead goes back to marketing.")
    return _move(lead, LeadStage.NEW, return_reason=why, owner=None, accepted_at=None)


# -- SAL → SQL ----------------------------------------------------------------------------------------


@action
def qualify(actor: User, lead: Lead, *, reason: str = "") -> Lead:
    """SAL → SQL once the dossier meets the team's framework.

    Raises:
        GateRefused: with what is missing and where to mend it.
    """
    lead = lock_lead(lead)
    require(actor, "leads.qualify_lead", lead)
    if lead.stage == LeadStage.SQL:
        return lead
    _expect(lead, LeadStage.SAL)
    missing = [item for item in meets_policy(ensure_dossier(actor, lead)) if not item.advisory]
    if missing:
        raise GateRefused("This lead is not qualified yet.", missing)
    return _move(lead, LeadStage.SQL, qualified_at=timezone.now())


# -- exits and ways back ------------------------------------------------------------------------------


@action
def nurture(actor: User, lead: Lead, *, until: datetime.date, reason: str = "") -> Lead:
    """Any open stage → nurture, to be looked at again on `until`."""
    lead = lock_lead(lead)
    require(actor, "leads.nurture_lead", lead)
    _expect(lead, LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.NURTURE)
    today = timezone.localdate()
    if not today < until <= today + datetime.timedelta(days=NURTURE_LIMIT_DAYS):
        raise Conflict("Choose a day to look again within the next three years.")
    return _move(lead, LeadStage.NURTURE, nurture_until=until)


@action
def disqualify(actor: User, lead: Lead, *, why: str, reason: str = "") -> Lead:
    """Any stage but converted → disqualified, with one of `DisqualifyReason`."""
    lead = lock_lead(lead)
    require(actor, "leads.disqualify_lead", lead)
    _expect(lead, LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.NURTURE)
    if why not in DisqualifyReason.values:
        raise Conflict("Choose why this lead will not become a customer.")
    if why == DisqualifyReason.OTHER:
        _wants_reason(reason)
    if lead.dossier:
        set_disqualified(actor, lead.dossier, True, reason=reason)
    return _move(lead, LeadStage.DISQUALIFIED, disqualify_reason=why)


@action
def reopen(actor: User, lead: Lead, *, reason: str) -> Lead:
    """Nurture or disqualified → back to work: SAL where its owner had accepted it, else new."""
    lead = lock_lead(lead)
    require(actor, "leads.reopen_lead", lead)
    _expect(lead, LeadStage.NURTURE, LeadStage.DISQUALIFIED)
    _wants_reason(reason)
    if lead.dossier and lead.stage == LeadStage.DISQUALIFIED:
        set_disqualified(actor, lead.dossier, False, reason=reason)
    if lead.accepted_at and lead.owner_id:
        return _move(lead, LeadStage.SAL)
    return _move(lead, LeadStage.NEW)


@action
def move_back(actor: User, lead: Lead, *, reason: str) -> Lead:
    """One step back: SQL → SAL or SAL → MQL (its response time starts anew)."""
    lead = lock_lead(lead)
    require(actor, "leads.move_lead_back", lead)
    _expect(lead, LeadStage.SAL, LeadStage.SQL)
    _wants_reason(reason)
    if lead.stage == LeadStage.SQL:
        return _move(lead, LeadStage.SAL, qualified_at=None)
    return _move(lead, LeadStage.MQL, accepted_at=None, response_due_at=response_due(lead))


def response_due(lead: Lead) -> datetime.datetime:
    """When an answer is due if the lead's response time starts now, on the owner's or the team's clock."""
    policy = TeamPolicy.objects.filter(team=lead.team_id).first()
    hours = policy.response_hours if policy else DEFAULT_RESPONSE_HOURS
    zone = lead.owner.time_zone if lead.owner else (zone_of_team(lead.team_id) if lead.team_id else "UTC")
    return add_working_hours(timezone.now(), hours, zone)
