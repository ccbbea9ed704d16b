"""Pairs against the rest: outcomes by plain Python, alignment and meetings by small stories."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import AlignmentCheck, Debrief, HuddleItem, HuddlePoint, Meeting, Opportunity, Pairing
from insights.filters import Yearly
from insights.queries.pairings import pairs
from insights.screens import pairings as screen
from people.models import Role
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book

pytestmark = pytest.mark.django_db


def asked(user, **data):
    filters = Yearly(user, data)
    return pairs(filters, filters.period)


def paired(ae, se, **fields):
    return Pairing.objects.create(
        ae=ae, se=se, active_since=timezone.localdate() - datetime.timedelta(days=200), **fields
    )


def test_outcomes_of_pairs_and_the_rest_agree_with_plain_python(admin):
    _, owners, ses = random_book(71, size=250)
    made = [paired(owners[0], ses[0]), paired(owners[2], ses[1])]
    found = asked(admin)
    period = Yearly(admin).period
    ended = [
        one
        for one in Opportunity.objects.filter(outcome__in=["won", "lost"], currency="USD")
        if period.start <= one.closed_on <= period.end
    ]

    def figures(mine):
        won = [one for one in mine if one.outcome == "won"]
        days = sum((one.closed_on - one.created_at.date()).days for one in won)
        return len(won), len(mine) - len(won), days, sum((one.amount for one in won), Decimal(0))

    def told(one):
        return one.won, one.lost, one.days, one.amount

    keys = {(one.ae_id, one.se_id) for one in made}
    for pairing, line in found.pairs:
        mine = [one for one in ended if (one.owner_id, one.se_id) == (pairing.ae_id, pairing.se_id)]
        assert told(line) == figures(mine)
    others = [one for one in ended if (one.owner_id, one.se_id) not in keys]
    assert told(found.rest) == figures([one for one in others if one.se_id])
    assert told(found.alone) == figures([one for one in others if not one.se_id])
    assert told(found.total) == figures(ended)


def test_alignment_is_the_mean_of_ninety_days_and_its_trend(admin, ae, se):
    pairing, today = paired(ae, se), timezone.localdate()
    for days, score in ((5, 8), (40, 9), (100, 6), (150, 5), (300, 1)):
        AlignmentCheck.objects.create(
            pairing=pairing, author=ae, score=score, rated_on=today - datetime.timedelta(days=days)
        )
    [(_, line)] = asked(admin).pairs
    assert (line.score, line.trend) == (Decimal("8.5"), Decimal("3.0"))
    assert sum(count for _, _, count in asked(admin).months) == 5


def test_meetings_of_a_pair_count_with_huddle_and_debriefs(admin, ae, se):
    paired(ae, se)
    made = deal(owner=ae, se=se)
    for whole in (True, False):
        start = timezone.now() - datetime.timedelta(days=3)
        meeting = Meeting(opportunity=made, kind="demo", starts_at=start, objective="Show", driver=se)
        meeting.set_end()
        meeting.save()
        if whole:
            HuddlePoint.objects.bulk_create(
                HuddlePoint(meeting=meeting, item=item, by=ae) for item in HuddleItem.values
            )
            for author, lane in ((ae, "ae"), (se, "se")):
                Debrief.objects.create(
                    meeting=meeting, author=author, lane=lane, real_pain="yes", next_step_agreed=True, context=4
                )
    [(_, line)] = asked(admin).pairs
    assert (line.meetings.held, line.meetings.huddled, line.meetings.debriefed) == (2, 1, 1)
    row = screen.build(Yearly(admin)).table("pairs").rows[0]
    assert row.values[2:5] == [2, Decimal(50), Decimal(50)]


def test_who_sees_which_pairs_and_scores(ae, se, manager, other_team, sign_in):
    ours = paired(ae, se)
    stranger = UserFactory(role=Role.AE, team=other_team, name="Stranger Sam")
    paired(stranger, UserFactory(role=Role.SE, team=other_team))
    AlignmentCheck.objects.create(pairing=ours, author=se, score=3, rated_on=timezone.localdate())
    assert "Stranger Sam" not in sign_in(manager).get("/insights/pairings/").content.decode()
    assert [line.score for _, line in asked(manager).pairs] == [Decimal(3)]
    assert [line.score for _, line in asked(ae, person="all").pairs] == [None], "the SE has not shared it"


def test_few_queries_and_lenient_reading(admin, sign_in, django_assert_max_num_queries):
    _, owners, ses = random_book(72, size=40)
    paired(owners[0], ses[0])
    client = sign_in(admin)
    client.get("/insights/pairings/")
    for query in ("", "period=x&person=-1", "period=2026-Q1&source=event"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/insights/pairings/?{query}").status_code == 200
