"""Paper says what the screen's bars say, and every table of figures can be taken along as CSV."""

import csv
import io
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from insights.filters import Filters, Span
from insights.screens.entries import SCREENS
from people.models import Dashboard
from tests.deals.factories import objective_of
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db
LISTS = ["deals", "funnel_leads", "movement_deals"]


@pytest.mark.parametrize("name", ["pipeline", *SCREENS, *LISTS, "objectives", "week", "review", "starter", "behind"])
def test_a_page_of_figures_says_on_paper_whose_it_is(name, sign_in, manager, team, ae):
    deal(stage("won"), team=team, owner=ae, closed_on=timezone.localdate())
    address = reverse(f"insights:{name}", args=["meetings"] if name == "behind" else [])
    page = sign_in(manager).get(address, {"person": str(ae.pk), "period": "this-year"})
    text = page.content.decode()
    assert text.count('class="print-head"') == 1
    head = re.sub(r"<[^>]+>", " ", re.search(r'<p class="print-head">(.*?)</p>', text, re.DOTALL)[1])
    assert f"Person:  {ae.name}" in head
    assert f"Period:  This year ({timezone.localdate().year})" in head
    assert f"Printed by {manager.name}" in head
    assert "As of:" in head
    assert text.count("data-print ") == 1, "one button"


def test_a_past_day_and_two_days_stand_on_paper(sign_in, manager, team):
    client = sign_in(manager)
    assert "As of: <strong>the end of 2 Mar 2026" in client.get("/pipeline/?as_of=2026-03-02").content.decode()
    moved = client.get("/insights/movement/?since=2026-01-05&until=2026-02-06").content.decode()
    assert "Since: <strong>the end of 5 Jan 2026" in moved
    assert "As of: <strong>the end of 6 Feb 2026" in moved


def test_filters_are_told_in_words(manager, team):
    assert Filters(manager, {}).in_words == [("Filters", "none")]
    chosen = Filters(manager, {"team": str(team.pk), "source": "webinar", "type": "expansion", "person": "nobody"})
    assert chosen.in_words == [("Team", "West"), ("Source", "Webinar"), ("Type", "Expansion")]
    assert [label for label, _ in Span(manager, {}).in_words] == ["Since"]


def test_every_table_has_its_csv(admin, sign_in, team, ae):
    random_book(9, size=60)
    objective_of(user=ae, results=[("", 0, 10)])
    client = sign_in(admin)
    for name in ["pipeline", *SCREENS, "objectives", "week", *LISTS]:
        text = client.get(reverse(f"insights:{name}")).content.decode()
        files = re.findall(r'href="([^"]*/export/[^"]*)"', text)
        tables = len(re.findall(r"<table", text))
        assert len(files) == tables, (name, files)
        for file in files:
            sent = b"".join(client.get(file.replace("&amp;", "&")).streaming_content).decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(sent, newline="")))
            assert len(rows) > 1, file
            assert len({len(row) for row in rows}) == 1, file
    cards = ["pipeline.chart.stages:narrow", "velocity.table.owners:narrow"]
    found = Dashboard.objects.create(owner=admin, name="Mine", cards=cards)
    for screen in ("pipeline", "velocity"):
        part = client.get(f"/dashboards/{found.pk}/cards/{screen}/").content.decode()
        file = re.search(r'href="([^"]*/export/[^"]*)"', part)[1]
        assert client.get(file.replace("&amp;", "&")).status_code == 200
