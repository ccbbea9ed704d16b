"""Quotas, what was called of the quarters, and the review in which AEs put their deals right."""

import datetime
import random
from decimal import Decimal

from django.utils import timezone

from deals.actions.forecasts import call_forecast
from deals.actions.quotas import add_quota
from deals.demo.clock import at, days_ago
from deals.models import Opportunity, Quota
from deals.models.opportunities import ForecastCategory
from people.models import User
from presales.quarters import quarter_start, shifted

# login: quota of a quarter
AES = {"ae": 420_000, "ae2": 360_000, "ae3": 300_000}
MANAGERS = {"manager": ("ae", "ae2"), "manager2": ("ae3",)}
CATEGORIES = {
    "negotiation": ForecastCategory.COMMIT, "evaluation": ForecastCategory.BEST_CASE,
    "presentation": ForecastCategory.BEST_CASE,
}  # fmt: skip


def tell(people: dict[str, User]) -> None:
    """Five quarters of quotas and calls, and a review this morning."""
    dice = random.Random(7)  # noqa: S311  a story
    this = quarter_start(timezone.localdate())
    teams = {login: people[login].teams.first() for login in MANAGERS}
    for back in range(3, -1, -1):
        quarter = shifted(this, -back)
        start = datetime.datetime.combine(quarter, datetime.time(9), datetime.UTC)
        with at(start):
            for login, amount in AES.items():
                add_quota(people["admin"], Quota(user=people[login], quarter=quarter, amount=amount))
            for login, members in MANAGERS.items():
                amount = Decimal(sum(AES[one] for one in members)) * Decimal("1.1")
                add_quota(people["admin"], Quota(team=teams[login], quarter=quarter, amount=amount))
        for day in (10, 45, 75):
            moment = start + datetime.timedelta(days=day)
            if moment > timezone.now():
                break
            with at(moment):
                for login, amount in AES.items():
                    call_forecast(people[login], quarter, _about(dice, amount * 0.9, day))
                for login, members in MANAGERS.items():
                    said = _about(dice, sum(AES[one] for one in members) * 0.85, day)
                    call_forecast(people[login], quarter, said, team=teams[login], note="From the weekly review")
    _review(dice)


def _about(dice: random.Random, amount: float, day: int) -> Decimal:
    """Early calls are further off than late ones."""
    width = 0.45 if day < 30 else 0.25 if day < 60 else 0.12
    return Decimal(round(amount * dice.uniform(1 - width, 1 + width) / 5000) * 5000)


def _review(dice: random.Random) -> None:
    """Categories by how far the deals are; a few amounts and close dates that were wrong."""
    deals = list(Opportunity.objects.open().select_related("stage").order_by("pk"))
    with at(days_ago(0.02), action="edit_opportunity"):
        for place, deal in enumerate(deals):
            deal.forecast_category = CATEGORIES.get(deal.stage.slug, ForecastCategory.PIPELINE)
            fields = ["forecast_category", "version"]
            if place % 5 == 1:
                change = Decimal(dice.choice([85, 90, 110, 125])) / 100
                deal.amount = (deal.amount * change).quantize(Decimal(100))
                fields.append("amount")
            if place % 7 == 3 and deal.close_date:
                deal.close_date += datetime.timedelta(days=dice.choice([35, 50]))
                deal.close_date_pushes += 1
                fields += ["close_date", "close_date_pushes"]
            deal.version += 1
            deal.save(update_fields=fields)
