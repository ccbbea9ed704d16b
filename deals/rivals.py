"""How deals end against each competitor. A deal counts where it was named, or where the deal was lost to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower

from deals.models import Competitor, Opportunity, Rival
from people.models import User

# Names are compared as the database's own constraints do, which know no two competitors of one name on a deal.
NAMED = """
SELECT lower(name) AS key, name, opportunity_id FROM deals_competitor {of}
UNION
SELECT lower(lost_to), lost_to, id FROM deals_opportunity WHERE lost_to <> '' {lost_to}
"""
COUNTED = """
SELECT key, min(name), count(DISTINCT deal.id) FILTER (WHERE outcome = 'won'),
       count(DISTINCT deal.id) FILTER (WHERE outcome = 'lost'), count(DISTINCT deal.id) FILTER (WHERE outcome = 'open')
  FROM ({named}) AS named JOIN ({deals}) AS deal ON deal.id = named.opportunity_id
"""


@dataclass(frozen=True)
class Against:
    """How the deals stand in which one competitor was named."""

    name: str = ""
    won: int = 0
    lost: int = 0
    open: int = 0

    @property
    def win_rate(self) -> Decimal | None:
        """Won ÷ (won + lost) in percent, one decimal; None where nothing was decided."""
        decided = self.won + self.lost
        return (Decimal(100 * self.won) / decided).quantize(Decimal("0.1"), ROUND_HALF_UP) if decided else None

    @property
    def deals(self) -> int:
        """Won, lost and open together."""
        return self.won + self.lost + self.open


def against(user: User, rivals: Iterable[Rival]) -> dict[int, Against]:
    """How the deals that `user` sees stand against each of `rivals`, by its key; one query."""
    keys = dict(Rival.objects.filter(pk__in=[rival.pk for rival in rivals]).values_list(Lower("name"), "pk"))
    if not keys:
        return {}
    wanted = list(keys)
    named = NAMED.format(of="WHERE lower(name) = ANY(%s)", lost_to="AND lower(lost_to) = ANY(%s)")
    found = _counted(user, named, [wanted, wanted], "GROUP BY key", [])
    return {pk: found.get(key, Against()) for key, pk in keys.items()}


def without_page(user: User, limit: int = 10) -> list[Against]:
    """Competitors named on deals that `user` sees of whom the directory knows nothing, the most frequent first."""
    unknown = (
        "WHERE NOT EXISTS (SELECT FROM deals_rival WHERE lower(deals_rival.name) = key) "
        "GROUP BY key ORDER BY count(DISTINCT deal.id) DESC, key LIMIT %s"
    )
    return list(_counted(user, NAMED.format(of="", lost_to=""), [], unknown, [limit]).values())


def _counted(user: User, named: str, first: list, rest: str, last: list) -> dict[str, Against]:
    visible = Opportunity.objects.visible_to(user).order_by().values("id", "outcome")
    try:
        deals, parameters = visible.query.sql_with_params()
    except EmptyResultSet:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"{COUNTED.format(named=named, deals=deals)} {rest}", [*first, *parameters, *last])
        return {key: Against(name, won, lost, still) for key, name, won, lost, still in cursor.fetchall()}


def deals_against(user: User, rival: Rival) -> QuerySet:
    """The deals that `user` sees in which `rival` was named, or that were lost to it."""
    key = Lower(Value(rival.name))
    named = Competitor.objects.alias(key=Lower("name")).filter(opportunity=OuterRef("pk"), key=key)
    return Opportunity.objects.visible_to(user).alias(lost_key=Lower("lost_to")).filter(
        Q(Exists(named)) | Q(lost_key=key)
    )  # fmt: skip
