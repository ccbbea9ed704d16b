"""What people answer to nurture mail: a click, a reply, or that they want no more of it. Nobody is signed in here."""

from django.utils import timezone

from leads.actions.leads import claim_submission, record_engagement
from leads.freshness import scores_stale
from leads.models import (
    Consent,
    EngagementKind,
    EnrolmentState,
    Lead,
    LeadComment,
    NurtureEnrolment,
    NurtureTouch,
    StepKind,
    StopReason,
    Unsubscribed,
)
from leads.nurture.stop import stop
from presales.actions import action
from presales.editing import save_version
from presales.models import OutboxMail
from presales.outbox import message_id
from presales.text import key

CLICKED = {StepKind.CASE_STUDY: EngagementKind.CONTENT_DOWNLOADED}
REFERENCES = 50


@action
def clicked(actor: None, touch: NurtureTouch) -> None:
    """The first click on a mail's link is an engagement; further ones change nothing."""
    locked = (
        NurtureTouch.objects.select_for_update(of=("self",)).select_related("step", "enrolment__lead").get(pk=touch.pk)
    )
    if locked.clicked_at is None:
        locked.clicked_at = timezone.now()
        locked.save(update_fields=["clicked_at"])
        if locked.enrolment.lead.merged_into_id is None:
            kind = CLICKED.get(locked.step.kind, EngagementKind.EMAIL_CLICKED)
            record_engagement(None, locked.enrolment.lead, kind=kind, channel="e-mail", note=str(locked.step)[:300])


@action
def unsubscribe(actor: None, touch: NurtureTouch, *, reason: str = "Unsubscribed by the link of a mail") -> None:
    """No more mail to this address: consent is withdrawn for every lead that has it, and all their tracks end."""
    now = timezone.now()
    NurtureTouch.objects.filter(pk=touch.pk, unsubscribed_at=None).update(unsubscribed_at=now)
    address = touch.enrolment.lead.email_key
    if not address:
        return
    Unsubscribed.objects.bulk_create([Unsubscribed(email_key=address, at=now)], ignore_conflicts=True)
    leads = list(Lead.objects.select_for_update().filter(email_key=address).order_by("pk"))
    for lead in leads:
        if lead.consent != Consent.WITHDRAWN:
            lead.consent, lead.consent_at = Consent.WITHDRAWN, now
            save_version(lead, ["consent", "consent_at"], lead.version)
    scores_stale([lead.pk for lead in leads])
    running = NurtureEnrolment.objects.filter(lead__in=leads, state=EnrolmentState.RUNNING)
    stop(running.values_list("pk", flat=True), StopReason.UNSUBSCRIBED)


@action
def replied(
    actor: None, *, sender: str, references: list[str], message: str = "", subject: str = "", text: str = ""
) -> Lead | None:
    """Somebody answered a mail: an engagement and a comment on the lead, whose track ends.

    None where we wrote to nobody of that address.

    Which mail is meant the references say (In-Reply-To, References), else it is the newest one to the sender. The same
    `message` (its Message-ID) counts once.
    """
    touch = _touch_meant(sender, references[:REFERENCES])
    if touch is None:
        return None
    submission = claim_submission("reply", message.strip()[:100])
    if submission and submission.lead_id:
        return submission.lead
    lead = touch.enrolment.lead
    while lead.merged_into_id:
        lead = lead.merged_into
    NurtureTouch.objects.filter(pk=touch.pk, replied_at=None).update(replied_at=timezone.now())
    record_engagement(None, lead, kind=EngagementKind.EMAIL_REPLIED, channel="e-mail", note=subject[:300])
    if text.strip():
        LeadComment.objects.create(lead=lead, author=None, text=text.strip()[:5000])
    running = NurtureEnrolment.objects.filter(lead__in=[lead, touch.enrolment.lead], state=EnrolmentState.RUNNING)
    stop(running.values_list("pk", flat=True), StopReason.REPLIED)
    if submission:
        submission.lead = lead
        submission.save(update_fields=["lead"])
    return lead


def _touch_meant(sender: str, references: list[str]) -> NurtureTouch | None:
    touches = NurtureTouch.objects.exclude(mail=None).select_related("enrolment__lead__merged_into", "mail")
    address = key(sender)[:254]
    if not address:
        return None
    to_sender = touches.filter(enrolment__lead__email_key=address).order_by("-due_at", "-pk")
    named = {reference.strip() for reference in references}
    recent = list(to_sender[:REFERENCES])
    by_reference = next((touch for touch in recent if message_id(touch.mail.key) in named), None)
    return by_reference or next(
        (touch for touch in recent if touch.mail.state in (OutboxMail.State.SENT, OutboxMail.State.UNSURE)), None
    )
