"""A thousand random histories, and what happened between two days told once more in plain Python."""

import datetime
import random
from collections import defaultdict
from decimal import Decimal

import pgtrigger
from django.db import connection

from deals.models import ExchangeRate, Opportunity
from people.models import Role
from presales.validity import end_of
from qualification.models import Dossier, Framework
from tests.factories import TeamFactory, UserFactory
from tests.insights import oracle
from tests.insights.factories import pipeline
from tests.insights.past import Event, tell

FIRST = datetime.date(2026, 1, 1)
LAST = datetime.date(2026, 10, 31)


def random_histories(seed, size=1000):
    """`size` deals in dollars, euros and a currency without a rate until June, each with up to eight changes."""
    chance = random.Random(seed)
    teams = [TeamFactory() for _ in range(3)]
    owners = [UserFactory(role=Role.AE, team=team) for team in teams]
    for currency, day, worth in [
        ("EUR", datetime.date(2025, 1, 1), "1.05"), ("EUR", datetime.date(2026, 5, 1), "1.113"),
        ("GBP", datetime.date(2026, 6, 1), "1.3"),
    ]:  # fmt: skip
        ExchangeRate.objects.create(currency=currency, valid_from=day, rate=Decimal(worth))
    stages = list(pipeline().stages.all())
    start = [one for one in stages if one.outcome == "open"]
    framework, _ = Framework.objects.get_or_create(slug="figures", defaults={"name": "Figures"})
    dossiers = Dossier.objects.bulk_create(Dossier(framework=framework) for _ in range(size))
    deals = Opportunity.objects.bulk_create(
        Opportunity(name=f"Deal {place}", pipeline=start[0].pipeline, stage=start[0], dossier=dossier)
        for place, dossier in enumerate(dossiers)
    )
    tell({deal: _story(chance, teams, owners, stages, start) for deal in deals})
    with pgtrigger.ignore(), connection.cursor() as cursor:  # whom a deal belongs to today is what its history says
        cursor.execute(
            "UPDATE deals_opportunity deal SET team_id = event.team_id FROM deals_opportunityevent event "
            "WHERE event.pgh_obj_id = deal.id AND event.pgh_until IS NULL"
        )
    return teams, owners


def _story(chance, teams, owners, stages, start):
    days = (LAST - FIRST).days
    moment = datetime.datetime.combine(FIRST, datetime.time(), datetime.UTC)
    moment += datetime.timedelta(minutes=chance.randrange(days * 1440))
    cents = lambda: Decimal(chance.randrange(10_000_000)) / 100  # noqa: E731
    when = lambda: chance.choice([None, FIRST + datetime.timedelta(days=chance.randrange(days + 90))])  # noqa: E731
    story = [
        (
            moment,
            {
                "stage_id": chance.choice(start).pk, "amount": cents(), "close_date": when(), "created_at": moment,
                "currency": chance.choice(["USD", "USD", "USD", "EUR", "GBP"]), "owner_id": chance.choice(owners).pk,
                "team_id": chance.choice(teams).pk,
            },
        )
    ]  # fmt: skip
    for _ in range(chance.randrange(9)):
        moment += datetime.timedelta(minutes=chance.randrange(60 * 1440))
        kind = chance.randrange(6)
        if kind == 0:
            at = chance.choice(stages)
            closed = None if at.outcome == "open" else moment.date() + datetime.timedelta(days=chance.randrange(-3, 2))
            change = {"stage_id": at.pk, "outcome": at.outcome, "closed_on": closed}
        elif kind == 1:
            change = {"close_date": when()}
        elif kind == 2:
            change = {"team_id": chance.choice(teams).pk, "owner_id": chance.choice(owners).pk}
        elif kind == 3:
            change = {"currency": chance.choice(["USD", "EUR", "GBP"])}
        else:
            change = {"amount": cents()}
        story.append((moment, change))
    return story


def states(day):
    """Each deal's last row before `day` was over."""
    last = {}
    for event in Event.objects.order_by("pgh_id"):
        if event.pgh_created_at < end_of(day):
            last[event.pgh_obj_id] = event
    return last


def moves(since, until, in_scope=lambda deal: True, period=None):
    """{kind: {deal: amount}} of what happened from `since` to `until`, by the words of the definitions."""
    rates = list(ExchangeRate.objects.values_list("currency", "valid_from", "rate"))
    first, second = states(since), states(until)
    told = defaultdict(dict)

    def within(day):
        return period is None or (day is not None and period.start <= day <= period.end)

    def inside(deal, value):
        return (
            deal is not None and value is not None and deal.outcome == "open" and in_scope(deal)
            and within(deal.close_date)
        )  # fmt: skip

    for pk, after in second.items():
        before = first.get(pk)
        was = oracle.value(before, rates, since) if before else None
        now = oracle.value(after, rates, until)
        stood, stands = inside(before, was), inside(after, now)
        closed_between = (
            after.outcome != "open"
            and (before is None or (before.outcome, before.closed_on) != (after.outcome, after.closed_on))
        )  # fmt: skip
        if stood:
            told["opening"][pk] = was
            if stands:
                change(told, pk, before, after, was, now)
            elif not in_scope(after) or now is None:
                told["moved_out"][pk] = -was
            elif after.outcome != "open":
                change(told, pk, before, after, was, now)
                told[after.outcome][pk] = -now
            elif after.close_date is not None and after.close_date < period.start:
                told["brought_forward"][pk] = -was
            else:
                told["pushed_out"][pk] = -was
        elif stands or (closed_between and in_scope(after) and now is not None and within(after.closed_on)):
            if before is None:
                kind = "new"
            elif before.outcome != "open":
                kind = "reopened"
            elif not in_scope(before) or was is None:
                kind = "moved_in"
            elif period and before.close_date is not None and before.close_date < period.start:
                kind = "slipped_in"
            else:
                kind = "pulled_in"
            told[kind][pk] = now
            if not stands:
                told[after.outcome][pk] = -now
        if stands:
            told["closing"][pk] = now
    return told


def change(told, pk, before, after, was, now):
    if now != was:
        same = before.amount == after.amount and before.currency == after.currency
        told["rates" if same else "advanced" if now > was else "reduced"][pk] = now - was
