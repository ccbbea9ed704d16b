"""The open pipeline: count, amount and weighted amount, by stage, AE, team, SE and age, in one pass."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from deals.models.rates import MONEY, countable, uncountable, with_value
from insights.filters import Filters
from insights.periods import quarter_of
from insights.queries.added_up import Build, summed
from insights.queries.past import is_past, with_default_probability
from presales.sql import Template

# (key, label, youngest in days): a deal belongs to the last line whose days it has reached.
AGES = [
    ("a", "Up to 30 days", 0),
    ("b", "31 to 60 days", 31),
    ("c", "61 to 90 days", 61),
    ("d", "91 to 180 days", 91),
    ("e", "More than 180 days", 181),
]
ZERO = Decimal("0.00")
AGE = "CASE{} ELSE '{}' END".format(
    "".join(f" WHEN created_at < %(age_{key})s THEN '{key}'" for key, _, _ in reversed(AGES[1:])), AGES[0][0]
)
BOOK = """
SELECT stage_id, owner_id, named, team_id, se_id, age, is_due,
       CASE WHEN GROUPING(stage_id) = 0 THEN 0 WHEN GROUPING(owner_id) = 0 THEN 1
            WHEN GROUPING(team_id) = 0 THEN 2 WHEN GROUPING(se_id) = 0 THEN 3
            WHEN GROUPING(age) = 0 THEN 4 WHEN GROUPING(is_due) = 0 THEN 5 ELSE 6 END,
       count(*), coalesce(sum(value), 0), coalesce(sum(weighted), 0)
  FROM (SELECT deal.*, CASE WHEN owner_id IS NULL THEN owner_name ELSE '' END AS named, {age} AS age,
               coalesce(close_date BETWEEN %(first)s AND %(last)s, FALSE) AS is_due
          FROM ({deals}) AS deal) AS deal
 GROUP BY GROUPING SETS ((stage_id), (owner_id, named), (team_id), (se_id), (age), (is_due), ())
""".replace("{age}", AGE)
LEFT_OUT = "SELECT currency, count(*), sum(amount) FROM ({deals}) AS deal GROUP BY currency ORDER BY currency"


@dataclass(frozen=True)
class Line:
    """One group of deals. `amount` and `weighted` are in the company's currency, exact to the cent."""

    key: object
    count: int = 0
    amount: Decimal = ZERO
    weighted: Decimal = ZERO


@dataclass
class Book:
    """The figures of one set of open deals."""

    total: Line = field(default_factory=lambda: Line(None))
    by_stage: list[Line] = field(default_factory=list)
    by_owner: list[Line] = field(default_factory=list)  # key: (user id or None, name as imported)
    by_team: list[Line] = field(default_factory=list)
    by_se: list[Line] = field(default_factory=list)
    by_age: list[Line] = field(default_factory=list)
    by_due: list[Line] = field(default_factory=list)  # key: whether they are expected to close in the period

    @property
    def due(self) -> Line:
        """Those that are expected to close in the period, or without one in the quarter."""
        return next((line for line in self.by_due if line.key), Line(True))


def with_weighted(deals: QuerySet, day: datetime.date | None = None) -> QuerySet:
    """Adds `weighted` to what `in_company_currency` gives: amount × rate × probability, rounded half-up to cents
    once, deal by deal, so that sums add up. States of a past `day` count with the default probability of that day."""
    # Times 0.01, since a division would round before the rounding.
    weighted = Template(
        "ROUND({0} * {1} * {2} * 0.01, 2)", F("amount"), F("rate"), F("probability"), output_field=MONEY
    )
    default = "stage__probability"
    if is_past(deals) and day:
        deals, default = with_default_probability(deals, day), "default_probability"
    probability = Coalesce("claimed_probability", default)
    return deals.annotate(probability=probability).annotate(weighted=weighted)


def in_company_currency(deals: QuerySet, day: datetime.date | None = None) -> QuerySet:
    """Those whose amounts can be added up, with `value`, which is what to add up: sums never cross currencies without
    a rate dated `day` (default today) or earlier."""
    return countable(with_value(deals, day))


def other_currencies(deals: QuerySet, day: datetime.date | None = None) -> list[tuple[str, int, Decimal]]:
    """`(currency, number of deals, their amount)` of what the figures leave out."""
    rows = uncountable(with_value(deals, day)).order_by("currency").values_list("currency")
    return list(rows.annotate(Count("pk"), Sum("amount")))


def age_from(days: int, now: datetime.datetime) -> datetime.datetime:
    """The latest moment at which a deal was created that is now `days` calendar days old, in the user's zone."""
    local = timezone.localtime(now)
    after = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) - datetime.timedelta(days=days - 1)
    return timezone.make_aware(after, local.tzinfo)


def left_out(filters: Filters, build: Build, *told: object) -> list[tuple[str, int, Decimal]]:
    """`other_currencies` of the deals that `build` makes of the filters."""
    return summed(filters, LEFT_OUT, _uncounted, build, *told)


def _uncounted(filters: Filters, build: Build, *told: object) -> QuerySet:
    return uncountable(with_value(build(filters, *told), filters.day)).order_by().values("currency", "amount")


def open_book(filters: Filters) -> Book:
    """The figures of the open deals in the filters, in the company's currency.

    One pass over the deals with GROUPING SETS, so that every table comes from the same rows and its
    lines add up to the same total.
    """
    now, book = filters.now, Book()
    since = {f"age_{key}": age_from(days, now) for key, _, days in AGES[1:]}
    period = filters.period or quarter_of(filters.day)
    sets = [
        (lambda r: r[0], book.by_stage),
        (lambda r: (r[1], r[2]), book.by_owner),
        (lambda r: r[3], book.by_team),
        (lambda r: r[4], book.by_se),
        (lambda r: r[5], book.by_age),
        (lambda r: r[6], book.by_due),
    ]
    for row in summed(filters, BOOK, _open_rows, first=period.start, last=period.end, **since):
        which, count, amount, weighted = row[7:]
        if which == len(sets):
            book.total = Line(None, count, amount, weighted)
        else:
            key_of, lines = sets[which]
            lines.append(Line(key_of(row), count, amount, weighted))
    return book


def _open_rows(filters: Filters) -> QuerySet:
    deals = with_weighted(in_company_currency(filters.open_deals(), filters.day), filters.day)
    return deals.order_by().values(
        "stage_id", "owner_id", "owner_name", "team_id", "se_id", "created_at", "close_date", "value", "weighted"
    )
