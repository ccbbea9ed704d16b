"""Rows of the deals room."""

import factory
from factory.django import DjangoModelFactory

from deals.models import Opportunity, Pipeline, QueueEntry, Stakeholder
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
