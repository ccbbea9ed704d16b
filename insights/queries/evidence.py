"""What the evidence says of deals, and what puts them at risk, on the day asked for: the one way screens ask for it."""

from collections.abc import Collection
from decimal import Decimal

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from deals import past_evidence
from deals.risk import HAPPY_EARS, with_risks
from insights.filters import Filters
from insights.queries.added_up import Build, added_up, summed
from presales.validity import end_of

RULES = "Evidence and risks of a past day are judged by today's rules, from what was known and had happened by then."
"""The sentence that screens of a past day say."""


def happy() -> str:
    """When a row of `told` is claimed far above its evidence: the condition of HAPPY_EARS, for which nothing else of
    the risks has to be worked out."""
    return f"claim > evidence + {int(settings.HAPPY_EARS_MARGIN)}"


def told(
    filters: Filters,
    deals: QuerySet | Build,
    question: str,
    columns: Collection[str] = (),
    risks: bool = False,
    few: bool = False,
) -> list[tuple]:
    """The rows of `question`, in which `{told}` stands for `deals` with `outcome`, `evidence` and `claim` in percent,
    with `risks` (see deals/risk.py) if they are wanted, and further `columns`. `few` of a page of deals. The SQL of
    `deals` is kept where a function of a module makes them of the filters."""
    if filters.as_of:
        states = (deals(filters) if callable(deals) else deals).order_by().values(*past_evidence.COLUMNS, *columns)
        question = question.replace("{told}", "told")
        return past_evidence.ask(states, end_of(filters.day), filters.day, question, few, risks)
    question = question.replace("{told}", "({deals}) AS told")
    if callable(deals):
        return summed(filters, question, _judged, deals, tuple(columns), risks)
    return added_up(_as_today(deals, columns, risks), question)


def _judged(filters: Filters, build: Build, columns: tuple[str, ...], risks: bool) -> QuerySet:
    return _as_today(build(filters), columns, risks)


def _as_today(deals: QuerySet, columns: Collection[str], risks: bool) -> QuerySet:
    claim = Coalesce("claimed_probability", "stage__probability")
    deals = (with_risks(deals) if risks else deals).annotate(evidence=F("evidence_probability__percent"), claim=claim)
    return deals.order_by().values("id", "outcome", "evidence", "claim", *columns, *(["risks"] if risks else []))


def at_risk(filters: Filters, deals: QuerySet, ears: bool = False) -> QuerySet:
    """Those of the open `deals` that carry a risk; with `ears`, those claimed far above their evidence."""
    deals = deals.filter(outcome="open")
    if not filters.as_of:
        found = with_risks(deals, filters.now)
        if not ears:
            return found.filter(risks__gt=0)
        return found.alias(bits=F("risks").bitand(HAPPY_EARS.bit)).filter(bits__gt=0)
    states = deals.order_by().values(*past_evidence.COLUMNS)
    then = (states, end_of(filters.day), filters.day)
    if ears:
        return deals.filter(id__in=past_evidence.among(*then, happy()))
    return deals.filter(id__in=past_evidence.ids_of(past_evidence.at_risk(*then, "SELECT id FROM {risky}")))


def risky(filters: Filters, build: Build) -> tuple[int, Decimal]:
    """How many of the open deals that `build` makes of the filters, with a `value`, carry a risk, and their value."""
    question = "SELECT count(*), coalesce(sum(value), 0) FROM {risky}"
    if filters.as_of:
        states = build(filters).order_by().values(*past_evidence.COLUMNS, "value")
        rows = past_evidence.at_risk(states, end_of(filters.day), filters.day, question, "value")
    else:
        rows = summed(filters, question.replace("{risky}", "({deals}) AS risky"), _risky, build)
    return rows[0] if rows else (0, Decimal(0))


def _risky(filters: Filters, build: Build) -> QuerySet:
    return with_risks(build(filters)).filter(risks__gt=0).order_by().values("value")


def with_evidence(filters: Filters, deals: QuerySet) -> QuerySet:
    """Those of the open `deals` of which the evidence says something."""
    deals = deals.filter(outcome="open")
    if not filters.as_of:
        return deals.filter(evidence_probability__percent__isnull=False)
    states = deals.order_by().values(*past_evidence.COLUMNS)
    ids = past_evidence.among(states, end_of(filters.day), filters.day, "evidence IS NOT NULL")
    return deals.filter(id__in=ids)


def judged(filters: Filters, deals: QuerySet, few: bool = False) -> dict[int, tuple[int, int | None]]:
    """`{id: (risks, evidence in percent)}` of the open ones of `deals` on the day; `few` of a page of them."""
    question = "SELECT id, risks, evidence FROM {told}"
    rows = told(filters, deals.filter(outcome="open"), question, risks=True, few=few)
    return {pk: (risks, evidence) for pk, risks, evidence in rows}
