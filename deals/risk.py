"""What is wrong with an open deal, asked of the database: one definition for lists, home pages and figures."""

import datetime
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.db.models import DateField, DateTimeField, F, IntegerField, QuerySet, Value
from django.utils import timezone

from presales.prepared import NOW, TODAY
from presales.sql import Template
from qualification.models import Status

PUSHES = 3
"""How often a close date may not be pushed."""
SEVERITY = 64
"""What stands above the bits of the risks in the number that says it all; see `with_risks`."""


@dataclass(frozen=True)
class Risk:
    """One thing that puts a deal at risk: its bit, what the screen says, and how much it weighs."""

    name: str
    bit: int
    label: str
    weight: int
    tone: str = "warn"


# Worst first; a deal's severity is the sum of the weights.
RISKS = [
    Risk("close_past", 32, "Close date has passed", 4, "bad"),
    Risk("evidence_shaky", 16, "Evidence stale or negative", 3, "bad"),
    Risk("happy_ears", 8, "Happy ears: claimed far above the evidence", 2),
    Risk("is_rotting", 4, "No activity for too long", 2),
    Risk("pushed_often", 2, f"Close date pushed {PUSHES} times or more", 2),
    Risk("step_missing", 1, "No next step", 1, "quiet"),
]
HAPPY_EARS = next(risk for risk in RISKS if risk.name == "happy_ears")

# When each is there. What cannot be told (there is no close date, no evidence) is no risk.
CONDITIONS = {
    "close_past": "{close_date} < {today}",  # the user's day
    "evidence_shaky": f"{{status}} IN ('{Status.AT_RISK}', '{Status.DISQUALIFIED}')",
    # The claim, or without one the stage's default, exceeds the evidence by more than the margin.
    "happy_ears": "COALESCE({claimed}, {default}) > {evidence} + {margin}",
    "is_rotting": "{last_activity} + {rotting_days} * interval '1 day' < {now}",
    "pushed_often": f"{{pushes}} >= {PUSHES}",
    "step_missing": "{step} = '' OR {step_on} < {today}",
}
FIELDS = {
    "close_date": "close_date", "status": "dossier__derived__status", "claimed": "claimed_probability",
    "default": "stage__probability", "evidence": "evidence_probability__percent", "last_activity": "last_activity_at",
    "rotting_days": "stage__rotting_days", "pushes": "close_date_pushes", "step": "next_step",
    "step_on": "next_step_on",
}  # fmt: skip
PLACES = {name: f"{{{place}}}" for place, name in enumerate([*FIELDS, "today", "now", "margin"])}
WEIGHED_BY_NAME = " + ".join(
    f"CASE WHEN {CONDITIONS[risk.name]} THEN {SEVERITY * risk.weight + risk.bit} ELSE 0 END" for risk in RISKS
)
WEIGHED = WEIGHED_BY_NAME.format(**PLACES)


def with_risks(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """Adds `risks`: severity × 64 + the bits of RISKS, in one number to show, to filter and to sort by."""
    clock = [Value(timezone.localtime(now).date(), DateField()), Value(now, DateTimeField())] if now else [TODAY, NOW]
    margin = Value(settings.HAPPY_EARS_MARGIN, IntegerField())
    places = [*map(F, FIELDS.values()), *clock, margin]
    return deals.annotate(risks=Template(WEIGHED, *places, output_field=IntegerField()))


def at_risk(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """Those of the open `deals` that carry at least one of RISKS."""
    return with_risks(deals.filter(outcome="open"), now).filter(risks__gt=0)


def worst_first(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """`deals` by the sum of the weights of their RISKS; among equals the worse kind first, then the larger amount."""
    return with_risks(deals, now).order_by("-risks", "-amount", "pk")


@cache
def _risks_in(number: int) -> list[Risk]:
    return [risk for risk in RISKS if number & risk.bit]


def risks_of(deal: object) -> list[Risk]:
    """The risks of a deal, a record or a row that came through `with_risks`, worst first."""
    return _risks_in(deal.risks)
