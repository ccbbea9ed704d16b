"""The figures of the SE team, against plain Python and against small stories whose answers are known."""

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Claim, Meeting, Opportunity, Poc, QueueEntry, TechnicalWin
from insights.filters import Yearly
from insights.queries.se_team import se_team
from insights.screens import se_team as screen
from people.models import Role
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage
from tests.insights.past import told

pytestmark = pytest.mark.django_db


def asked(user, **data):
    filters = Yearly(user, data)
    return se_team(filters, filters.period)


def test_outcomes_by_se_agree_with_plain_python(admin, sign_in):
    random_book(41, size=200)
    filters = Yearly(admin)
    found = asked(admin)
    deals = [one for one in Opportunity.objects.all() if one.currency == "USD"]

    def counts(mine):
        ended = [one for one in mine if one.closed_on and filters.period.start <= one.closed_on <= filters.period.end]
        still = [one for one in mine if one.outcome == "open"]
        of = {name: sum(one.outcome == name for one in ended) for name in ("won", "lost", "no_go")}
        return of["won"], of["lost"], of["no_go"], len(still), sum((one.amount for one in still), Decimal(0))

    assert len(found.ses) == 3
    for pk, work in found.ses.items():
        figures = (work.won, work.lost, work.no_go, work.open, work.amount)
        assert figures == counts([one for one in deals if one.se_id == pk])
    assert (found.total.won, found.total.amount) == (
        sum(work.won for work in found.ses.values()), sum(work.amount for work in found.ses.values()),
    )  # fmt: skip
    alone = counts([one for one in deals if one.se_id is None])
    assert (found.without.won, found.without.lost, found.without.amount) == (alone[0], alone[1], alone[4])
    client, checked = sign_in(admin), 0
    table = screen.build(filters).table("ses")
    for row in [*table.rows, table.total]:
        for at in (0, 7):
            response = client.get(row.urls[at].replace("/deals/?", "/deals/export/?"))
            text = b"".join(response.streaming_content).decode("utf-8-sig")
            assert len(list(csv.DictReader(io.StringIO(text, newline="")))) == row.values[at], row
            checked += 1
    assert checked == 10


def test_technical_wins_satisfaction_and_the_presales_cycle(admin, se):
    today = timezone.localdate()
    for days, state, satisfaction in ((10, "won", 4), (20, "won", 5), (40, "lost", None)):
        made = deal(stage("discovery"), se=se)
        began, later = timezone.now() - datetime.timedelta(days=days), {"stage_id": stage("discovery").pk}
        told(made, [(began - datetime.timedelta(days=3), {"stage_id": stage("qualification").pk}), (began, later)])
        TechnicalWin.objects.create(
            opportunity=made, state=state, decided_on=today, satisfaction=satisfaction, signed_off_name="Maria Weber"
        )
    work = asked(admin).ses[se.pk]
    assert (work.technical_won, work.technical_lost) == (2, 1)
    assert (work.satisfaction, work.cycle) == (Decimal("4.5"), Decimal(15))


def test_fifteen_demos_in_a_week_without_a_poc_raise_the_alarm(admin, se):
    made = deal(se=se)
    monday = timezone.localdate() - datetime.timedelta(days=timezone.localdate().weekday() + 14)

    def demo(day, **fields):
        start = datetime.datetime.combine(day, datetime.time(10), datetime.UTC)
        meeting = Meeting(opportunity=made, kind="demo", starts_at=start, objective="Show", driver=se, **fields)
        meeting.set_end()
        meeting.save()

    for _ in range(14):
        demo(monday)
    demo(monday + datetime.timedelta(days=2), cancelled_at=timezone.now())
    assert asked(admin).alarms == []
    demo(monday + datetime.timedelta(days=3))
    assert asked(admin).alarms == [(monday, 15)]
    assert asked(admin).ses[se.pk].demos == 15
    assert "15 demos and no POC" in screen.build(Yearly(admin)).notes[0]
    poc = {"number": 1, "title": "Plant", "owner": se, "starts_on": monday, "ends_on": monday, "state": "running",
           "agreed_on": monday, "agreed_name": "Maria Weber", "agreed_how": "Her mail"}  # fmt: skip
    Poc.objects.create(opportunity=made, started_on=monday, **poc)
    found = asked(admin)
    assert (found.alarms, found.total.pocs) == ([], 1)


def test_the_time_to_claim_is_the_median_of_the_hours_in_the_queue(admin, se):
    now = timezone.now() - datetime.timedelta(days=2)
    for hours in (1, 4, 30):
        made = deal(se=se)
        entered = now - datetime.timedelta(hours=hours)
        QueueEntry.objects.create(opportunity=made, entered_at=entered, closed_at=now, result="claimed")
        Claim.objects.create(opportunity=made, se=se, claimed_at=now)
    found = asked(admin)
    assert (found.total.claims, found.total.hours, found.ses[se.pk].hours) == (3, Decimal(4), Decimal(4))


def test_managers_see_their_own_teams_ses_only(team, other_team, sign_in):
    manager = UserFactory(role=Role.MANAGER, team=team)
    ours, theirs = UserFactory(role=Role.SE, team=team), UserFactory(role=Role.SE, team=other_team, name="Stranger Sue")
    deal(team=team, se=ours)
    deal(team=other_team, se=theirs)
    assert set(asked(manager).ses) == {ours.pk}
    assert "Stranger Sue" not in sign_in(manager).get("/insights/se_team/").content.decode()


def test_few_queries_and_lenient_reading(admin, sign_in, django_assert_max_num_queries):
    random_book(42, size=60)
    client = sign_in(admin)
    client.get("/insights/se_team/")
    for query in ("", "period=x&person=-1", "period=2026-Q1&source=event"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/insights/se_team/?{query}").status_code == 200
