"""Rules and events for scoring tests."""

from django.utils import timezone

from leads.models import Engagement, ScoringGroup, ScoringRule
from leads.models.scoring import ScoringSettings
from leads.scoring import masses
from leads.scoring.rules import settings_row


def group(dimension="fit", ceiling=100, name=None):
    name = name or f"Group {ScoringGroup.objects.count()}"
    made = ScoringGroup.objects.create(
        dimension=dimension, name=name, ceiling=ceiling, order=ScoringGroup.objects.count()
    )
    bump()
    return made


def fit_rule(points, field, operator, values=(), of=None, **more):
    of = of or group()
    rule = ScoringRule.objects.create(
        group=of, name=f"{field} {operator} {points}", points=points, field=field, operator=operator,
        values=list(values), order=of.rules.count(), **more,
    )  # fmt: skip
    bump()
    return rule


def event_rule(points, kind, of=None, **more):
    of = of or group("engagement")
    rule = ScoringRule.objects.create(
        group=of, name=kind, points=points, engagement_kind=kind, order=of.rules.count(), **more
    )
    bump()
    return rule


def bump():
    row = settings_row()
    ScoringSettings.objects.filter(pk=1).update(revision=row.revision + 1)


def event(lead, kind, at=None, weight=1.0, created_at=None):
    at = at or timezone.now()
    made = Engagement.objects.create(
        lead=lead, kind=kind, weight=weight, occurred_at=at, created_at=created_at or max(at, timezone.now())
    )
    masses.add(made)
    return made
