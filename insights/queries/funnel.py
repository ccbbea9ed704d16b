"""The funnel: how many leads came, how far each got by a day, and how long each step took."""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q, QuerySet

from deals.models import Outcome
from insights.filters import Filters
from insights.queries import past
from insights.queries.added_up import rows_of, run
from leads.models import Lead

# Name, label, when a lead got there (of `lead`, and of `deal` that it became).
STEPS = [
    ("lead", "Lead", "lead.created_at"),
    ("mql", "MQL", "lead.mql_at"),
    ("sal", "SAL", "lead.accepted_at"),
    ("sql", "SQL", "lead.qualified_at"),
    ("opportunity", "Opportunity", "lead.converted_at"),
    ("won", "Won", "deal.won_at"),
]
NAMES = [name for name, _, _ in STEPS]
LEADS = """
SELECT lead.id, lead.source, date_trunc('month', lead.created_at AT TIME ZONE %(zone)s)::date AS month, {times}
  FROM ({leads}) AS lead LEFT JOIN ({won}) AS deal ON deal.lead_id = lead.id
 WHERE lead.created_at < %(moment)s
"""
# Who got to a step has been through those before it, also where nobody noted when: the furthest one says it all.
FURTHEST = " ".join(f"WHEN {name} IS NOT NULL THEN {place}" for place, name in reversed(list(enumerate(NAMES))))
STEPPED = f"SELECT told.*, CASE {FURTHEST} END AS step FROM ({{leads}}) AS told"  # noqa: S608  of our own words alone
MEDIANS = ", ".join(
    f"percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', {after} - {before}) / 86400) "
    f"FILTER (WHERE {after} >= {before})"
    for before, after in itertools.pairwise(NAMES)
)
# Of few groups, which add up to sources, months and all; and of all together, the medians.
FUNNEL = f"""
WITH lead AS MATERIALIZED ({STEPPED})
SELECT source, month, step, count(*), {", ".join("NULL::float8" for _ in NAMES[1:])} FROM lead GROUP BY 1, 2, 3
 UNION ALL SELECT NULL, NULL, NULL, NULL, {MEDIANS} FROM lead
"""  # noqa: S608  of our own words alone


@dataclass(frozen=True)
class Line:
    """How many leads of one source, one month or in all got to each step, and of all the median days of each."""

    key: str
    counts: list[int]
    days: list[Decimal | None] = field(default_factory=list)
    """From the step before to this one; none for the first."""


@dataclass
class Funnel:
    """The funnel in all, by source and by the month in which the leads came."""

    total: Line
    sources: list[Line] = field(default_factory=list)
    months: list[Line] = field(default_factory=list)


def leads_in(filters: Filters) -> QuerySet:
    """The leads that the user sees and that pass the filters; with a period, those that came in it.

    Of a past day they are rows of their history, whose `id` is the lead's: its source, owner and team of that day, and
    how far it had got, also where it was given back since.
    """
    leads = Lead.objects.visible_to(filters.user)
    leads = (past.as_of(leads, filters.as_of) if filters.as_of else leads).filter(merged_into=None)
    if filters.team:
        leads = leads.filter(team__in=filters.team_and_below)
    if filters.person:
        deals = filters.all_deals().filter(se=filters.person).exclude(lead=None)
        leads = leads.filter(Q(owner=filters.person) | Q(id__in=deals.order_by().values("lead_id")))
    if filters.source:
        leads = leads.filter(source=filters.source)
    if filters.period:
        start, end = filters.moments(filters.period)
        leads = leads.filter(created_at__gte=start, created_at__lt=end)
    return leads.order_by()


def funnel(filters: Filters) -> Funnel:
    """Everything in one pass. What happened after the day asked for does not count."""
    found = Funnel(Line("", [0] * len(STEPS), [None] * len(STEPS)))
    inner, parameters = _leads(filters)
    if not inner:
        return found
    sources, months = (defaultdict(lambda: [0] * len(STEPS)) for _ in range(2))
    for source, month, step, count, *days in run(FUNNEL.format(leads=inner), parameters):
        if step is None:
            found.total.days[1:] = [None if one is None else Decimal(str(round(one, 1))) for one in days]
            continue
        for counts in (sources[source], months[f"{month:%Y-%m}"], found.total.counts):
            for place in range(step + 1):
                counts[place] += count
    found.sources = [Line(key, counts) for key, counts in sources.items()]
    found.sources.sort(key=lambda line: (-line.counts[0], line.key))
    found.months = [Line(key, months[key]) for key in sorted(months)]
    return found


def reached(filters: Filters, step: str, source: str = "", month: str = "") -> list[int]:
    """The leads behind one figure."""
    inner, parameters = _leads(filters)
    if not inner:
        return []
    rows = run(
        f"SELECT id FROM ({STEPPED.format(leads=inner)}) AS lead WHERE step >= {NAMES.index(step)} "  # noqa: S608
        "AND (%(source)s = '' OR source = %(source)s) AND (%(month)s = '' OR to_char(month, 'YYYY-MM') = %(month)s)",
        parameters | {"source": source, "month": month},
    )
    return [pk for (pk,) in rows]


def _leads(filters: Filters) -> tuple[str, dict[str, object]]:
    """Each lead with the moments at which it got to each step, as far as they were past; "" where there is none."""
    leads, own = rows_of(filters, "lead", _came)
    if not leads:
        return "", {}
    text, theirs = rows_of(filters, "deal", _won)
    won = "SELECT NULL::bigint AS lead_id, NULL::timestamptz AS won_at"
    if text:  # nobody who sees no deals sees whether one was won
        won = f"SELECT lead_id, closed_on::timestamp AT TIME ZONE %(zone)s AS won_at FROM ({text}) AS deal"  # noqa: S608
    times = ", ".join(f"CASE WHEN {at} < %(moment)s THEN {at} END AS {name}" for name, _, at in STEPS)
    clock = {"moment": filters.now, "zone": filters.zone}
    return LEADS.format(times=times, leads=leads, won=won), {**own, **theirs, **clock}


def _came(filters: Filters) -> QuerySet:
    columns = ("id", "source", "created_at", "mql_at", "accepted_at", "qualified_at", "converted_at")
    return leads_in(filters).values(*columns)


def _won(filters: Filters) -> QuerySet:
    deals = filters.all_deals().filter(outcome=Outcome.WON).exclude(lead=None)
    return deals.order_by().values("lead_id", "closed_on")
