"""Commercial facts that only some deals have: another currency, a long term, rivals, a date that keeps moving."""

import datetime
from decimal import Decimal

from django.utils import timezone

from deals.actions.competitors import add_competitor
from deals.actions.opportunities import update_commercial
from deals.actions.rates import add_rate
from deals.demo.clock import at, days_ago
from deals.models import Competitor, ExchangeRate, Opportunity
from people.models import User

# A rate, and from how many days ago on.
EURO = [(Decimal("1.0450"), 380), (Decimal("1.0825"), 190), (Decimal("1.1240"), 95), (Decimal("1.1585"), 12)]


def tell(people: dict[str, User]) -> None:
    """Rates for the euro and a European deal in it; a deal over three years; one whose close date was pushed thrice."""
    for rate, days in EURO:
        day = days_ago(days)
        with at(day):
            add_rate(people["admin"], ExchangeRate(currency="EUR", rate=rate, valid_from=timezone.localdate(day)))
    abroad = Opportunity.objects.open().filter(team__name="Continental").order_by("-amount", "pk").first()
    if abroad is not None:
        change(abroad, currency="EUR")
    atlantic = Opportunity.objects.open().filter(team__name="Atlantic")
    long = atlantic.filter(stage__slug="negotiation").order_by("-amount", "pk").first()
    if long is not None:
        change(long, term_months=36, one_off=Decimal(18500), next_step_owner=long.se,
               compelling_event_on=long.close_date + datetime.timedelta(days=21))  # fmt: skip
        _against(long, ("Conduitly", "active", "Cheaper, and asked to match our support hours."),
                 ("Built in-house", "out", "Their architects gave it up after the second workshop."))  # fmt: skip
    late = atlantic.filter(stage__slug="presentation").exclude(next_step="").order_by("amount", "pk").first()
    if late is not None:
        last = late.close_date
        for days in (75, 50, 25, 0)[late.close_date_pushes :]:
            change(late, close_date=last - datetime.timedelta(days=days))
        _against(late, ("Pipewright", "ahead", "Has the ear of the head of IT."))


def change(deal: Opportunity, **facts: object) -> None:
    """The owner writes `facts` down some hours after the last thing that happened to the deal."""
    for name, value in facts.items():
        setattr(deal, name, value)
    with at(min(deal.last_activity_at + datetime.timedelta(hours=5), timezone.now())):
        update_commercial(deal.owner, deal, deal.version)


def _against(deal: Opportunity, *rivals: tuple[str, str, str]) -> None:
    for name, status, note in rivals:
        with at(deal.last_activity_at):
            add_competitor(deal.owner, deal, Competitor(name=name, status=status, note=note))
