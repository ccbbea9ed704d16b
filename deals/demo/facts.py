"""Commercial facts that only some deals have: another currency."""

from decimal import Decimal

from django.utils import timezone

from deals.actions.opportunities import update_commercial
from deals.actions.rates import add_rate
from deals.demo.clock import at, days_ago
from deals.models import ExchangeRate, Opportunity
from people.models import User

# A rate, and from how many days ago on.
EURO = [(Decimal("1.0450"), 380), (Decimal("1.0825"), 190), (Decimal("1.1240"), 95), (Decimal("1.1585"), 12)]


def tell(people: dict[str, User]) -> None:
    """Rates for the euro, and a European deal in it."""
    for rate, days in EURO:
        day = days_ago(days)
        with at(day):
            add_rate(people["admin"], ExchangeRate(currency="EUR", rate=rate, valid_from=timezone.localdate(day)))
    abroad = Opportunity.objects.open().filter(team__name="Continental").order_by("-amount", "pk").first()
    if abroad is not None:
        change(abroad, currency="EUR")


def change(deal: Opportunity, **facts: object) -> None:
    """The owner writes `facts` down just after the last thing that happened to the deal."""
    for name, value in facts.items():
        setattr(deal, name, value)
    with at(deal.last_activity_at):
        update_commercial(deal.owner, deal, deal.version)
