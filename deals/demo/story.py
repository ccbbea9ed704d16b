"""The whole demo, from empty to a year of work, in one transaction."""

import datetime
import random

from django.db import connection, transaction
from django.utils import timezone

from deals import probability
from deals.demo import (
    closing,
    closing_steps,
    custom_fields,
    dashboards,
    facts,
    former,
    habits,
    library,
    loads,
    meetings,
    nurture,
    objectives,
    pairs,
    proposals,
    quotas,
    requirements,
    reviews,
    rfps,
    specialists,
)
from deals.demo import people as demo_people
from deals.demo.clock import date_history, days_ago
from deals.demo.leads import Leads, companies
from deals.demo.opportunities import Deals, plans
from deals.models import Opportunity
from deals.winning.versions import LEARNER as WINNING
from leads.conversion.versions import LEARNER as CONVERSION
from leads.models import Engagement, Lead
from leads.scoring import masses
from leads.scoring.sweep import sweep
from people.demo import LOGINS
from people.models import User
from presales.jobs import without_nudges
from qualification.status import repair

SEED = 30
EXPANSIONS = 10


def load() -> str:
    """Fill the database unless the demo people are there; one line on what was made, "" if nothing."""
    if User.objects.filter(email__in=[login.email for login in LOGINS]).exists():
        return ""
    with transaction.atomic(), without_nudges():
        people = _tell(random.Random(SEED))  # noqa: S311  a story, not a secret
        date_history()
    _let_planner_look()
    with without_nudges():
        former.bring(people)
    repair(timezone.now())
    probability.repair(timezone.now())
    sweep()
    with transaction.atomic(), without_nudges():
        nurture.tell()
        date_history()
        CONVERSION.want()
        WINNING.want()
    CONVERSION.train_if_due()
    WINNING.train_if_due()
    sweep()
    probability.sweep_probabilities(timezone.now())
    return (
        f"Demo data: {User.objects.count()} people, {Lead.objects.count()} leads, "
        f"{Opportunity.objects.count()} opportunities over twelve months."
    )


def _let_planner_look() -> None:
    """PostgreSQL plans for empty tables until it is told that they are not."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _own_dice(name: str) -> random.Random:
    """Dice for one life: what is drawn in one, which a weekday may change, changes no other."""
    return random.Random(f"{SEED} {name}")  # noqa: S311  a story, not a secret


def _tell(dice: random.Random) -> dict[str, User]:
    people = demo_people.create()
    leads = Leads(dice, people, companies(dice, people["marketing"]))
    deals = Deals(dice, people)
    library.stock(people["se"], people["se3"])
    closed, still_open = plans(dice)
    # The oldest conversions are closed by now, the newest are open.
    to_convert = [*closed[EXPANSIONS // 3 :], *still_open[EXPANSIONS - EXPANSIONS // 3 :]]
    made: list[Opportunity] = []
    for number, (created, end) in enumerate(leads.plan()):
        if number % 100 == 50:
            _let_planner_look()
        leads.dice = deals.dice = dice = _own_dice(f"lead {number}")
        lead = leads.live(created, end)
        if end == "converted" and to_convert:
            moment = min(lead.qualified_at + datetime.timedelta(days=dice.uniform(0.5, 3)), days_ago(0.4))
            made.append(deals.convert(lead, leads.pursuits[lead.pk], to_convert.pop(0), moment))
    rest = [*closed[: EXPANSIONS // 3], *still_open[: EXPANSIONS - EXPANSIONS // 3]]
    for number, plan in enumerate(rest):
        deals.dice = dice = _own_dice(f"expansion {number}")
        done = dice.choice([deal for deal in made if deal.outcome == "won"] or made)
        old = 130 if plan in closed else 70
        deals.expand(done, plan, days_ago(dice.uniform(old - 12, old)))
    facts.tell(people)
    proposals.tell(people)
    loads.tell(people)
    meetings.tell()
    meetings.tell_of_leads()
    closing_steps.tell()
    requirements.decide_gaps(people["manager"])
    closing.tell(people)
    pairs.tell(people)
    habits.tell()
    rfps.tell()
    library.keep()
    specialists.tell()
    custom_fields.tell(people)
    quotas.tell(people)
    objectives.tell(people)
    dashboards.tell(people)
    reviews.tell(people)
    leads.duplicates(8)
    Engagement.objects.bulk_create(leads.engagements)
    masses.rebuild(list(Lead.objects.values_list("pk", flat=True)))
    return people
