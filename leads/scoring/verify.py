"""Stored scores against scores computed afresh: from the rules, the leads, the companies and the events themselves."""

import datetime
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from leads.conversion.compile import chance_of
from leads.models import Lead, LeadScore
from leads.scoring import compile as sql
from leads.scoring import engine, masses, stale
from leads.scoring.rules import Ruleset

STEP = 50_000


@dataclass(frozen=True)
class Difference:
    """One lead whose stored score is not what it should be. `waiting`: the sweep knows of it."""

    lead_id: int
    stored: str
    fresh: str
    waiting: bool


def differences(now: datetime.datetime | None = None) -> list[Difference]:
    """All leads whose stored score, masses included, differs from a fresh computation as of `now`."""
    now = now or timezone.now()
    highest = Lead.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found: list[Difference] = []
    for first in range(0, highest + 1, STEP):
        found += _differences(first, first + STEP, now)
    return found


@transaction.atomic
def _differences(first: int, end: int, now: datetime.datetime) -> list[Difference]:
    engine.raise_time_limit(300)
    rules = Ruleset.load()
    fresh = _fresh(rules, engine.day_of(now), first, end)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT n.lead_id, n.fit, n.engagement, n.total, n.grade, n.band, n.masses, n.probability,
                s.fit, s.engagement, s.total, s.grade, s.band, s.masses, s.probability,
                s.lead_id IS NULL OR s.input_rev <> s.computed_rev OR s.mass_rev <> %s
            FROM ({fresh.text}) n LEFT JOIN leads_leadscore s ON s.lead_id = n.lead_id
            WHERE (n.fit, n.engagement, n.total, n.grade, n.band) IS DISTINCT FROM
                  (s.fit, s.engagement, s.total, s.grade::text, s.band::text)
               OR n.masses IS DISTINCT FROM s.masses OR n.logit IS DISTINCT FROM s.logit
               OR n.probability IS DISTINCT FROM s.probability
            ORDER BY n.lead_id
            """,  # noqa: S608
            [rules.mass_rev, *fresh.parameters],
        )
        rows = cursor.fetchall()
    return [Difference(row[0], _show(row[8:15]), _show(row[1:8]), row[15]) for row in rows]


def _fresh(rules: Ruleset, day: datetime.date, first: int, end: int) -> sql.Sql:
    of_fit, of_engagement, chance = sql.fit(rules), sql.exact_engagement(rules, day), chance_of(rules.model)
    summed = masses.fresh().replace("/*scope*/", "WHERE e.lead_id >= %s AND e.lead_id < %s")
    source = sql.Sql(
        f"""
        SELECT s.lead_id, s.masses, {of_fit.text} AS fit, {of_engagement.text} AS exact, {chance.logit.text} AS logit
        FROM (
            SELECT a.id AS lead_id, coalesce(f.masses, '{{}}') AS masses
            FROM leads_lead a LEFT JOIN ({summed}) f ON f.lead_id = a.id
            WHERE a.id >= %s AND a.id < %s
        ) s {sql.LEADS_AND_COMPANIES}
        """,  # noqa: S608
        (
            *of_fit.parameters,
            *of_engagement.parameters,
            *chance.logit.parameters,
            *masses.fresh_parameters(rules),
            *(first, end, first, end),
        ),
    )
    return sql.figures(rules, day, source, ("lead_id", "masses", "fit", "logit"), chance)


def _show(row: tuple) -> str:
    fit, engagement, total, grade, band, kept, probability = row
    if total is None:
        return "no score"
    events = sum(1 for mass in kept if mass)
    learned = "" if probability is None else f"; probability {probability:.6f}"
    return f"{total} ({grade}, {band}; fit {fit}, engagement {engagement} from {events} kinds of event{learned})"


def fix(lead_ids: list[int], now: datetime.datetime | None = None) -> None:
    """Compute these leads' masses and scores afresh and store them."""
    for start in range(0, len(lead_ids), engine.BATCH):
        ids = lead_ids[start : start + engine.BATCH]
        with transaction.atomic():
            stale.mark_leads(ids)
            LeadScore.objects.filter(pk__in=ids).update(mass_rev=0)
        engine.score_stale(now, ids)
