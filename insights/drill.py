"""From a figure to the deals behind it: the same filters, narrowed to one line of a table."""

import datetime
from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet

from deals.models import LostReason, NoGoReason, Outcome, Poc
from deals.models.opportunities import ForecastCategory
from deals.risk import HAPPY_EARS
from insights import addresses
from insights.filters import Filters
from insights.queries.attainment import in_period
from insights.queries.book import AGES, age_from, in_company_currency, with_weighted
from insights.queries.evidence import at_risk, with_evidence
from insights.queries.happy_ears import calibrated
from insights.queries.pairings import of_pairs, shown
from insights.queries.win_loss import named

NONE, ANY = "none", "any"
UPTO = {
    "commit": [ForecastCategory.COMMIT],
    "best_case": [ForecastCategory.COMMIT, ForecastCategory.BEST_CASE],
    "pipeline": [ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE],
}
"""How far down the forecast's categories a figure reaches; what is won is above all of them."""
STATES = {
    "open": "Open deals",
    "closed": "Closed deals",
    "won": "Won deals",
    "lost": "Lost deals",
    "no_go": "No-gos",
    "decided": "Won and lost deals",
    "counted": "Open, won and lost deals",
    "forecast": "Deals of the forecast",
}


def url(filters: Filters, **narrow: object) -> str:
    """The address of the deals behind a figure."""
    return address(filters.params(), **narrow)


def address(params: Mapping[str, str], **narrow: object) -> str:
    """The same for filters as they stand in an address."""
    return addresses.to("deals", params={**params, **narrow})


def behind(filters: Filters, data: Mapping[str, str]) -> tuple[QuerySet, str]:
    """The deals of one line, with `weighted`, and what they are called. Nonsense narrows to nothing or not at all."""
    state = data.get("state", "open")
    if state not in STATES:
        state = "open"
    deals = narrowed(filters, in_company_currency(_in_state(filters, state), filters.day), data)
    title = STATES[state]
    if data.get("category") in ForecastCategory.values:
        deals = deals.filter(forecast_category=data["category"])
    if data.get("reason") in (LostReason.values if state == "lost" else NoGoReason.values if state == "no_go" else ()):
        deals = deals.filter(**{"lost_reason" if state == "lost" else "no_go_reason": data["reason"]})
    if data.get("competitor"):
        deals = named(filters, deals, data["competitor"])
    if data.get("poc") == "started":
        started = Poc.objects.filter(opportunity=OuterRef("id"), started_on__lte=filters.day)
        deals = deals.filter(Exists(started))
    if data.get("upto") in UPTO:
        deals = deals.filter(Q(outcome=Outcome.WON) | Q(forecast_category__in=UPTO[data["upto"]]))
    if data.get("claimed") == "before":
        deals, title = calibrated(filters, deals), "Deals decided, open a month before"
    if data.get("evidence") == "known":
        deals = with_evidence(filters, deals)
    if "age" in data:
        deals = _aged(deals, data["age"], filters.now)
    if data.get("risk") in ("any", HAPPY_EARS.name):
        happy = data["risk"] == HAPPY_EARS.name
        deals, title = at_risk(filters, deals, happy), "Happy ears" if happy else "Deals at risk"
    return with_weighted(deals, filters.day), title


def narrowed(filters: Filters, deals: QuerySet, data: Mapping[str, str]) -> QuerySet:
    """Those of one person, team, stage or pair, as a line of a table asks for them."""
    for name, column in (("stage", "stage"), ("owner", "owner"), ("in_team", "team"), ("se", "se")):
        if name in data:
            deals = deals.filter(**_is(column, data[name]))
    if "owner_name" in data:
        deals = deals.filter(owner=None, owner_name=data["owner_name"])
    if data.get("pair") in ("any", "other") and filters.period:
        deals = of_pairs(deals, shown(filters, filters.period), inside=data["pair"] == "any")
    return deals


def _in_state(filters: Filters, state: str) -> QuerySet:
    if state == "forecast" and filters.period:
        return in_period(filters, filters.period)
    if state in ("open", "forecast"):
        return filters.open_deals()
    if state == "counted" and filters.period:
        days = (filters.period.start, filters.period.end)
        ended = Q(outcome__in=[Outcome.WON, Outcome.LOST], closed_on__range=days)
        return filters.book().filter(Q(outcome=Outcome.OPEN) | ended)
    deals = filters.closed_deals()
    if state in ("decided", "counted"):
        return deals.filter(outcome__in=[Outcome.WON, Outcome.LOST])
    return deals.filter(outcome=state) if state in Outcome.values else deals


def is_key(text: str) -> bool:
    """Whether the text can be a record's key."""
    return text.isascii() and text.isdigit() and int(text) < 2**63


def _is(column: str, text: str) -> dict[str, object]:
    if text in (NONE, ANY):
        return {f"{column}__isnull": text == NONE}
    if is_key(text):
        return {f"{column}_id": int(text)}
    return {"pk__in": ()}


def _aged(deals: QuerySet, key: str, now: datetime.datetime) -> QuerySet:
    for place, (name, _, youngest) in enumerate(AGES):
        if name == key:
            if youngest:
                deals = deals.filter(created_at__lt=age_from(youngest, now))
            if place + 1 < len(AGES):
                deals = deals.filter(created_at__gte=age_from(AGES[place + 1][2], now))
            return deals
    return deals.none()
