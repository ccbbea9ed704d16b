"""Every figure of every screen leads to its rows, whose number or sum it is: for a manager, today and on a past day."""

import csv
import datetime
import io
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from insights import pipeline
from insights.filters import Filters
from insights.screens.entries import SCREENS
from people.models import Role
from tests.factories import UserFactory
from tests.insights.story import Story

pytestmark = pytest.mark.django_db
LISTS = re.compile(r"/pipeline/deals/|/insights/(behind/\w+|funnel/leads|movement/deals)/")


@pytest.fixture
def story():
    told = Story(5)
    told.days(lambda day: None, every=12, acts=60)
    return told


@pytest.fixture
def manager(story):
    return UserFactory(role=Role.MANAGER, team=story.upper, name="Upper's manager")


class Walk:
    """Asks for lists as CSV, each once."""

    def __init__(self, client):
        self.client, self.known, self.checked = client, {}, {}

    def rows(self, url):
        path, _, query = url.partition("?")
        assert LISTS.fullmatch(path), f"{url} is no list"
        if url not in self.known:
            assert self.client.get(url).status_code == 200, url
            text = b"".join(self.client.get(f"{path}export/?{query}").streaming_content).decode("utf-8-sig")
            self.known[url] = list(csv.DictReader(io.StringIO(text, newline="")))
        return self.known[url]

    def cell(self, table, row, column, value, url):
        """Whether the rows come to the figure: as many, or their sum."""
        found = self.rows(url)
        where = (table.screen, table.slug, row.label, column.label, url)
        if column.kind == "count":
            assert len(found) == value, where
        elif column.kind in ("money",) and column.sums and not column.label.startswith(("Average", "Velocity")):
            name = "Change" if "movement" in url else column.sums
            name = f"{name} (USD)" if "behind" in url else name
            assert sum((Decimal(one[name] or 0) for one in found), Decimal(0)) == value, where
        elif value is not None and column.kind != "text":
            assert found or not value, where
        self.checked[table.screen, table.slug] = self.checked.get((table.screen, table.slug), 0) + 1


def screens(user, data):
    page = pipeline.build(Filters(user, data))
    yield "pipeline", page.tables, page.cards
    for slug, entry in SCREENS.items():
        screen = entry.build(entry.filters(user, data))
        yield slug, screen.tables, screen.cards


@pytest.mark.parametrize("back", [0, 40])
def test_every_figure_leads_to_the_rows_that_it_counts(back, manager, sign_in):
    walk = Walk(sign_in(manager))
    data = {"as_of": str(timezone.localdate() - datetime.timedelta(days=back))} if back else {}
    without = set()
    for slug, tables, cards in screens(manager, data):
        for table in tables:
            table.screen = slug
            for row in [*table.rows, *([table.total] if table.total else [])]:
                own = row.url if LISTS.match(row.url) else ""
                for column, value, url in zip(
                    table.columns[1:], row.values, row.urls or [own] * len(row.values), strict=True
                ):
                    if url or own:
                        walk.cell(table, row, column, value, url or own)
                    elif column.kind != "text" and value:
                        without.add((slug, table.slug, column.label))
        for card in cards:
            if card.url:
                found = walk.rows(card.url)
                if re.fullmatch(r"[\d,]+", card.value) and card.label != "Velocity":
                    assert len(found) == int(card.value.replace(",", "")), (slug, card)
            elif card.value not in ("–", "0"):
                without.add((slug, card.label))
    # What has no list: quotas and what is worked out from them, loads, and a deal's own line.
    allowed = {"goals"}, {("se_team", "work", name) for name in ("Load", "Capacity", "Used")}, {"happy_ears"}
    left = {one for one in without if one[0] not in allowed[0] and one not in allowed[1]}
    assert {one for one in left if one[:2] != ("happy_ears", "deals")} == set()
    assert {name for name, _ in walk.checked} == {"pipeline", *SCREENS}
    assert sum(walk.checked.values()) > 300


def test_charts_lead_where_their_tables_lead(manager):
    for _, tables, _ in screens(manager, {}):
        for table in tables:
            if table.chart:
                for place, row in enumerate(table.rows[-table.charted :]):
                    for series in table.chart["series"]:
                        if series["name"] == "Quota":  # set by somebody, not counted
                            continue
                        assert series["urls"][place] or table.chart["urls"][place] or not any(row.urls), table.slug


@pytest.mark.parametrize(
    "query",
    ["se=x&by=99999999999999999999&only=won'", "at=-1&only=with", "page=999999&month=2026-13&pairing=x",
     "quarter=2026-02-30&author=a&of_team=99999999999999999999", "pair=other&period=1999",
     "only=agreed&as_of=2026-01-01"],
)  # fmt: skip
def test_nonsense_is_read_leniently(query, admin, sign_in):
    client = sign_in(admin)
    for what in ("meetings", "decisions", "demos", "pocs", "claims", "stays", "autopsies", "gaps", "checks", "calls"):
        assert client.get(f"/insights/behind/{what}/?{query}").status_code == 200, what
        assert client.get(f"/insights/behind/{what}/export/?{query}").status_code == 200, what
    assert client.get("/insights/behind/nothing/").status_code == 404
