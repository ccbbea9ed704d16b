"""Objectives with key results: two for each team, some of people, one of the company; checked in as weeks went by."""

import datetime

from django.utils import timezone

from deals.actions import objectives as actions
from deals.demo.clock import at
from deals.models import CheckIn, KeyResult, Objective
from deals.models.objectives import last_day
from people.models import Team, User
from presales.quarters import quarter_start, shifted

# (figure or "", words, unit, start, target)
CRITERIA = [
    ("technical_win_rate", "Technical win rate to 80 %", "", 60, 80),
    ("poc_conversion", "Two of three POCs become a deal", "", 45, 66),
    ("", "Evaluations that start with agreed criteria", "%", 40, 90),
]
PAIRED = [
    ("huddle_rate", "A huddle before four of five meetings", "", 50, 80),
    ("debrief_rate", "Both write a debrief after seven of ten meetings", "", 40, 70),
    ("time_to_claim", "A claim within a working day", "", 24, 8),
]
CLEAN = [
    ("new_opportunities", "Thirty new opportunities", "", 0, 30),
    ("win_rate", "Win rate to 60 %", "", 48, 60),
    ("", "Deals without a next step", "deals", 12, 0),
]
REFERENCES = [
    ("", "Customers who agreed to be named", "customers", 1, 5),
    ("won_value", "Won in the quarter", "", 0, 500_000),
]
CHAMPIONS = [("", "Large deals with two champions", "deals", 1, 6)]
OWN_DATA = [
    ("", "Demos with the customer's data", "%", 35, 80),
    ("poc_conversion", "POCs that become a deal", "", 50, 70),
]
QUICKER = [("days_to_win", "Days from created to won", "", 120, 90)]
# login: (sentence, key results, whether the manager has agreed)
OWN = {
    "ae": ("Every deal of mine above 100K has two champions", CHAMPIONS, True),
    "se": ("Customers see their own data in every demo", OWN_DATA, True),
    "ae2": ("No deal of mine waits longer than two weeks", QUICKER, False),
}
EVIDENCE = ["List of the weekly review", "Report of the last Friday", "Counted on the board with the team"]
SHARES = [0.2, 0.45, 0.6]


def tell(people: dict[str, User]) -> None:
    """This quarter's, and one of the last that is over."""
    this = quarter_start(timezone.localdate())
    for login in ("manager", "manager2"):
        manager = people[login]
        team = manager.teams.first()
        _objective(manager, this, "Evaluations are won before they start", CRITERIA, team=team)
        _objective(manager, this, "Pairs work as pairs", PAIRED, team=team)
    west = people["manager"].teams.first()
    _objective(people["manager"], shifted(this, -1), "The pipeline is clean and grows", CLEAN, team=west)
    _objective(people["admin"], this, "Customers speak for us", REFERENCES)
    for login, (sentence, results, agreed) in OWN.items():
        _objective(people[login], this, sentence, results, user=people[login], agreed=agreed, by=people["manager"])


def _objective(
    writer: User, quarter: datetime.date, sentence: str, results: list, *, team: Team | None = None,
    user: User | None = None, agreed: bool = True, by: User | None = None,
) -> None:  # fmt: skip
    start = datetime.datetime.combine(quarter, datetime.time(9), datetime.UTC) + datetime.timedelta(days=1)
    if start > timezone.now():
        start = timezone.now() - datetime.timedelta(minutes=5)
    with at(start):
        made = actions.propose_objective(
            writer,
            Objective(
                team=team, user=user, owner=user or writer, quarter=quarter, deadline=last_day(quarter),
                sentence=sentence,
            ),
        )  # fmt: skip
        kept = [
            actions.add_key_result(
                writer, KeyResult(objective=made, figure=figure, text=text, unit=unit, start=first, target=target)
            )
            for figure, text, unit, first, target in results
        ]
        if agreed:
            actions.agree_objective(by or writer, made)
    for result in kept if agreed else []:
        if not result.figure:
            _check_in(made, result, start)


def _check_in(objective: Objective, result: KeyResult, start: datetime.datetime) -> None:
    for weeks, share, evidence in zip((3, 6, 10), SHARES, EVIDENCE, strict=True):
        moment = start + datetime.timedelta(weeks=weeks)
        if moment > timezone.now():
            return
        value = round(float(result.start) + share * float(result.target - result.start))
        with at(moment):
            actions.check_in(
                objective.owner, CheckIn(key_result=result, value=value, on=moment.date(), evidence=evidence)
            )
