"""What a screen says of a past day is what it said on that day, whatever has happened since."""

import datetime

import pytest
from django.utils import timezone

from insights import pipeline
from insights.filters import Filters
from insights.screens.entries import SCREENS
from tests.insights.story import Story

pytestmark = pytest.mark.django_db
TOLD = [slug for slug, entry in SCREENS.items() if entry.filters(None).looks_back]


def lines(table):
    return [(row.label, row.values) for row in [*table.rows, *([table.total] if table.total else [])]]


def said(user, day=None, **data):
    """Every figure of every screen: of `day`, or of the moment at which it is asked."""
    if day:
        data["as_of"] = str(day)
    found = {}
    page = pipeline.build(Filters(user, data))
    found["pipeline"] = {table.slug: lines(table) for table in page.tables}
    found["pipeline"]["cards"] = (page.book.total, page.at_risk, page.closed.total, page.coverage, page.left_out)
    for slug in TOLD:
        entry = SCREENS[slug]
        screen = entry.build(entry.filters(user, data))
        found[slug] = {table.slug: lines(table) for table in screen.tables}
        found[slug]["cards"] = [(card.label, card.value, card.note) for card in screen.cards]
        found[slug]["notes"] = screen.notes
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_past_day_reads_as_it_read_on_that_day(seed, admin):
    story, then = Story(seed), {}
    asked = [{}, {"team": str(story.upper.pk)}, {"source": "event", "type": "new"}, {"person": str(story.ses[0].pk)}]

    def note(day):
        for place, data in enumerate(asked):
            then[day, place] = said(admin, **data)

    story.days(note)
    assert len(then) > 30
    tables = {(slug, name) for screens in then.values() for slug, found in screens.items() for name in found}
    empty = {
        (slug, name)
        for slug, name in tables
        if name != "notes" and not any(screens.get(slug, {}).get(name) for screens in then.values())
    }
    assert not empty, "the story never touches these"
    for (day, place), before in then.items():
        now = said(admin, day, **asked[place])
        for slug, tables in before.items():
            for name, figures in tables.items():
                assert now[slug][name] == figures, (slug, name, str(day), asked[place])


def test_every_screen_but_movement_can_be_asked_for_a_past_day():
    assert set(SCREENS) - set(TOLD) == {"movement"}  # which is asked for two
    assert timezone.localdate() - datetime.timedelta(days=1) == Filters(None, {"as_of": str(
        timezone.localdate() - datetime.timedelta(days=1)
    )}).as_of  # fmt: skip
