"""A deal with a full story, for the page that has to show it all: what an AE and an SE do in two months."""

import datetime

from django.utils import timezone

from deals.models import (
    Attendee,
    Competitor,
    Debrief,
    HelpRequest,
    HuddleItem,
    HuddlePoint,
    Meeting,
    Opportunity,
    Override,
    Stage,
    Stakeholder,
)
from people.models import User
from qualification.models import Evidence

ROLES = ["economic_buyer", "champion", "technical_buyer", "user", "user", "procurement", "legal", "blocker"]


def tell(deal: Opportunity) -> None:
    """Evidence for every criterion, eight stakeholders and meetings, competitors, requests, an override, a history."""
    ae, se = deal.owner, deal.se
    today, now = timezone.localdate(), timezone.now()
    for number, criterion in enumerate(deal.dossier.framework.criteria.all()):
        Evidence.objects.create(
            dossier=deal.dossier,
            criterion=criterion,
            level=1 + number % 3,
            text="They told us so in the workshop. " * 4,
            source_person="Maria Weber",
            observed_on=today - datetime.timedelta(days=number),
            recorded_by=ae,
        )
    Stakeholder.objects.bulk_create(
        Stakeholder(opportunity=deal, name=f"Person {n}", job_title="VP Operations", role=role, known_by=ae)
        for n, role in enumerate(ROLES)
    )
    Competitor.objects.bulk_create(Competitor(opportunity=deal, name=f"Vendor {n}", note="Cheaper") for n in range(3))
    for n in range(8):
        _meeting(deal, now + datetime.timedelta(days=2 - 7 * n))
    HelpRequest.objects.create(opportunity=deal, kind="demo", note="Their own data", requested_by=ae, state="with_se")
    HelpRequest.objects.create(
        opportunity=deal, kind="poc", requested_by=ae, state="done", settled_at=now - datetime.timedelta(days=3)
    )
    first, second = Stage.objects.filter(pipeline=deal.pipeline_id).order_by("order")[:2]
    manager = User.objects.get(email="manager1@bench.example")
    Override.objects.create(
        opportunity=deal, from_stage=first, to_stage=second, by=manager, reason="Their CFO called", missing=["Pain"]
    )
    for n in range(20):  # what happened, for the history
        deal.next_step, deal.next_step_on = f"Call number {n} with {se}", today + datetime.timedelta(days=n)
        deal.save(update_fields=["next_step", "next_step_on"])


def _meeting(deal: Opportunity, start: datetime.datetime) -> None:
    meeting = Meeting(opportunity=deal, kind="technical", starts_at=start, objective="See their data", driver=deal.se)
    meeting.set_end()
    meeting.save()
    Attendee.objects.create(meeting=meeting, user=deal.owner, is_confirmed=True)
    Attendee.objects.create(meeting=meeting, user=deal.se, is_confirmed=True)
    Attendee.objects.create(meeting=meeting, name="Maria Weber", job_title="VP Operations")
    HuddlePoint.objects.bulk_create(
        HuddlePoint(meeting=meeting, item=item, by=deal.owner) for item in HuddleItem.values
    )
    if meeting.is_over:
        for author, lane in ((deal.owner, "ae"), (deal.se, "se")):
            Debrief.objects.create(
                meeting=meeting, author=author, lane=lane, real_pain="yes", next_step_agreed=True, context=4
            )
