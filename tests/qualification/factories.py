"""Rows of the qualification room."""

import datetime

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from qualification.models import Criterion, Dossier, DossierStatus, Evidence, Framework
from qualification.seeds import seed


def framework(slug="bant"):
    seed()
    return Framework.objects.get(slug=slug)


class DossierFactory(DjangoModelFactory):
    class Meta:
        model = Dossier
        skip_postgeneration_save = True

    framework = factory.LazyFunction(framework)

    @factory.post_generation
    def derived(self, create, extracted, **kwargs):
        DossierStatus.objects.create(dossier=self)


def evidence(dossier, key, level, *, age=0, **facts):
    """The current entry of a criterion, observed `age` days ago."""
    criterion = Criterion.objects.get(framework=dossier.framework, key=key)
    dossier.evidence.filter(criterion=criterion, superseded_at=None).update(superseded_at=timezone.now())
    today = timezone.now().astimezone(datetime.UTC).date()
    return Evidence.objects.create(
        dossier=dossier, criterion=criterion, level=level, observed_on=today - datetime.timedelta(days=age),
        **{"text": "They said so", "source_person": "Lena Ortiz, CTO"} | facts,
    )  # fmt: skip


def qualify(dossier):
    """Everything that BANT wants."""
    today = timezone.now().astimezone(datetime.UTC).date()
    evidence(dossier, "budget", 2, amount=80000)
    evidence(dossier, "authority", 2, person_name="Lena Ortiz")
    evidence(dossier, "need", 2)
    evidence(dossier, "timeline", 2, decision_on=today + datetime.timedelta(days=60))
