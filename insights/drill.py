"""From a figure to the deals behind it: the same filters, narrowed to one line of a table."""

import datetime
from collections.abc import Mapping
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from deals.models import LostReason, NoGoReason, Outcome
from deals.models.opportunities import ForecastCategory
from deals.risk import HAPPY_EARS
from insights.filters import Filters
from insights.queries.book import AGES, age_from, in_company_currency, with_weighted
from insights.queries.evidence import at_risk
from insights.queries.win_loss import named

NONE, ANY = "none", "any"
STATES = {
    "open": "Open deals",
    "closed": "Closed deals",
    "won": "Won deals",
    "lost": "Lost deals",
    "no_go": "No-gos",
    "decided": "Won and lost deals",
}


def url(filters: Filters, **narrow: object) -> str:
    """The address of the deals behind a figure."""
    return address(filters.params(), **narrow)


def address(params: Mapping[str, str], **narrow: object) -> str:
    """The same for filters as they stand in an address."""
    return f"{reverse('insights:deals')}?{urlencode({**params, **narrow})}"


def behind(filters: Filters, data: Mapping[str, str]) -> tuple[QuerySet, str]:
    """The deals of one line, with `weighted`, and what they are called. Nonsense narrows to nothing or not at all."""
    state = data.get("state", "open")
    if state not in STATES:
        state = "open"
    deals = in_company_currency(filters.open_deals() if state == "open" else filters.closed_deals(), filters.day)
    if state == "decided":
        deals = deals.filter(outcome__in=[Outcome.WON, Outcome.LOST])
    elif state in Outcome.values:
        deals = deals.filter(outcome=state)
    title = STATES[state]
    for name, column in (("stage", "stage"), ("owner", "owner"), ("in_team", "team"), ("se", "se")):
        if name in data:
            deals = deals.filter(**_is(column, data[name]))
    if "owner_name" in data:
        deals = deals.filter(owner=None, owner_name=data["owner_name"])
    if data.get("category") in ForecastCategory.values:
        deals = deals.filter(forecast_category=data["category"])
    if data.get("reason") in (LostReason.values if state == "lost" else NoGoReason.values if state == "no_go" else ()):
        deals = deals.filter(**{"lost_reason" if state == "lost" else "no_go_reason": data["reason"]})
    if data.get("competitor"):
        deals = named(filters, deals, data["competitor"])
    if "age" in data:
        deals = _aged(deals, data["age"], filters.now)
    if data.get("risk") in ("any", HAPPY_EARS.name):
        happy = data["risk"] == HAPPY_EARS.name
        deals, title = at_risk(filters, deals, happy), "Happy ears" if happy else "Deals at risk"
    return with_weighted(deals), title


def _is(column: str, text: str) -> dict[str, object]:
    if text in (NONE, ANY):
        return {f"{column}__isnull": text == NONE}
    if text.isascii() and text.isdigit() and int(text) < 2**63:
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
