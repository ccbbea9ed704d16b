"""The funnel's screen: steps, sources and the cohorts of each month."""

from insights import addresses, periods
from insights.filters import Filters
from insights.queries.funnel import NAMES, STEPS, Line, funnel
from insights.screens.parts import Card, Screen, percent, shown_percent
from insights.tables import Column, Row, Table
from leads.models import Source
from people.models import Role
from presales.templatetags.presales import number

LABELS = {name: label for name, label, _ in STEPS}
WHAT = "Who got to a step counts in those before it; days are medians from the step before."


def build(filters: Filters) -> Screen:
    """Counts, conversion and days of each step; the same by source and by month."""
    found = funnel(filters)
    steps = shown(filters)
    came = f" in {filters.period.label}" if filters.period else ""
    day = f", as of {filters.as_of:%-d %b %Y}" if filters.as_of else ""
    return Screen(
        "funnel",
        "Funnel",
        f"How far the leads got that came{came}{day}. Who was given back counts by where they stood.",
        filters,
        [_card(filters, found.total, name) for name in steps[1:]],
        [
            _steps(filters, found.total, steps),
            _table(
                filters, "sources", "By source", "Source", found.sources, found.total, dict(Source.choices), "source"
            ),
            _table(
                filters, "months", "By month", "Came in", found.months, found.total,
                {line.key: periods.parse(line.key, filters.day).label for line in found.months}, "month",
            ),
        ],
    )  # fmt: skip


def shown(filters: Filters) -> list[str]:
    """The steps a person reads: marketing sees no deals, so not which were won."""
    return NAMES[:-1] if filters.user.role == Role.MARKETING else NAMES


def url(filters: Filters, step: str, **narrow: str) -> str:
    """Where the leads of one figure are listed."""
    return addresses.to("funnel_leads", params={**filters.params(), "step": step, **narrow})


def _card(filters: Filters, total: Line, name: str) -> Card:
    place = NAMES.index(name)
    before = LABELS[NAMES[place - 1]]
    rate = shown_percent(percent(total.counts[place], total.counts[place - 1]))
    return Card(LABELS[name], number(total.counts[place]), f"{rate} of {before}", url(filters, name))


def _steps(filters: Filters, total: Line, steps: list[str]) -> Table:
    rows = []
    for place, name in enumerate(steps):
        before = total.counts[place - 1] if place else 0
        rows.append(
            Row(
                LABELS[name],
                [
                    total.counts[place], percent(total.counts[place], before) if place else None,
                    percent(total.counts[place], total.counts[0]), total.days[place],
                ],
                url(filters, name),
            )
        )  # fmt: skip
    return Table(
        "steps", "Step by step", WHAT,
        [Column("Step"), Column("Leads", "count", "bar"), Column("Of the step before", "percent"),
         Column("Of all leads", "percent", "line"), Column("Median days", "days")],
        rows if total.counts[0] else [], charted=len(rows), empty="No lead passes these filters.",
    )  # fmt: skip


def _table(
    filters: Filters, slug: str, title: str, first: str, lines: list[Line], total: Line, labels: dict, key: str
) -> Table:
    steps = shown(filters)

    def row(label: str, line: Line, **narrow: str) -> Row:
        counts = line.counts[: len(steps)]
        rate = percent(line.counts[NAMES.index("opportunity")], line.counts[0])
        return Row(label, [*counts, rate], urls=[url(filters, name, **narrow) for name in [*steps, "opportunity"]])

    rows = [row(str(labels.get(line.key, line.key)), line, **{key: line.key}) for line in lines]
    charts = {"lead": "bar", "sql": "bar", "opportunity": "bar"}
    columns = [Column(LABELS[name], "count", charts.get(name, "")) for name in steps]
    return Table(
        slug, title, f"How far the leads of each {key} got. {WHAT}",
        [Column(first), *columns, Column("Lead to opportunity", "percent")],
        rows, row("All leads", total) if rows else None, min(len(rows), 12), empty="No lead passes these filters.",
    )  # fmt: skip
