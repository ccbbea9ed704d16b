"""Meetings: how often there was a huddle before and both debriefs after, by AE, SE and team."""

import datetime

from insights.filters import Filters
from insights.queries.meetings import Habits, habits
from insights.screens.parts import Card, Screen, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.fields import FIRST_DAY
from presales.templatetags.presales import number

FIRST = datetime.datetime.combine(FIRST_DAY, datetime.time(), datetime.UTC)
"""Before any meeting."""


def build(filters: Filters) -> Screen:
    """The meetings held by the day asked for, in the period if one is asked for."""
    since, until = filters.moments(filters.period) if filters.period else (FIRST, filters.now)
    found = habits(filters, since, until)
    total = found["total"]
    day = f" as of the end of {filters.as_of:%-d %b %Y}" if filters.as_of else ""
    return Screen(
        "meetings",
        "Meetings",
        f"Held {f'in {filters.period.label}' if filters.period else 'so far'}{day}, cancelled ones apart.",
        filters,
        [
            Card("Meetings held", number(total.held), "with customers, on the deals you see"),
            Card(
                "Huddle rate", shown_percent(percent(total.huddled, total.held)),
                f"{number(total.huddled)} with all five points ticked before the start",
            ),
            Card(
                "Debrief rate", shown_percent(percent(total.debriefed, total.held)),
                f"{number(total.debriefed)} with the debriefs of both AE and SE",
            ),
        ],
        [
            _table("owners", "By AE", "AE", found["owners"], total),
            _table("ses", "By SE", "SE", found["ses"], total),
            _table("teams", "By team", "Team", found["teams"], total),
        ],
    )  # fmt: skip


def _table(slug: str, title: str, first: str, lines: list[Habits], total: Habits) -> Table:
    def row(label: str, met: Habits) -> Row:
        rates = percent(met.huddled, met.held), percent(met.debriefed, met.held)
        return Row(label, [met.held, met.huddled, rates[0], met.debriefed, rates[1]])

    rows = [row(line.label, line) for line in lines]
    return Table(
        slug, title,
        "Meetings held on their deals, the lowest debrief rate first. Huddle: all five points ticked before the start. "
        "Both debriefs: the AE's and the SE's are written.",
        [Column(first), Column("Meetings", "count"), Column("Huddles", "count"), Column("Huddle", "percent", "bar"),
         Column("Both debriefs", "count"), Column("Debrief", "percent", "bar")],
        rows, row("All", total) if rows else None, min(len(rows), 12),
        empty="No meeting was held. They are planned on the page of a deal; once they are over, this says how many "
        "had a huddle and both debriefs.",
    )  # fmt: skip
