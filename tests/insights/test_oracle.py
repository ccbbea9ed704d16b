"""What hangs on deals, counted once more in plain Python over the raw rows of a random half year.

The deals' own figures have their twins in `oracle.py`; that a past day says what was said on it is shown by
`test_time_machine.py`, so here it is enough to look at one day: the last of the story and everything before it.
"""

from collections import defaultdict
from decimal import Decimal
from statistics import median

import pytest
from django.utils import timezone

from deals.models import (
    Claim,
    Meeting,
    Opportunity,
    Poc,
    ProductGap,
    QueueEntry,
    Quota,
    Requirement,
    Stage,
    TechnicalWin,
)
from deals.models.product_gaps import WEIGHTS
from insights import pipeline
from insights.filters import Filters, Quarterly, Yearly
from insights.queries.attainment import reached
from insights.queries.meetings import habits_of, span
from insights.queries.product_gaps import costs, parts
from insights.queries.quotas import quotas_of
from insights.queries.se_team import se_team
from insights.queries.velocity import stays
from tests.insights.story import Story

pytestmark = pytest.mark.django_db
Event = Opportunity.pgh_event_model


@pytest.fixture
def story():
    told = Story(11)
    told.days(lambda day: None, every=20, acts=90)
    return told


def histories():
    found = defaultdict(list)
    for event in Event.objects.order_by("pgh_id").select_related("stage"):
        found[event.pgh_obj_id].append(event)
    return found


def rounded(values):
    return Decimal(str(round(median(values), 1))) if values else None


def test_the_screens_agree_with_plain_python(story, admin):
    filters = Yearly(admin)
    period, now = filters.period, timezone.now()
    deals = {one.pk: one for one in Opportunity.objects.select_related("stage", "dossier__derived")}
    events = histories()

    def within(day):
        return period.start <= day <= period.end

    # SE team: technical decisions, days since discovery, demos, POCs, claims and the hours they took.
    found = se_team(filters, period)
    for se in story.ses:
        wins = [
            one for one in TechnicalWin.objects.all()
            if deals[one.opportunity_id].se_id == se.pk and one.decided_on and within(one.decided_on)
        ]  # fmt: skip
        days = []
        for one in wins:
            seen = [
                event.pgh_created_at.date() for event in events[one.opportunity_id] if event.stage.slug == "discovery"
            ]
            if one.state == "won" and seen:
                days.append((one.decided_on - min(seen)).days)
        demos = [
            one for one in Meeting.objects.filter(kind="demo", cancelled_at=None)
            if one.ends_at <= now and deals[one.opportunity_id].se_id == se.pk and within(one.ends_at.date())
        ]  # fmt: skip
        pocs = [one for one in Poc.objects.all() if deals[one.opportunity_id].se_id == se.pk and within(one.started_on)]
        hours = []
        for entry in QueueEntry.objects.filter(result="claimed"):
            later = [
                one for one in Claim.objects.filter(opportunity=entry.opportunity).order_by("claimed_at")
                if one.claimed_at >= entry.entered_at
            ]  # fmt: skip
            if later and later[0].se_id == se.pk:
                hours.append((later[0].claimed_at - entry.entered_at).total_seconds() / 3600)
        work = found.ses[se.pk]
        given = [one.satisfaction for one in wins if one.satisfaction]
        assert (work.technical_won, work.technical_lost, work.demos, work.pocs, work.claims) == (
            sum(one.state == "won" for one in wins), sum(one.state == "lost" for one in wins), len(demos), len(pocs),
            len(hours),
        )  # fmt: skip
        assert (work.cycle, work.hours) == (rounded(days), rounded(hours))
        assert work.satisfaction == (Decimal(str(round(sum(given) / len(given), 1))) if given else None)
    assert found.total.demos + found.total.pocs + found.total.claims > 20

    # Meetings: huddles of five points, debriefs of both, by AE, SE and team.
    expected = defaultdict(lambda: [0, 0, 0])
    for one in Meeting.objects.filter(cancelled_at=None, ends_at__lte=now).prefetch_related(
        "huddle_points", "debriefs"
    ):
        deal = deals[one.opportunity_id]
        line = expected[deal.owner_id, deal.se_id, deal.team_id]
        line[0] += 1
        line[1] += len(one.huddle_points.all()) >= 5
        line[2] += {debrief.lane for debrief in one.debriefs.all()} == {"ae", "se"}
    met = habits_of(Filters(admin), *span(Filters(admin)))
    assert {key: [one.held, one.huddled, one.debriefed] for key, one in met.items()} == dict(expected)

    # Time in stage: from the entry into a stage to the next one, by the history.
    rested = defaultdict(list)
    for history in events.values():
        since, at = history[0].pgh_created_at, history[0]
        for event in history[1:]:
            if event.stage_id != at.stage_id:
                if at.stage.outcome == "open" and within(event.pgh_created_at.date()):
                    rested[at.stage_id].append((event.pgh_created_at - since).total_seconds() / 86400)
                since, at = event.pgh_created_at, event
    assert {one.stage: (one.count, one.median) for one in stays(filters, period)} == {
        stage: (len(days), rounded(days)) for stage, days in rested.items()
    }

    # Product gaps: each deal's amount over its gaps by severity, to the cent.
    gaps = {one.pk: one for one in ProductGap.objects.all()}
    wanted = defaultdict(set)
    for one in Requirement.objects.filter(fit="gap").exclude(gap=None):
        deal = deals[one.opportunity_id]
        ended = deal.outcome in ("lost", "no_go") and within(deal.closed_on)
        if ended or (deal.outcome == "open" and gaps[one.gap_id].state != "closed"):
            wanted[deal.pk].add(one.gap_id)
    cost, all_of_them = costs(filters)
    listed = defaultdict(Decimal)
    for part in parts(filters):
        listed[part.gap] += part.share
    assert {gap: one.waiting_value + one.lost_value for gap, one in cost.items()} == listed
    for gap in gaps:
        mine = [deals[pk] for pk, its in wanted.items() if gap in its]
        told = cost.get(gap)
        counts = [sum(one.outcome == "open" for one in mine), sum(one.outcome != "open" for one in mine)]
        assert ([told.waiting, told.lost] if told else [0, 0]) == counts
        if told:
            due = sum(
                one.amount * WEIGHTS[gaps[gap].severity] / sum(WEIGHTS[gaps[each].severity] for each in wanted[one.pk])
                for one in mine
            )
            assert abs(told.waiting_value + told.lost_value - due) <= Decimal("0.01") * len(mine)
    whole = sum((one.waiting_value + one.lost_value for one in cost.values()), Decimal(0))
    assert whole == sum((deals[pk].amount for pk in wanted), Decimal(0))
    assert all_of_them.waiting + all_of_them.lost == len(wanted)
    assert all_of_them.waiting_value + all_of_them.lost_value == whole

    # Risks, one by one, from what stands beside the deals.
    today = timezone.localdate()
    margin, risky = 20, []
    for one in deals.values():
        if one.outcome != "open":
            continue
        claim = one.stage.probability if one.claimed_probability is None else one.claimed_probability
        evidence = one.evidence_probability.percent if hasattr(one, "evidence_probability") else None
        silent = (now - one.last_activity_at).total_seconds() > one.stage.rotting_days * 86400
        if (
            (one.close_date and one.close_date < today) or one.dossier.derived.status in ("at_risk", "disqualified")
            or (evidence is not None and claim > evidence + margin) or silent or one.close_date_pushes >= 3
            or not one.next_step or (one.next_step_on and one.next_step_on < today)
        ):  # fmt: skip
            risky.append(one)
    shown = pipeline.build(Filters(admin)).at_risk
    assert (shown.count, shown.amount) == (len(risky), sum((one.amount for one in risky), Decimal(0)))
    assert Stage.objects.count() > 3


def test_goals_agree_with_plain_python(story, admin):
    filters = Quarterly(admin)
    period = filters.period
    found = reached(filters, period)
    for one in story.aes:
        mine = Opportunity.objects.filter(owner=one)
        won = [deal for deal in mine if deal.outcome == "won" and period.start <= deal.closed_on <= period.end]
        still = [
            deal for deal in mine
            if deal.outcome == "open" and deal.close_date and period.start <= deal.close_date <= period.end
        ]  # fmt: skip
        lines = [line for (owner, _), line in found.items() if owner == one.pk]
        assert sum(line.won for line in lines) == sum((deal.amount for deal in won), Decimal(0))
        assert sum(line.open for line in lines) == sum((deal.amount for deal in still), Decimal(0))
    set_for = {one.user_id: one.amount for one in Quota.objects.filter(quarter=period.start)}
    assert quotas_of(filters, period).of_person == set_for
