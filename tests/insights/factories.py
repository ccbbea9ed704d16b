"""A small sales organisation and deals in it, for the figures to be checked on."""

import datetime
import itertools
import random
from decimal import Decimal

from django.utils import timezone

from deals.models import LostReason, NoGoReason, Opportunity, OpportunityType, Pipeline, Stage
from leads.models import Source
from people.models import Role
from qualification.models import Dossier, DossierStatus, Framework, Status
from tests.factories import TeamFactory, UserFactory

STAGES = [
    ("qualification", 10, "open"),
    ("discovery", 25, "open"),
    ("evaluation", 60, "open"),
    ("won", 100, "won"),
    ("lost", 0, "lost"),
    ("no-go", 0, "no_go"),
]
_numbers = itertools.count(1)


def pipeline(slug="figures"):
    """A pipeline with STAGES; the same one when asked again."""
    made, new = Pipeline.objects.get_or_create(slug=slug, defaults={"name": slug.title(), "order": 9})
    if new:
        for order, (name, probability, outcome) in enumerate(STAGES):
            made.stages.create(name=name.title(), slug=name, order=order, probability=probability, outcome=outcome)
    return made


def stage(slug="qualification"):
    """A stage of `pipeline()`."""
    return Stage.objects.get(pipeline=pipeline(), slug=slug)


def dossier(status=Status.IN_PROGRESS, **derived):
    """A dossier of an empty framework with that derived status."""
    framework, _ = Framework.objects.get_or_create(slug="figures", defaults={"name": "Figures"})
    made = Dossier.objects.create(framework=framework)
    DossierStatus.objects.create(dossier=made, status=status, input_rev=1, computed_rev=1, **derived)
    return made


def deal(at=None, status=Status.IN_PROGRESS, **fields):
    """An opportunity in nobody's trouble: a next step, a close date ahead, fresh activity."""
    at = at or stage()
    today = timezone.localdate()
    closing = {}
    if at.outcome != "open":
        closing["closed_on"] = today
    if at.outcome == "lost":
        closing["lost_reason"] = LostReason.PRICE
    if at.outcome == "no_go":
        closing["no_go_reason"] = NoGoReason.GAP
    values = {
        "name": f"Deal {next(_numbers)}",
        "pipeline": at.pipeline,
        "stage": at,
        "outcome": at.outcome,
        "amount": Decimal("1000.00"),
        "close_date": today + datetime.timedelta(days=30),
        "next_step": "Call them",
        "next_step_on": today + datetime.timedelta(days=2),
        **closing,
        **fields,
    }
    return Opportunity.objects.create(dossier=values.pop("dossier", None) or dossier(status), **values)


def random_book(seed, size=120):
    """Two teams, one below the other, a third apart, and `size` deals of every kind in them."""
    chance = random.Random(seed)
    upper = TeamFactory()
    lower = TeamFactory(parent=upper)
    apart = TeamFactory()
    teams = [upper, lower, apart]
    owners = [UserFactory(role=Role.AE, team=team) for team in teams for _ in range(2)]
    ses = [UserFactory(role=Role.SE, team=team) for team in teams]
    stages = list(pipeline().stages.all())
    now = timezone.now()
    for _ in range(size):
        at = chance.choice(stages)
        team = chance.choice([*teams, None])
        owner = chance.choice([*owners, None])
        created = now - datetime.timedelta(days=chance.randrange(0, 400), minutes=chance.randrange(0, 1440))
        closing = {}
        if at.outcome != "open":
            closing["closed_on"] = created.date() + datetime.timedelta(days=chance.randrange(0, 200))
        deal(
            at,
            team=team,
            owner=owner,
            owner_name="" if owner else chance.choice(["", "Ann", "Bob"]),
            se=chance.choice([*ses, None]),
            amount=Decimal(chance.randrange(0, 10_000_000)) / 100,
            currency=chance.choice(["USD"] * 9 + ["EUR"]),
            claimed_probability=chance.choice([None, None, 0, 33, 77, 100]),
            source=chance.choice(Source.values),
            type=chance.choice(OpportunityType.values),
            close_date=chance.choice([None, now.date() + datetime.timedelta(days=chance.randrange(-60, 200))]),
            created_at=created,
            **closing,
        )
    return teams, owners, ses
