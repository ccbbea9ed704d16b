"""The words of a mail: a template with places such as {first_name}, and what every mail says at its end."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from leads.models import Lead, NurtureStep, NurtureTouch, StepKind
from presales.text import squeeze

PLACE = re.compile(r"\{([^{}]{0,40})\}")
PLACES = {
    "first_name": "their first name",
    "name": "their whole name",
    "company": "their company",
    "job_title": "their job title",
    "owner": "who of ours looks after them",
    "link": "the address of the case study or the webinar",
}
SALT = "leads.nurture"
MOST = 40_000  # characters of a mail, however long the names that fill it
FOOT = "You get this because you agreed to hear from us. One click and it ends:"
ABOUT = {StepKind.CASE_STUDY: "Read it here:", StepKind.WEBINAR: "Save your place:", StepKind.EMAIL: "More:"}


def unknown_places(text: str) -> list[str]:
    """Places of a template that stand for nothing."""
    return [name for name in PLACE.findall(text) if name not in PLACES]


@dataclass(frozen=True)
class Words:
    """A mail as its reader gets it."""

    subject: str
    text: str
    unsubscribe: str


def token(touch: NurtureTouch) -> str:
    """What stands for the touch in addresses: signed for nothing but this, and without any name in it."""
    return signing.Signer(salt=SALT).sign(str(touch.pk))


def touch_of(text: str) -> NurtureTouch | None:
    """The touch that a token stands for; None for anything that we did not sign."""
    try:
        pk = signing.Signer(salt=SALT).unsign(text[:200])
    except signing.BadSignature:
        return None
    found = NurtureTouch.objects.select_related("enrolment__lead", "step")
    return found.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None


def address(name: str, signed: str) -> str:
    """The public address `name` of a touch, as it stands in a mail."""
    return settings.SITE_URL + reverse(f"leads:{name}", args=[signed])


def write(step: NurtureStep, lead: Lead, signed: str) -> Words:
    """The mail of `step` for `lead`; `signed` is the token of the touch."""
    link = address("nurture_go", signed) if step.link else ""
    values = {
        "first_name": lead.name.split(" ")[0] if lead.name else "",
        "name": lead.name,
        "company": lead.company_name or "your company",
        "job_title": lead.job_title or "your work",
        "owner": lead.owner.name if lead.owner else "your team at " + sender(),
        "link": link,
    }

    def fill(text: str) -> str:
        return PLACE.sub(lambda place: values.get(place[1], place[0]), text)

    body = fill(step.body).strip()
    if link and "{link}" not in step.body:
        body += f"\n\n{ABOUT[step.kind]}\n{link}"
    unsubscribe = address("nurture_unsubscribe", signed)
    return Words(squeeze(fill(step.subject))[:200], f"{body[:MOST]}\n\n-- \n{FOOT}\n{unsubscribe}\n", unsubscribe)


def sender() -> str:
    """Who we are, as the sender of mail says."""
    return settings.DEFAULT_FROM_EMAIL.partition("<")[0].strip(' "') or "us"
