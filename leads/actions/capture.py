"""Leads that come in through public web forms."""

import hashlib
import secrets

from leads.actions.leads import claim_submission, log_lead, record_engagement
from leads.models import CaptureForm, Consent, EngagementKind, Lead, LeadComment
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.text import key

EDITABLE = ["name", "headline", "thanks", "source", "campaign", "team", "ask_phone", "ask_message", "is_active"]
TOKEN_PREFIX = "psf_"  # noqa: S105  names the kind of token, is none


@action
def add_capture_form(actor: User, *, reason: str = "", **values: object) -> CaptureForm:
    """Make a public form; `values` are some of EDITABLE."""
    require(actor, "leads.change_capture_forms")
    return CaptureForm.objects.create(**{name: values[name] for name in EDITABLE if name in values})


@action
def update_capture_form(
    actor: User, form: CaptureForm, *, version: int, reason: str = "", **changes: object
) -> CaptureForm:
    """Change some of EDITABLE if nobody did since `version`.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
    """
    locked = CaptureForm.objects.select_for_update(of=("self",)).get(pk=form.pk)
    require(actor, "leads.change_capture_forms", locked)
    names = [name for name in EDITABLE if name in changes]
    for name in names:
        setattr(locked, name, changes[name])
    save_version(locked, names, version)
    return locked


@action
def renew_token(actor: User, form: CaptureForm, *, reason: str = "") -> str:
    """A new token with which programs post to the form; the old one stops working. It is shown this once."""
    locked = CaptureForm.objects.select_for_update(of=("self",)).get(pk=form.pk)
    require(actor, "leads.change_capture_forms", locked)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    locked.token_hash = hash_token(token)
    locked.token_prefix = token[:8]
    locked.save(update_fields=["token_hash", "token_prefix"])
    return token


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_fits(form: CaptureForm, token: str) -> bool:
    """Whether `token` is the form's."""
    return bool(form.token_hash) and secrets.compare_digest(form.token_hash, hash_token(token))


@action
def capture(
    actor: None,
    form: CaptureForm,
    *,
    name: str,
    email: str,
    company_name: str = "",
    job_title: str = "",
    phone: str = "",
    message: str = "",
    consent: bool = False,
    idempotency_key: str = "",
    reason: str = "",
) -> Lead:
    """Take what a stranger sent. A person we know already (by address) gets an engagement, not a second lead.

    What is stored about a known person never changes, consent included: strangers can type any address.
    """
    sender = f"form-{form.pk}"
    submission = claim_submission(sender, idempotency_key)
    if submission and submission.lead_id:
        return submission.lead
    known = Lead.objects.unmerged().filter(email_key=key(email)[:254]).order_by("pk").first()
    lead = known or log_lead(
        None,
        name=name,
        email=email,
        phone=phone,
        job_title=job_title,
        company_name=company_name,
        source=form.source,
        campaign=form.campaign,
        consent=Consent.GIVEN if consent else Consent.UNKNOWN,
        team=form.team,
        reason=reason,
    )
    record_engagement(
        None, lead, kind=EngagementKind.DEMO_REQUEST, channel="web form", note=f"Form: {form.name}"[:300], reason=reason
    )
    if message.strip():
        LeadComment.objects.create(lead=lead, author=None, text=message.strip()[:5000])
    if submission:
        submission.lead = lead
        submission.save(update_fields=["lead"])
    return lead
