"""A manager reads the own teams alone in every figure, chart, export and drill-down of Insights, whatever is asked.

All money of the own team is whole; the other team's has 37 cents, and everything of theirs is called Foreign.
"""

import csv
import datetime
import io
import re
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.demo.clock import at, date_history
from deals.models import (
    AlignmentCheck,
    Autopsy,
    Claim,
    Competitor,
    Debrief,
    EvidenceProbability,
    ForecastCall,
    Meeting,
    Pairing,
    Poc,
    ProductGap,
    QueueEntry,
    Quota,
    Requirement,
    TechnicalWin,
)
from insights import pipeline
from insights.filters import Filters
from insights.listings import KINDS
from insights.queries.movement import NAMES as STEPS
from insights.screens.entries import SCREENS
from people.models import Role
from presales.quarters import quarter_start
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory
from tests.insights.factories import deal, stage

pytestmark = pytest.mark.django_db
WHOLE = Decimal(1)


def book(name, cents):
    """A team that does everything that figures count."""
    team = TeamFactory(name=f"{name} team")
    ae = UserFactory(role=Role.AE, team=team, name=f"{name} AE")
    se = UserFactory(role=Role.SE, team=team, name=f"{name} SE")
    company = CompanyFactory(name=f"{name} company")
    today, now = timezone.localdate(), timezone.now()
    gap = ProductGap.objects.create(title=f"Gap seen by {name[:1]}")
    for place, slug in enumerate(["qualification", "discovery", "evaluation", "won", "won", "lost", "lost", "no-go"]):
        lead = LeadFactory(team=team, name=f"{name} lead {place}", company=company, converted_at=now)
        made = deal(
            stage(slug), name=f"{name} deal {place}", team=team, owner=ae, se=se if place % 2 else None, lead=lead,
            company=company, amount=Decimal(100 * (place + 1)) + cents, claimed_probability=100, close_date=today,
            lost_to=f"{name} rival" if slug == "lost" else "",
        )  # fmt: skip
        Competitor.objects.create(opportunity=made, name=f"{name} rival")
        Requirement.objects.create(opportunity=made, text=f"{name} wish", fit="gap", gap=gap)
        if slug == "lost":
            Autopsy.objects.create(
                opportunity=made, closed_on=today, lost_reason="price", lesson=f"{name} lesson", agreed_by=ae,
                agreed_at=now,
            )  # fmt: skip
        if made.outcome == "open":
            EvidenceProbability.objects.create(
                opportunity=made, percent=50, history=50, dossier=100, committee=100, activity=100, technical=100,
                computed_rev=1,
            )  # fmt: skip
            made.stage = stage("discovery")
            made.save()
        TechnicalWin.objects.create(opportunity=made, state="won", decided_on=today, signed_off_name=name)
        meeting = Meeting(opportunity=made, kind="demo", starts_at=now - datetime.timedelta(hours=5), objective=name)
        meeting.set_end()
        meeting.save()
        Debrief.objects.create(meeting=meeting, author=ae, lane="ae", real_pain="yes", context=3, missed=name)
        Poc.objects.create(
            opportunity=made, number=1, title=f"{name} POC", owner=se, starts_on=today, ends_on=today, state="running",
            agreed_on=today, agreed_name="x", agreed_how="x", started_on=today,
        )  # fmt: skip
        QueueEntry.objects.create(opportunity=made, entered_at=now, closed_at=now, result="claimed")
        Claim.objects.create(opportunity=made, se=se, claimed_at=now)
    pairing = Pairing.objects.create(ae=ae, se=se, active_since=today)
    AlignmentCheck.objects.create(pairing=pairing, author=ae, score=7, rated_on=today)
    for who in ({"user": ae}, {"team": team}):
        Quota.objects.create(quarter=quarter_start(today), amount=1000 + cents, **who)
    ForecastCall.objects.create(author=ae, quarter=quarter_start(today), amount=1000 + cents)
    ForecastCall.objects.create(author=ae, team=team, quarter=quarter_start(today), amount=1000 + cents, note=name)
    return team, ae, se


@pytest.fixture
def world():
    with at(timezone.now() - datetime.timedelta(days=3)):
        ours, theirs = book("Own", Decimal(0)), book("Foreign", Decimal("0.37"))
    date_history()
    manager = UserFactory(role=Role.MANAGER, team=ours[0])
    return manager, theirs


def asked(theirs):
    """What somebody may ask for who wants to see more: by every parameter that figures and lists read."""
    team, ae, se = (str(one.pk) for one in theirs)
    yesterday = str(timezone.localdate() - datetime.timedelta(days=1))
    return [
        {}, {"as_of": yesterday}, {"team": team}, {"person": ae}, {"person": se, "as_of": yesterday},
        {"owner": ae, "of_team": team, "author": ae, "by": se}, {"in_team": team, "as_of": yesterday}, {"se": se},
        {"period": "this-year", "competitor": "foreign rival", "state": "decided"}, {"pair": "other", "at": "1"},
    ]  # fmt: skip


def money_of(table):
    for row in [*table.rows, *([table.total] if table.total else [])]:
        for column, value in zip(table.columns[1:], row.values, strict=True):
            if column.kind == "money" and not column.label.startswith(("Average", "Velocity")):
                yield row.label, column.label, value


def test_no_figure_of_any_screen_counts_the_other_team(world):
    manager, theirs = world
    seen = 0
    for data in asked(theirs):
        tables = pipeline.build(Filters(manager, data)).tables
        for entry in SCREENS.values():
            screen = entry.build(entry.filters(manager, data))
            tables += screen.tables
            assert not any("Foreign" in f"{card.label}{card.note}" for card in screen.cards)
        for table in tables:
            assert "Foreign" not in str(table.rows) + str(table.chart), (table.slug, data)
            for *where, value in money_of(table):
                assert value is None or value % WHOLE == 0, (table.slug, *where, data)
                seen += bool(value)
    assert seen > 500


def text_of(response):
    return b"".join(response.streaming_content).decode("utf-8-sig") if response.streaming else response.content.decode()


def test_no_page_export_or_drill_down_tells_of_the_other_team(world, sign_in):
    manager, theirs = world
    client = sign_in(manager)
    lists = ["/pipeline/deals/", "/insights/funnel/leads/", *(f"/insights/behind/{what}/" for what in KINDS)]
    pages = ["/", "/pipeline/", "/insights/week/", "/insights/review/", "/insights/goals/objectives/", "/dashboards/"]
    pages += [f"/insights/{slug}/" for slug in SCREENS]
    tables = {slug: entry.build(entry.filters(manager, {})).tables for slug, entry in SCREENS.items()}
    exports = [f"/insights/{slug}/export/{table.slug}/" for slug, found in tables.items() for table in found]
    exports += [f"/pipeline/export/{table.slug}/" for table in pipeline.build(Filters(manager, {})).tables]
    for data in asked(theirs):
        for path in [*pages, *lists, *exports, *(f"{path}export/" for path in lists)]:
            response = client.get(path, data)
            assert response.status_code == 200, path
            text = text_of(response)
            assert "Foreign" not in re.sub(r'value="[^"]*"', "", text), (path, data)
            assert not re.search(r"\d\.37\b", text), (path, data)
    for step in STEPS:
        for path in ("/insights/movement/deals/", "/insights/movement/deals/export/"):
            week_ago = str(timezone.localdate() - datetime.timedelta(days=7))
            text = text_of(client.get(path, {"step": step, "since": week_ago, "team": theirs[0].pk}))
            assert "Foreign" not in text


def test_each_list_shows_the_own_rows(world, sign_in):
    manager, _ = world
    client = sign_in(manager)
    for path in ["/pipeline/deals/export/?state=open", *(f"/insights/behind/{what}/export/" for what in KINDS)]:
        rows = list(csv.DictReader(io.StringIO(text_of(client.get(path)), newline="")))
        assert rows, path
