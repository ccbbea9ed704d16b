"""How the list of opportunities is filtered: the names here are the parameters of its address.

Figures drill down to the list by these names, so they are part of the product: `stage`, `outcome`, `owner`, `se`,
`team`, `type`, `source` (keys), `q` (beginnings of words), `closed_from`, `closed_to`, `close_from`, `close_to`,
`created_from`, `created_to` (days, YYYY-MM-DD, inclusive), `attention=risk` or `attention=overridden`. Custom
fields are filtered as leads/custom_filters.py says, by the list and its export.
"""

import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date

from deals.models import OpportunityType, Outcome, Override
from deals.risk import at_risk
from leads.models import Source
from presales.text import squeeze

NONE = "none"  # e.g. owner=none: no owner


def number(text: str | None) -> int | None:
    """A primary key from an address; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def day(text: str | None) -> datetime.date | None:
    """A day from an address; None for anything else."""
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    return found if found and 1990 <= found.year <= 2100 else None


def apply(queryset: QuerySet, query: QueryDict) -> QuerySet:
    """`queryset` narrowed by what `query` names; unreadable values are ignored."""
    for name in ("stage", "owner", "se", "team"):
        value = query.get(name)
        if value == NONE:
            queryset = queryset.filter(**{f"{name}__isnull": True})
        elif (pk := number(value)) is not None:
            queryset = queryset.filter(**{f"{name}_id": pk})
    for name, choices in (("outcome", Outcome), ("type", OpportunityType), ("source", Source)):
        if query.get(name) in choices.values:
            queryset = queryset.filter(**{name: query[name]})
    for name, field in (("closed", "closed_on"), ("close", "close_date")):
        if start := day(query.get(f"{name}_from")):
            queryset = queryset.filter(**{f"{field}__gte": start})
        if end := day(query.get(f"{name}_to")):
            queryset = queryset.filter(**{f"{field}__lte": end})
    if start := day(query.get("created_from")):
        queryset = queryset.filter(created_at__gte=_midnight(start))
    if end := day(query.get("created_to")):
        queryset = queryset.filter(created_at__lt=_midnight(end + datetime.timedelta(days=1)))
    if query.get("attention") == "risk":
        queryset = at_risk(queryset)
    elif query.get("attention") == "overridden":
        queryset = queryset.filter(Exists(Override.objects.filter(opportunity=OuterRef("pk"))))
    text = squeeze(query.get("q", ""))[:100]
    if text:
        queryset = queryset.filter(Q(name__icontains=text) | Q(company__name__icontains=text))
    return queryset


def _midnight(date: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(date, datetime.time()))
