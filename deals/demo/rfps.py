"""Two RFPs: one of a deal that is won, whose answers everybody may reuse, and one on its way, half answered."""

import csv
import datetime
import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from deals.actions import rfps as actions
from deals.demo.clock import at, days_ago
from deals.models import Opportunity, Rfp, RfpQuestion
from people.models import User

HEADER = ["No.", "Section", "Question", "Your answer"]
ANSWERED = [
    ("1.1", "Security", "How is our data encrypted at rest and in transit?",
     "At rest with AES-256, keys in a vault that is rotated every 90 days. In transit with TLS 1.2 or newer; older "
     "protocols are refused.", "native"),
    ("1.2", "Security", "Do you support single sign-on with our identity provider?",
     "Yes, by OpenID Connect and SAML 2.0. Groups of the identity provider are mapped to roles.", "configurable"),
    ("1.3", "Security", "When was your last penetration test, and who carried it out?",
     "Every spring and autumn by an independent laboratory. The summary of the last report is enclosed; the report "
     "itself is open to you in our trust room.", ""),
    ("2.1", "Operations", "What availability do you guarantee in a month?",
     "99.9 % a month, measured from outside at one-minute intervals. Planned maintenance is announced a week ahead.",
     "native"),
    ("2.2", "Operations", "How often are backups made, and how long does a restore take?",
     "Every hour, kept for 35 days in a second region. A restore of 1 TB took 48 minutes in the last exercise.",
     "native"),
    ("3.1", "Interfaces", "Which interfaces do you offer to our ERP system?",
     "A REST API with webhooks, and certified connectors to the usual ERP systems. Files by SFTP where nothing else "
     "works.", "configurable"),
    ("3.2", "Interfaces", "Can data be exported in full at the end of the contract?",
     "Yes, at any time and by yourselves, as CSV and Parquet, with a description of every column.", "native"),
]  # fmt: skip
ASKED = [
    ("A1", "Data protection", "Describe how data is encrypted, at rest and on its way."),
    ("A2", "Data protection", "In which countries is our data stored and processed?"),
    ("A3", "Data protection", "How do you delete our data when the contract ends, and can we export it before?"),
    ("A4", "Data protection", "Who of your staff can read our data, and how is that recorded?"),
    ("B1", "Access", "Is single sign-on with our identity provider possible?"),
    ("B2", "Access", "Can roles be limited to single plants?"),
    ("B3", "Access", "Do you support a second factor for administrators?"),
    ("C1", "Operations", "What availability is guaranteed, and how is it measured?"),
    ("C2", "Operations", "How are backups made, and how is a restore tested?"),
    ("C3", "Operations", "How do you tell us about incidents, and how fast?"),
    ("D1", "Interfaces", "How would the interfaces to our ERP system be built?"),
    ("D2", "Commercial", "How is the price worked out when we add a plant?"),
]
WRITTEN = {
    "A2": ("In Germany and Ireland alone. Backups stay in the same two countries.", "native", "done"),
    "A4": ("Four engineers on call, for an hour at a time and with a reason; every look is in a log that you can read.",
           "native", "reviewed"),
    "B2": ("Yes: a role is given for the whole company or for single plants.", "configurable", "drafted"),
}  # fmt: skip
TAKEN = {"A1": "1.1", "B1": "1.2", "C1": "2.1"}


def tell() -> None:
    """An RFP that was won, and one that the first SE works on."""
    first = User.objects.get(email="se@demo.example")
    deals = Opportunity.objects.filter(se=first).exclude(owner=None).select_related("owner", "se")
    won = deals.filter(outcome="won").order_by("-closed_on", "pk").first()
    won = won or Opportunity.objects.filter(outcome="won").exclude(se=None).order_by("-closed_on", "pk").first()
    now = deals.filter(outcome="open").order_by("-stage__order", "-last_activity_at", "pk").first()
    for deal, story in ((won, _won), (now, _on_its_way)):
        if deal is not None:
            touched = deal.last_activity_at
            story(deal)
            Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=touched)


def _read(deal: Opportunity, rfp: Rfp, name: str, rows: list[list[str]], moment: datetime.datetime) -> Rfp:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    with at(moment):
        rfp = actions.add_rfp(deal.se, deal, rfp)
        actions.upload_questions(deal.se, rfp, SimpleUploadedFile(name, text.getvalue().encode()))
        rfp.refresh_from_db()
        actions.import_questions(deal.se, rfp, rfp.mapping, rfp.reading["header_line"])
    return rfp


def _won(deal: Opportunity) -> None:
    moment = max(deal.created_at + datetime.timedelta(days=6), days_ago(330))
    rfp = Rfp(name="Vendor questionnaire", kind="security", due_on=(moment + datetime.timedelta(days=9)).date())
    rows = [[number, section, text, ""] for number, section, text, *_ in ANSWERED]
    rfp = _read(deal, rfp, "vendor-questionnaire.csv", rows, moment)
    for question, (*_, answer, fit) in zip(rfp.questions.all(), ANSWERED, strict=True):
        moment += datetime.timedelta(hours=5)
        _answer(deal.se, question, moment, answer=answer, fit=fit, state="done", is_reusable=True)
    rfp.refresh_from_db()
    rfp.sent_on = (moment + datetime.timedelta(days=1)).date()
    with at(moment + datetime.timedelta(days=1)):
        actions.edit_rfp(deal.se, rfp, rfp.version)


def _on_its_way(deal: Opportunity) -> None:
    moment = days_ago(4)
    due = timezone.localdate() + datetime.timedelta(days=5)
    rfp = Rfp(name="Request for proposal, integration", due_on=due, owner=deal.se, note="All bids are opened at once.")
    rfp = _read(deal, rfp, "request-for-proposal.csv", [[*row, ""] for row in ASKED], moment)
    past = {question.number: question for question in RfpQuestion.objects.exclude(rfp=rfp).filter(is_reusable=True)}
    for question in rfp.questions.select_related("rfp__opportunity"):
        moment += datetime.timedelta(hours=3)
        if question.number in WRITTEN:
            answer, fit, state = WRITTEN[question.number]
            _answer(deal.se, question, moment, answer=answer, fit=fit, state=state)
        elif TAKEN.get(question.number) in past:
            with at(moment):
                actions.reuse_answer(deal.se, question, past[TAKEN[question.number]], question.version)
        elif question.section == "Commercial":
            with at(moment):
                actions.assign_questions(deal.se, rfp, [question.pk], deal.owner)


def _answer(se: User, question: RfpQuestion, moment: datetime.datetime, **facts: object) -> None:
    for name, value in facts.items():
        setattr(question, name, value)
    with at(moment):
        actions.save_answer(se, question, question.version)
