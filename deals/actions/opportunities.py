"""Making opportunities and changing their commercial facts."""

import datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from deals.actions.meetings import carry_meetings_over
from deals.actions.queue import fill_queue
from deals.models import Opportunity, OpportunityType, Pipeline
from deals.probability import mark_stale
from leads.models import Company, Lead, LeadStage, Source
from people.models import Role, Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, NotAllowed, WantsConfirmation
from qualification.actions.dossiers import open_dossier

COMMERCIAL_FIELDS = [
    "name", "type", "product", "amount", "currency", "term_months", "one_off", "claimed_probability",
    "forecast_category", "close_date", "compelling_event", "compelling_event_on", "next_step", "next_step_on",
    "next_step_owner", "needed_skills",
]  # fmt: skip


def default_pipeline() -> Pipeline:
    """The pipeline that new opportunities enter."""
    return Pipeline.objects.order_by("-is_default", "order").first()


@action
def convert_lead(
    actor: User,
    lead: Lead,
    *,
    name: str,
    amount: Decimal,
    close_date: datetime.date,
    type: str = OpportunityType.NEW,
    next_step: str = "",
    next_step_on: datetime.date | None = None,
    needed_skills: str = "",
    currency: str = settings.COMPANY_CURRENCY,
) -> Opportunity:
    """SQL → converted: the opportunity takes over the lead's own dossier and meetings. Repeating it gives the same.

    Raises:
        NotAllowed: neither the owner nor a manager of the team.
        Conflict: the lead is not an SQL.
    """
    require(actor, "deals.convert", lead)
    lead = Lead.objects.select_for_update(of=("self",)).select_related("company").get(pk=lead.pk)
    existing = Opportunity.objects.filter(lead=lead).first()
    if existing is not None:
        return existing
    if lead.stage != LeadStage.SQL:
        raise Conflict(f"Only an SQL converts; this lead is {lead.get_stage_display()}.")
    dossier = lead.dossier or open_dossier(actor, lead.team)
    now = timezone.now()
    pipeline = default_pipeline()
    opportunity = Opportunity.objects.create(
        name=name, company=lead.company, lead=lead, dossier=dossier, type=type, source=lead.source,
        pipeline=pipeline, stage=pipeline.stages.order_by("order").first(), owner=lead.owner,
        owner_name=lead.owner_name, team=lead.team, amount=amount, currency=currency, close_date=close_date,
        next_step=next_step, next_step_on=next_step_on, needed_skills=needed_skills, created_at=now, stage_since=now,
        last_activity_at=now,
    )  # fmt: skip
    lead.stage = LeadStage.CONVERTED
    lead.dossier = dossier
    lead.stage_since = lead.converted_at = now
    save_version(lead, ["stage", "dossier", "stage_since", "converted_at"], lead.version)
    carry_meetings_over(lead, opportunity)
    mark_stale([opportunity.pk])
    fill_queue(opportunity_ids=[opportunity.pk])
    return opportunity


@action
def create_opportunity(
    actor: User, *, name: str, company: Company | None, team: Team, owner: User, amount: Decimal,
    close_date: datetime.date, type: str = OpportunityType.NEW, source: str = Source.OTHER, next_step: str = "",
    next_step_on: datetime.date | None = None, needed_skills: str = "", currency: str = settings.COMPANY_CURRENCY,
) -> Opportunity:  # fmt: skip
    """An opportunity that did not come from a lead, e.g. an expansion.

    Raises:
        NotAllowed: the team is none of the actor's, or an AE creates for somebody else.
        Conflict: the owner is not an active AE of the team.
    """
    require(actor, "deals.add_opportunity")
    if team.pk not in actor.team_ids or (actor.role == "ae" and owner.pk != actor.pk):
        raise NotAllowed("You create opportunities in your own teams.")
    _must_sell_in(team.pk, owner)
    pipeline = default_pipeline()
    opportunity = Opportunity.objects.create(
        name=name, company=company, dossier=open_dossier(actor, team), type=type, source=source, pipeline=pipeline,
        stage=pipeline.stages.order_by("order").first(), owner=owner, team=team, amount=amount,
        currency=currency, close_date=close_date, next_step=next_step, next_step_on=next_step_on,
        needed_skills=needed_skills,
    )  # fmt: skip
    mark_stale([opportunity.pk])
    fill_queue(opportunity_ids=[opportunity.pk])
    return opportunity


@action
def update_commercial(actor: User, opportunity: Opportunity, version: int) -> Opportunity:
    """Save the fields in COMMERCIAL_FIELDS, which are the AE's lane.

    Raises:
        NotAllowed: not in the actor's lane.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_commercial", opportunity)
    stored = Opportunity.objects.select_for_update().only("close_date", "close_date_pushes").get(pk=opportunity.pk)
    opportunity.close_date_pushes = stored.close_date_pushes + _is_push(stored, opportunity.close_date)
    opportunity.last_activity_at = timezone.now()
    save_version(opportunity, [*COMMERCIAL_FIELDS, "close_date_pushes", "last_activity_at"], version)
    mark_stale([opportunity.pk])
    return opportunity


def _is_push(stored: Opportunity, day: datetime.date | None) -> bool:
    """Whether `day` is later than the last close date the deal had. Taking the date away first does not help."""
    if day is None:
        return False
    before = stored.close_date
    if before is None:
        before = stored.events.exclude(close_date=None).order_by("-pgh_id").values_list("close_date", flat=True).first()
    return before is not None and day > before


@action
def reassign_owner(
    actor: User, opportunity: Opportunity, owner: User, *, reason: str = "", while_away: bool = False
) -> Opportunity:
    """Give the commercial lane to another AE of the team.

    Raises:
        NotAllowed: the actor does not manage the team.
        Conflict: the new owner is not an active AE of the opportunity's team.
        WantsConfirmation: the new owner is away, and `while_away` is not said.
    """
    require(actor, "deals.reassign_owner", opportunity)
    _must_sell_in(opportunity.team_id, owner)
    if owner.is_away and not while_away:
        raise WantsConfirmation(
            f"{owner} is away until {owner.away_until:%-d %b}. Confirm that the deal goes there all the same.",
            ["while_away"],
        )
    opportunity.owner = owner
    opportunity.owner_name = ""
    save_version(opportunity, ["owner", "owner_name"], opportunity.version)
    return opportunity


def _must_sell_in(team_id: int | None, owner: User) -> None:
    if not (owner.is_active and owner.role == Role.AE and team_id in owner.team_ids):
        raise Conflict(f"{owner} is not an AE of this team.")
