"""Meetings of the open deals and of some leads: one that may become an ambush, well prepared ones, and past ones,
remembered or not."""

import datetime

from deals.actions import debriefs
from deals.actions import meetings as actions
from deals.actions.debriefs import Found
from deals.demo.clock import at, days_ago
from deals.models import Attendee, Debrief, HuddleItem, Meeting, Opportunity
from leads.models import Lead, LeadStage
from people.models import Role, User
from qualification.models import Criterion

# Days ago, kind, huddle held, AE debriefed, SE debriefed.
PAST = [
    (3, "discovery", False, False, False),
    (5, "technical", True, True, True),
    (6, "demo", True, True, True),
    (8, "demo", True, True, False),
    (9, "discovery", False, False, True),
    (12, "technical", True, True, True),
    (18, "demo", False, False, False),
    (22, "poc_review", True, True, True),
]
OBJECTIVES = {
    "discovery": "Learn what the delays cost them in a month",
    "technical": "See the interfaces on their own screens",
    "demo": "Their planners see their own orders run through",
    "poc_review": "Agree on the result of each success criterion",
    "executive": "The COO says what would make this a yes",
}
AGENDA = "Introductions and what you want from today\nYour case, step by step\nQuestions\nWhat comes next"
NOTES = {
    HuddleItem.PROSPECT: "They open a second warehouse in spring",
    HuddleItem.SCREEN: "The SE, from the customer's own data",
    HuddleItem.OPENING: "The AE, on what has changed since the last call",
}


def tell() -> None:
    """Plan, hold and remember meetings of deals that are worked on."""
    deals = Opportunity.objects.open().exclude(owner=None).exclude(se=None).select_related("owner", "se", "lead")
    busy = list(deals.filter(last_activity_at__gt=days_ago(9)).order_by("team__name", "pk"))
    touched = {deal.pk: deal.last_activity_at for deal in busy}
    if busy:
        _plan(busy[0], "demo", _next_hour(), days_ago(2), agenda=AGENDA)
        _prepared(busy[-1], "executive", 26)
        _prepared(busy[1 % len(busy)], "demo", 52)
    for number, (days, *past) in enumerate(PAST):
        if busy:
            _held(busy[(number + 1) % len(busy)], _at_hour(days_ago(days), 15), *past)
    for pk, moment in touched.items():  # the story of each deal says when it was last touched
        Opportunity.objects.filter(pk=pk).update(last_activity_at=moment)


def tell_of_leads() -> None:
    """First calls with leads: one held and remembered, one tomorrow with an SE, one next week."""
    own = Lead.objects.unmerged().filter(stage__in=[LeadStage.SAL, LeadStage.SQL], owner__role=Role.AE)
    leads = list(own.exclude(dossier=None).select_related("owner", "team").order_by("team__name", "pk")[:12])
    for number, lead in enumerate(leads[::2]):
        se = lead.team and lead.team.members.filter(role=Role.SE, is_active=True).order_by("pk").first()
        if number % 3 == 0:
            _first_call(lead, None, _at_hour(days_ago(2), 14), held=True)
        else:
            _first_call(lead, se, _next_hour() if number % 3 == 1 else _at_hour(days_ago(-6), 14))


def _first_call(lead: Lead, se: User | None, start: datetime.datetime, *, held: bool = False) -> None:
    meeting = Meeting(
        kind="discovery", starts_at=start, minutes=30, objective=OBJECTIVES["discovery"], driver=lead.owner,
        commercial_by=lead.owner, notes_by=se, place="https://meet.example/presales", agenda=AGENDA if held else "",
        agenda_confirmed=held, call_to_action="A session with those who plan the orders",
    )  # fmt: skip
    with at(min(start, days_ago(0)) - datetime.timedelta(days=1)):
        actions.plan_meeting(lead.owner, lead, meeting, ours=[user for user in (lead.owner, se) if user], theirs=[lead])
        if held:
            _confirm(meeting, lead.owner)
            _huddle(meeting, [lead.owner, lead.owner])
    if held:
        with at(start + datetime.timedelta(hours=2)):
            debriefs.write_debrief(
                lead.owner, meeting,
                Debrief(missed="Who else they are talking to; I asked too late.", real_pain="partly", context=4,
                        next_step_agreed=True, next_step="Their planners join the next call"),
            )  # fmt: skip


def _at_hour(day: datetime.datetime, hour: int) -> datetime.datetime:
    """That hour (UTC) of the day: office hours on both sides of the Atlantic."""
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def _plan(
    deal: Opportunity, kind: str, start: datetime.datetime, planned: datetime.datetime, **fields: object
) -> Meeting:
    meeting = Meeting(
        kind=kind, starts_at=start, minutes=60 if kind == "demo" else 45, objective=OBJECTIVES[kind], driver=deal.owner,
        commercial_by=deal.owner, notes_by=deal.se, place="https://meet.example/presales", **fields,
    )  # fmt: skip
    with at(planned):
        actions.plan_meeting(deal.owner, deal, meeting, ours=[deal.owner, deal.se])
        name, title = (deal.lead.name, deal.lead.job_title) if deal.lead else ("Their operations lead", "")
        actions.add_attendee(deal.owner, meeting, Attendee(name=name, job_title=title))
    return meeting


def _next_hour() -> datetime.datetime:
    """The next of two hours of the day, which is less than a day away whenever the demo is loaded."""
    first = days_ago(-1 / 24)
    hours = [_at_hour(first + datetime.timedelta(days=day), hour) for day in (0, 1) for hour in (15, 18)]
    return min(hour for hour in hours if hour >= first)


def _confirm(meeting: Meeting, actor: User) -> None:
    for person in meeting.attendees.filter(is_confirmed=False):
        actions.confirm_attendee(actor, person, confirmed=True)


def _huddle(meeting: Meeting, people: list[User]) -> None:
    for number, item in enumerate(HuddleItem):
        debriefs.tick_huddle(people[number % 2], meeting, item, note=NOTES.get(item, ""))


def _prepared(deal: Opportunity, kind: str, hours: float) -> None:
    meeting = _plan(
        deal, kind, _at_hour(days_ago(-hours / 24), 15), days_ago(3), agenda=AGENDA, agenda_confirmed=True,
        call_to_action="A date for the decision in their calendar",
    )  # fmt: skip
    with at(days_ago(0.2)):
        _confirm(meeting, deal.owner)
        _huddle(meeting, [deal.owner, deal.se])


def hold_demo(deal: Opportunity, before: datetime.datetime) -> None:
    """The demo that a deal's stage wants, on the day before, with all that belongs to it."""
    _held(deal, _at_hour(before - datetime.timedelta(days=1), 13), "demo", True, True, True)


def _held(
    deal: Opportunity, start: datetime.datetime, kind: str, huddle: bool, by_ae: bool, by_se: bool
) -> None:  # fmt: skip
    meeting = _plan(
        deal, kind, start, start - datetime.timedelta(days=2), agenda=AGENDA, agenda_confirmed=True,
        call_to_action="The next session with their architects",
    )  # fmt: skip
    with at(start - datetime.timedelta(hours=4)):
        _confirm(meeting, deal.owner)
        if huddle:
            _huddle(meeting, [deal.se, deal.owner])
    if by_ae:
        with at(start + datetime.timedelta(hours=3)):
            debriefs.write_debrief(
                deal.owner, meeting,
                Debrief(missed="Nobody asked who else signs above the budget holder.", real_pain="yes", context=4,
                        next_step_agreed=True, next_step="Workshop with their architects"),
            )  # fmt: skip
    if by_se:
        need = Criterion.objects.filter(framework=deal.dossier.framework_id, key="need").first()
        known = deal.dossier.evidence.current().filter(criterion=need).first() if need else None
        found = None
        if known and known.level > 0 and known.observed_on < start.date():
            found = Found(need, known.level, "Their night shift re-keys every late order by hand.", known.source_person)
        with at(start + datetime.timedelta(hours=5)):
            debriefs.write_debrief(
                deal.se, meeting,
                Debrief(missed="How their test data gets in; I had to guess the format.", real_pain="partly", context=3,
                        next_step_agreed=True, next_step="Workshop with their architects"),
                found,
            )  # fmt: skip
