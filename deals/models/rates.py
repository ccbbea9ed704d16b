"""What other currencies are worth in the company's, from which day on: the admin's to keep."""

import datetime
from decimal import Decimal

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import DecimalField, F, Q, QuerySet, Value

from presales.prepared import TODAY, Given
from presales.sql import Template

MONEY = DecimalField(max_digits=14, decimal_places=2)
LEAST, MOST = Decimal("0.00000001"), Decimal(1_000_000)

# Of a deal's amount, currency, the company's currency, closing day and today. PostgreSQL rounds half away from zero,
# which is half-up for amounts, that are never negative. Deals in the company's own currency never ask for a rate.
OWN = "{1} = {2}"
LATEST = "deals_rate_at({1}, COALESCE({3}, {4}))"
"""The rate of a currency on a day, or nothing: a function of the database (migration 0043)."""
VALUE = f"CASE WHEN {OWN} THEN {{0}} ELSE ROUND({{0}} * {LATEST}, 2) END"


@pghistory.track()
class ExchangeRate(models.Model):
    """From `valid_from` until the next rate of the same currency, one unit of it is worth `rate` of the company's."""

    currency = models.CharField(
        max_length=3, validators=[RegexValidator(r"\A[A-Z]{3}\Z", "Three letters, e.g. EUR.")],
        help_text="ISO 4217, e.g. EUR.",
    )  # fmt: skip
    rate = models.DecimalField(
        max_digits=15, decimal_places=8, validators=[MinValueValidator(LEAST), MaxValueValidator(MOST)]
    )
    valid_from = models.DateField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["currency", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "valid_from"], name="deals_one_rate_a_day",
                violation_error_message="There is a rate from that day on. Correct that one.",
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="deals_rate_positive"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.currency} from {self.valid_from}"


def with_value(deals: QuerySet, today: datetime.date | Given | None = None) -> QuerySet:
    """Adds `rate` and `value`: the deal's amount in the company's currency, rounded half-up to cents deal by deal.

    An open deal counts at the rate valid on `today`, the user's day; a closed one at that of the day it closed on.
    Both are None where no rate was valid then.
    """
    places = [
        F("amount"), F("currency"), Value(settings.COMPANY_CURRENCY), F("closed_on"),
        Value(today, models.DateField()) if isinstance(today, datetime.date) else today or TODAY,
    ]  # fmt: skip
    return deals.annotate(
        rate=Template(f"CASE WHEN {OWN} THEN 1 ELSE {LATEST} END", *places, output_field=DecimalField()),
        value=Template(VALUE, *places, output_field=MONEY),
    )


def countable(deals: QuerySet) -> QuerySet:
    """Those of the deals, which came through `with_value`, whose amounts can be added up."""
    return deals.filter(Q(currency=settings.COMPANY_CURRENCY) | Q(rate__isnull=False))


def uncountable(deals: QuerySet) -> QuerySet:
    """Those without a rate for their day."""
    # In two ranges, which an index finds; "not equal" would read every deal to find that none is.
    own = settings.COMPANY_CURRENCY
    return deals.filter(Q(currency__lt=own) | Q(currency__gt=own), rate=None)
