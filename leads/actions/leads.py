"""Logging and editing leads, what they did, and what we write down about them."""

import datetime

from django.db.models import QuerySet
from django.utils import timezone

from leads.actions.companies import find_or_add_company
from leads.actions.stages import lock_lead
from leads.custom_values import changed
from leads.domains import company_domain_of_email
from leads.freshness import scores_stale
from leads.hooks import on_converted
from leads.models import (
    Consent,
    CustomField,
    Engagement,
    EngagementKind,
    Lead,
    LeadComment,
    LeadStage,
    Source,
    Submission,
    Unsubscribed,
)
from leads.routing import selling_teams, team_for
from leads.scoring import masses
from people.models import Role, Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, NotAllowed
from presales.text import key, squeeze

EDITABLE = ["name", "email", "phone", "job_title", "company_name", "source", "campaign", "consent", "notes"]


def claim_submission(sender: str, token: str) -> Submission | None:
    """The row for an idempotency key: a new one, or the one an earlier sending left. None without a key.

    A sending in progress elsewhere is waited for, so that the second finds what the first made.
    """
    if not token:
        return None
    identity = f"{sender}:{token}"[:140]
    Submission.objects.bulk_create([Submission(key=identity)], ignore_conflicts=True)
    return Submission.objects.select_for_update(of=("self",)).get(pk=identity)


@action
def log_lead(
    actor: User | None,
    *,
    name: str,
    email: str = "",
    phone: str = "",
    job_title: str = "",
    company_name: str = "",
    company_domain: str = "",
    source: str = Source.OTHER,
    campaign: str = "",
    consent: str = Consent.UNKNOWN,
    notes: str = "",
    custom: dict[str, object] | None = None,
    team: Team | None = None,
    idempotency_key: str = "",
    sender: str = "",
    reason: str = "",
) -> Lead:
    """Enter a new lead. An AE becomes its owner; others' leads wait with the team of the territory.

    The company is found among those the actor may see, by domain, else by name, else it is added.
    The same `idempotency_key` from the same sender gives the same lead again.
    """
    require(actor, "leads.add_lead")
    submission = claim_submission(sender or f"user-{actor.pk if actor else 0}", idempotency_key)
    if submission and submission.lead_id:
        return submission.lead
    company = find_or_add_company(actor, name=company_name, domain=company_domain or company_domain_of_email(email))
    lead = Lead(
        name=squeeze(name),
        email=email.strip(),
        phone=phone.strip(),
        job_title=squeeze(job_title),
        company=company,
        source=source,
        campaign=squeeze(campaign),
        consent=consent,
        consent_at=timezone.now() if consent != Consent.UNKNOWN else None,
        notes=notes,
        custom=changed({}, custom, CustomField.objects.of("lead").active()) if custom else {},
        created_by=actor,
    )
    if actor is not None and actor.role in (Role.AE, Role.MANAGER):
        own = list(Team.objects.filter(pk__in=actor.team_ids).order_by("name"))
        lead.team = team if team in own else (team_for(company, own) or next(iter(own), None))
        lead.owner = actor if actor.role == Role.AE else None
    else:
        lead.team = team or team_for(company, selling_teams())
    lead.save()
    scores_stale([lead.pk])
    if submission:
        submission.lead = lead
        submission.save(update_fields=["lead"])
    return lead


@action
def update_lead(
    actor: User,
    lead: Lead,
    *,
    version: int,
    custom: dict[str, object] | None = None,
    reason: str = "",
    **changes: object,
) -> Lead:
    """Change some of EDITABLE, and of `custom` the fields named by key, if nobody did since `version`.

    Another `company_name` finds or adds that company; none leaves the lead without one.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
    """
    locked = lock_lead(lead)
    require(actor, "leads.change_lead", locked)
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    if "consent" in changes and changes["consent"] != locked.consent:
        locked.consent_at = timezone.now() if changes["consent"] != Consent.UNKNOWN else None
        if changes["consent"] == Consent.GIVEN:
            # They changed their mind, and told one of us.
            Unsubscribed.objects.filter(pk=key(changes.get("email", locked.email))[:254]).delete()
    if custom:
        changes["custom"] = changed(locked.custom, custom, CustomField.objects.of("lead").active())
    company_name = changes.pop("company_name", None)
    if company_name is not None and key(company_name) != key(locked.company_name):
        changes["company"] = find_or_add_company(actor, name=company_name)
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.derive()
    derived = ["name_key", "email_key", "seniority", "function", "consent_at"]
    if actor.role == Role.MARKETING and locked.return_reason:
        # Marketing looked at a returned lead: from here on its score may speak again.
        locked.return_reason = ""
        derived.append("return_reason")
    save_version(locked, [*changes, *derived], version)
    if locked.stage == LeadStage.CONVERTED:
        for hook in on_converted:
            hook([locked.pk])
    scores_stale([locked.pk])
    return locked


@action
def record_engagement(
    actor: User | None,
    lead: Lead,
    *,
    kind: str,
    channel: str = "",
    note: str = "",
    weight: float = 1.0,
    occurred_at: datetime.datetime | None = None,
    reason: str = "",
) -> Engagement:
    """Note something the lead did. It counts from when it happened, which cannot be in the future."""
    lead = lock_lead(lead)
    require(actor, "leads.record_engagement", lead)
    occurred_at = occurred_at or timezone.now()
    if occurred_at > timezone.now() + datetime.timedelta(minutes=1):
        raise Conflict("That has not happened yet. Choose a time that has passed.")
    if kind not in EngagementKind.values or not 0 < weight <= 10:
        raise Conflict("Choose what the lead did.")
    engagement = Engagement.objects.create(
        lead=lead, kind=kind, channel=squeeze(channel), note=squeeze(note), weight=weight, occurred_at=occurred_at
    )
    masses.add(engagement)
    scores_stale([lead.pk])
    return engagement


@action
def comment(actor: User, lead: Lead, *, text: str, reason: str = "") -> LeadComment:
    """Write something down about a lead that one sees."""
    require(actor, "leads.comment_lead", lead)
    if not Lead.objects.visible_to(actor).filter(pk=lead.pk).exists():
        raise NotAllowed("This lead is not yours to see.")
    if not text.strip():
        raise Conflict("Write something first.")
    return LeadComment.objects.create(lead=lead, author=actor, text=text.strip())


@action
def move_all(actor: User, leads: QuerySet, ids: list[int], move: object, **details: object) -> int:
    """Do one move to every lead of `ids`, all or none; `leads` are those the actor may see.

    Raises:
        Conflict: one of them is not there (any more); nothing was changed.
    """
    wanted = sorted(set(ids))
    found = list(leads.filter(pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted) or not wanted:
        raise Conflict("Some of these leads are no longer there. Look again; nothing was changed.")
    for lead in found:
        try:
            move(actor, lead, **details)
        except Conflict as error:
            raise Conflict(f"{lead}: {error.message} Nothing was changed.") from error
    return len(found)
