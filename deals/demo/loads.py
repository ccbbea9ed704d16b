"""Load that wants balancing: one SE with more than fits, one away with deals in hand, vacations ahead."""

import datetime
from itertools import chain

from deals.actions import queue
from deals.demo.clock import at, days_ago
from deals.loads import room_of
from deals.models import Opportunity
from people.actions.absences import add_absence
from people.models import User

# login, first and last day away, counted from today; who has been told when, so many days ago.
AWAY = [("se5", -3, 8, 40), ("se", 24, 35, 12), ("ae2", -60, -47, 90), ("se3", 10, 12, 5)]
GIVEN_TO_AWAY = 2
LASTS = 9
"""A deal touched this many days ago at most changes hands without a change to its story."""


def tell(people: dict[str, User]) -> None:
    """Some of the first two SEs' deals go to those who have joined the team since."""
    for login, first, last, told in AWAY:
        today = people[login].today
        with at(days_ago(told)):
            add_absence(
                people[login], people[login],
                starts_on=today + datetime.timedelta(days=first), ends_on=today + datetime.timedelta(days=last),
            )  # fmt: skip
    boss, busy, away = people["manager"], people["se4"], people["se5"]
    deals = list(
        Opportunity.objects.open()
        .filter(se__in=[people["se"], people["se2"]], last_activity_at__gt=days_ago(LASTS))
        .select_related("stage")
        .order_by("-stage__load_weight", "pk")
    )
    for deal in chain(deals[-GIVEN_TO_AWAY:], deals[:-GIVEN_TO_AWAY]):
        given = Opportunity.objects.filter(se=away).count()
        se = away if given < GIVEN_TO_AWAY else busy
        if room_of(se).is_over:
            break
        with at(deal.last_activity_at):
            queue.assign_se(
                boss, deal, se, reason="You know this industry; take it over.", beyond_capacity=True, while_away=True
            )
    for login, capacity in (("se", 12), ("se2", 10)):
        people[login].capacity = capacity
        people[login].save(update_fields=["capacity"])
