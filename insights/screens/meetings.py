"""Meetings: how often there was a huddle before and both debriefs after, by AE, SE and team."""

from insights import drill, listings
from insights.filters import Filters
from insights.queries.meetings import Habits, habits, span
from insights.screens.parts import Card, Screen, percent, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import number


def build(filters: Filters) -> Screen:
    """The meetings held by the day asked for, in the period if one is asked for."""
    found = habits(filters, *span(filters))
    total = found["total"]
    day = f" as of the end of {filters.as_of:%-d %b %Y}" if filters.as_of else ""
    return Screen(
        "meetings",
        "Meetings",
        f"Held {f'in {filters.period.label}' if filters.period else 'so far'}{day}, cancelled ones apart.",
        filters,
        [
            Card(
                "Meetings held", number(total.held), "with customers, on the deals you see",
                listings.url("meetings", filters),
            ),
            Card(
                "Huddle rate", shown_percent(percent(total.huddled, total.held)),
                f"{number(total.huddled)} with all five points ticked before the start",
                listings.url("meetings", filters, only="huddled"),
            ),
            Card(
                "Debrief rate", shown_percent(percent(total.debriefed, total.held)),
                f"{number(total.debriefed)} with the debriefs of both AE and SE",
                listings.url("meetings", filters, only="debriefed"),
            ),
        ],
        [
            _table(filters, "owners", "By AE", "AE", found["owners"], total, "owner"),
            _table(filters, "ses", "By SE", "SE", found["ses"], total, "se"),
            _table(filters, "teams", "By team", "Team", found["teams"], total, "in_team"),
        ],
    )  # fmt: skip


def _table(filters: Filters, slug: str, title: str, first: str, lines: list[Habits], total: Habits, key: str) -> Table:
    def row(label: str, met: Habits, **narrow: object) -> Row:
        rates = percent(met.huddled, met.held), percent(met.debriefed, met.held)
        all_of_them, huddled, debriefed = (
            listings.url("meetings", filters, **narrow, **only)
            for only in ({}, {"only": "huddled"}, {"only": "debriefed"})
        )
        ways = [all_of_them, huddled, huddled, debriefed, debriefed]
        return Row(label, [met.held, met.huddled, rates[0], met.debriefed, rates[1]], urls=ways)

    found = [row(line.label, line, **{key: line.key or drill.NONE}) for line in lines]
    return Table(
        slug, title,
        "Meetings held on their deals, the lowest debrief rate first. Huddle: all five points ticked before the start. "
        "Both debriefs: the AE's and the SE's are written.",
        [Column(first), Column("Meetings", "count"), Column("Huddles", "count"), Column("Huddle", "percent", "bar"),
         Column("Both debriefs", "count"), Column("Debrief", "percent", "bar")],
        found, row("All", total) if found else None, min(len(found), 12),
        empty="No meeting was held. They are planned on the page of a deal; once they are over, this says how many "
        "had a huddle and both debriefs.",
    )  # fmt: skip
