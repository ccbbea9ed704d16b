"""Rows of the deals room."""

import datetime

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from deals.models import Attendee, Meeting, Opportunity, Pipeline, QueueEntry, Stakeholder
from deals.seeds import seed
from tests.factories import CompanyFactory
from tests.qualification.factories import DossierFactory


def pipeline():
    seed()
    return Pipeline.objects.get(is_default=True)


def stage(slug):
    return pipeline().stages.get(slug=slug)


class OpportunityFactory(DjangoModelFactory):
    class Meta:
        model = Opportunity

    name = factory.Sequence(lambda n: f"Deal {n}")
    company = factory.SubFactory(CompanyFactory)
    dossier = factory.SubFactory(DossierFactory)
    pipeline = factory.LazyFunction(pipeline)
    stage = factory.LazyFunction(lambda: stage("qualification"))
    amount = 60000
    compelling_event = "Their present contract ends"


def waiting(opportunity, **fields):
    return QueueEntry.objects.create(opportunity=opportunity, **fields)


class StakeholderFactory(DjangoModelFactory):
    class Meta:
        model = Stakeholder

    opportunity = factory.SubFactory(OpportunityFactory)
    name = factory.Sequence(lambda n: f"Stakeholder {n}")
    role = "champion"


class MeetingFactory(DjangoModelFactory):
    """A meeting that begins in `hours` (negative: began so many hours ago)."""

    class Meta:
        model = Meeting

    class Params:
        hours = 48

    opportunity = factory.SubFactory(OpportunityFactory)
    kind = "demo"
    objective = "They see their own case"
    minutes = 45
    starts_at = factory.LazyAttribute(lambda row: timezone.now() + datetime.timedelta(hours=row.hours))
    ends_at = factory.LazyAttribute(lambda row: row.starts_at + datetime.timedelta(minutes=row.minutes))


class AttendeeFactory(DjangoModelFactory):
    class Meta:
        model = Attendee

    meeting = factory.SubFactory(MeetingFactory)
    name = factory.Maybe("user", "", factory.Sequence(lambda n: f"Attendee {n}"))
    user = None
    is_confirmed = True
