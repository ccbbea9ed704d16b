"""The POCs of the demo's deals: agreed, run and decided, waived by some customers, running or overdue in others."""

import datetime

from deals.actions import poc_links, poc_states, pocs
from deals.charter import below_charter
from deals.demo.clock import at, days_ago
from deals.demo.technical import dice_of, technical_buyer
from deals.models import (
    Opportunity,
    Poc,
    PocCriterion,
    PocState,
    PocStep,
    Stakeholder,
)
from people.models import User

DAY = datetime.timedelta(days=1)
# What has to hold, how it is measured, the target, and what came out.
CRITERIA = [
    ("Orders are in the warehouse while the day runs", "Time from booking to table, over five working days",
     "95 of 100 within five minutes", "97 of 100; the slowest took seven minutes"),
    ("A failed load is seen before the planners come in", "We break the source on three nights they choose",
     "Alert within ten minutes, three of three", "Three of three, the slowest after four minutes"),
    ("Their team changes a field without us", "Two of their engineers, one new field, a stop watch",
     "Under half a day, nobody of ours in the room", "Three hours, with one look into the documentation"),
    ("Sign-on follows their directory", "Ten accounts moved between groups",
     "Rights changed within an hour for all ten", "All ten within twenty minutes"),
    ("A year of history loads over a weekend", "Their own archive, from Friday evening on",
     "Done and reconciled by Monday, six o'clock", "Done on Sunday at three; two tables reconciled by hand"),
]  # fmt: skip
FELL_SHORT = "Rights of four accounts came only after a restart; two have never come"
# What is done, whose turn, who does it, on which part of the way, and whether it is ours alone.
STEPS = [
    ("Access to the test system and a month of their data", "theirs", "Data platform team", 0.0, False),
    ("Install, connect and load", "ours", "Solutions engineering", 0.12, False),
    ("Clone the environment for a second try", "ours", "", 0.2, True),
    ("Kick-off with everybody who will judge it", "theirs", "Project lead", 0.1, False),
    ("Review at half time: what holds, what does not", "ours", "Both teams", 0.5, False),
    ("The three nights on which they break the source", "theirs", "Operations", 0.65, False),
    ("Results together, criterion by criterion", "ours", "Both teams", 0.9, False),
    ("Decision of the review board", "theirs", "Review board", 1.0, False),
]
SCOPE = (
    "Order data of one plant, from the ERP to the warehouse, on their own test system.\n"
    "Not part of it: the archive before last year, and the reports themselves."
)
WAIVED = [
    "Two of their people ran it for three years where they worked before; a reference call was enough for their board.",
    "Their board counts the pilot of their sister company, with the same systems and the same auditors.",
]


def conclude(deal: Opportunity, se: User, begin: datetime.datetime, end: datetime.datetime, *, passed: bool) -> None:
    """Between `begin` and `end` a POC is agreed, run and decided; every fifth customer waives it."""
    judge = technical_buyer(deal, se, begin)
    if passed and dice_of(deal).random() < 0.2:
        with at(begin + (end - begin) / 2):
            day = (begin + (end - begin) / 2).date()
            poc_states.waive_poc(se, deal, judge, day, reason=dice_of(deal).choice(WAIVED))
        return
    poc = _run(deal, se, judge, begin, end, days=max((end - begin).days, 1))
    _results(poc, se, begin + (end - begin) * 0.9, short=not passed)
    with at(end):
        note = "Better than asked in two of them." if passed else "Sign-on did not follow their directory in time."
        state = PocState.PASSED if passed else PocState.FAILED
        poc_states.finish_poc(se, poc, state, end.date(), note)
        for step in poc.steps.filter(done_on=None):
            PocStep.objects.filter(pk=step.pk).update(done_on=min(max(step.due_on, poc.started_on), end.date()))
        poc = Poc.objects.get(pk=poc.pk)
        poc.days_spent = dice_of(deal).choice([6, 7.5, 8, 10])
        pocs.keep_effort(se, poc, poc.version)


def keep_running(deal: Opportunity, se: User, *, overdue: bool) -> None:
    """A POC that runs today: in its third week, or a week beyond its last day."""
    days, age = (21, 28) if overdue else (30, 17)
    last = deal.last_activity_at
    begin = days_ago(age + 3)
    poc = _run(deal, se, technical_buyer(deal, se, begin), begin, days_ago(age), days=days)
    _results(poc, se, days_ago(2), only=3 if overdue else 2)
    for step in poc.steps.filter(due_on__lt=days_ago(1).date()).order_by("due_on")[: 5 if overdue else 4]:
        with at(days_ago(3)):
            pocs.tick_step(se, step, done=True)
    poc = Poc.objects.get(pk=poc.pk)
    poc.days_spent = 11 if overdue else 4
    with at(days_ago(2)):
        pocs.keep_effort(se, poc, poc.version)
        link, _ = poc_links.share_poc(se, poc, "Their project lead", 30, shows_names=True)
    with at(days_ago(1)):
        poc_links.opened(link)
    # The story of the deal says when it was touched last.
    Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=max(last, deal.last_activity_at))


def _run(
    deal: Opportunity, se: User, judge: Stakeholder, begin: datetime.datetime, end: datetime.datetime, *, days: int
) -> Poc:  # fmt: skip
    """Proposed at `begin`, agreed and started on the way to `end`."""
    way = end - begin
    start = begin + way * 0.2
    first = start.date()
    poc = Poc(
        title=f"Proof of concept: {deal.name.partition(': ')[2] or deal.name}"[:160], scope=SCOPE, owner=se,
        starts_on=first, ends_on=first + days * DAY, days_planned=8,
    )  # fmt: skip
    with at(begin):
        deal.refresh_from_db()
        reason = "Their board meets before the budget is signed; the test system is free now."
        reason = reason if below_charter(deal) else ""
        pocs.propose_poc(se, deal, poc, reason=reason)
        for text, measure, target, _ in CRITERIA[dice_of(deal).randint(0, 1) :]:
            criterion = pocs.add_criterion(se, poc, PocCriterion(text=text, measure=measure, target=target))
            if "Sign-on" in text:
                pocs.link_requirements(se, criterion, deal.requirements.filter(text__icontains="sign-on"))
        for text, side, who, part, internal in STEPS:
            due = first + datetime.timedelta(days=round(part * days))
            pocs.add_step(se, poc, PocStep(text=text, side=side, who=who, due_on=due, is_internal=internal))
    with at(begin + way * 0.15):
        how = "By mail, with their criteria attached; two targets are theirs."
        poc_states.agree_poc(se, poc, judge, (begin + way * 0.15).date(), how)
    with at(start):
        reason = "Begun in the week that was agreed; the rest is being confirmed."
        poc_states.start_poc(se, poc, first, charter=reason)
    return Poc.objects.get(pk=poc.pk)


def _results(poc: Poc, se: User, moment: datetime.datetime, *, only: int = 99, short: bool = False) -> None:
    """What came out: of the first `only` criteria, and short of the target where it is about sign-on."""
    found = {text: result for text, _, _, result in CRITERIA}
    for criterion in poc.criteria.all()[:only]:
        fails = short and "Sign-on" in criterion.text
        criterion.result, criterion.met = FELL_SHORT if fails else found[criterion.text], not fails
        criterion.evidence = "The log of that week, and the protocol of the review with both signatures."
        criterion.evidence_on, criterion.evidence_by = moment.date(), "Their operations lead"
        criterion.evidence_shared = "Sign-on" in criterion.text
        with at(moment):
            pocs.record_result(se, criterion, criterion.version)
