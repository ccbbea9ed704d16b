"""What is wrong with an open deal, asked of the database: one definition for lists, home pages and figures."""

import datetime
from dataclasses import dataclass
from functools import reduce
from operator import add, or_

from django.conf import settings
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.lookups import LessThan
from django.utils import timezone

from qualification.models import Status

# When a deal begins to rot; one plain function, since every list and every figure asks.
LAST_OUT = Func(
    F("last_activity_at"), F("stage__rotting_days"), template="(%(expressions)s)", arg_joiner=" + interval '1 day' * ",
    output_field=DateTimeField(),
)  # fmt: skip
PUSHES = 3
SHAKY = (Status.AT_RISK, Status.DISQUALIFIED)


@dataclass(frozen=True)
class Risk:
    """One thing that puts a deal at risk: its annotation, what the screen says, and how much it weighs."""

    name: str
    label: str
    weight: int
    tone: str = "warn"

    def weighs_on(self, deal: object) -> bool:
        """Whether `deal`, a record or a row that came through `with_risks`, carries it."""
        return bool(getattr(deal, self.name))


# Worst first; a deal's severity is the sum of the weights.
RISKS = [
    Risk("close_past", "Close date has passed", 4, "bad"),
    Risk("evidence_shaky", "Evidence stale or negative", 3, "bad"),
    Risk("happy_ears", "Happy ears: claimed far above the evidence", 2),
    Risk("is_rotting", "No activity for too long", 2),
    Risk("pushed_often", f"Close date pushed {PUSHES} times or more", 2),
    Risk("step_missing", "No next step", 1, "quiet"),
]


def close_past(today: datetime.date) -> Q:
    """The expected close date lies before `today`, the user's day."""
    return Q(close_date__lt=today)


def rotting(now: datetime.datetime) -> Q:
    """Nothing happened for longer than the stage allows."""
    return Q(LessThan(LAST_OUT, now))


def pushed_often() -> Q:
    """The close date was moved to a later day, again and again."""
    return Q(close_date_pushes__gte=PUSHES)


def step_missing(today: datetime.date) -> Q:
    """No next step is named, or its day has passed."""
    return Q(next_step="") | Q(next_step_on__lt=today)


def evidence_shaky() -> Q:
    """The dossier is at risk (something stale or negative) or disqualified."""
    return Q(dossier__derived__status__in=SHAKY)


def happy_ears() -> Q:
    """The claim (without one, the stage's default) exceeds the evidence by more than the margin."""
    margin = F("evidence_probability__percent") + settings.HAPPY_EARS_MARGIN
    return Q(claimed_probability__gt=margin) | Q(claimed_probability=None, stage__probability__gt=margin)


def conditions(now: datetime.datetime | None = None) -> dict[str, Q]:
    """The condition of each of RISKS, by name."""
    now = now or timezone.now()
    today = timezone.localtime(now).date()
    return {
        "close_past": close_past(today),
        "evidence_shaky": evidence_shaky(),
        "happy_ears": happy_ears(),
        "is_rotting": rotting(now),
        "pushed_often": pushed_often(),
        "step_missing": step_missing(today),
    }


def any_risk(now: datetime.datetime | None = None) -> Q:
    """At least one of RISKS."""
    return reduce(or_, conditions(now).values())


def at_risk(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """Those of the open `deals` that carry at least one of RISKS."""
    return deals.filter(outcome="open").filter(any_risk(now))


def with_risks(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """Adds a flag for each of RISKS; one that cannot be told (there is no close date) is None."""
    found = conditions(now)
    return deals.annotate(**{name: ExpressionWrapper(found[name], BooleanField()) for name in found})


def worst_first(deals: QuerySet, now: datetime.datetime | None = None) -> QuerySet:
    """`deals` by the sum of the weights of their RISKS, then by amount."""
    found = conditions(now)
    severity = [
        Case(When(found[risk.name], then=Value(risk.weight)), default=Value(0), output_field=IntegerField())
        for risk in RISKS
    ]
    return deals.order_by(reduce(add, severity).desc(), "-amount", "pk")


def risks_of(deal: object) -> list[Risk]:
    """The risks of a deal that came through `with_risks`, worst first."""
    return [risk for risk in RISKS if risk.weighs_on(deal)]
