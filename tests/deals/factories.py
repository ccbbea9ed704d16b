"""Rows of the deals room."""

import datetime

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from deals.models import (
    Attendee,
    Demo,
    DemoPart,
    EnvironmentAnswer,
    EnvironmentQuestion,
    EnvironmentTopic,
    KeyResult,
    LibraryItem,
    Meeting,
    Objective,
    Opportunity,
    Pipeline,
    Poc,
    PocCriterion,
    PocStep,
    Proposal,
    ProposalLine,
    ProposalSection,
    QueueEntry,
    Requirement,
    SectionKind,
    SolutionDesign,
    Stakeholder,
)
from deals.models.objectives import last_day
from deals.models.proposals import UNSENT
from deals.seeds import seed_pipeline
from presales.quarters import quarter_start
from tests.factories import CompanyFactory, UserFactory
from tests.qualification.factories import DossierFactory


def pipeline():
    seed_pipeline()
    return Pipeline.objects.get(is_default=True)


def stage(slug):
    return pipeline().stages.get(slug=slug)


class OpportunityFactory(DjangoModelFactory):
    class Meta:
        model = Opportunity

    name = factory.Sequence(lambda n: f"Deal {n}")
    company = factory.SubFactory(CompanyFactory)
    dossier = factory.SubFactory(DossierFactory)
    pipeline = factory.LazyFunction(pipeline)
    stage = factory.LazyFunction(lambda: stage("qualification"))
    amount = 60000
    compelling_event = "Their present contract ends"


def waiting(opportunity, **fields):
    return QueueEntry.objects.create(opportunity=opportunity, **fields)


class StakeholderFactory(DjangoModelFactory):
    class Meta:
        model = Stakeholder

    opportunity = factory.SubFactory(OpportunityFactory)
    name = factory.Sequence(lambda n: f"Stakeholder {n}")
    role = "champion"


class RequirementFactory(DjangoModelFactory):
    class Meta:
        model = Requirement

    opportunity = factory.SubFactory(OpportunityFactory)
    text = factory.Sequence(lambda n: f"Requirement {n}")
    order = factory.Sequence(lambda n: n % 30000)


class BankQuestionFactory(DjangoModelFactory):
    class Meta:
        model = EnvironmentQuestion

    topic = factory.LazyFunction(
        lambda: EnvironmentTopic.objects.first() or EnvironmentTopic.objects.create(name="Systems")
    )
    text = factory.Sequence(lambda n: f"Question {n}?")


class EnvironmentAnswerFactory(DjangoModelFactory):
    class Meta:
        model = EnvironmentAnswer

    company = factory.SubFactory(CompanyFactory)
    question = factory.SubFactory(BankQuestionFactory)
    text = "Oracle 19c"
    said_by = "Their DBA"
    said_on = factory.LazyFunction(timezone.localdate)


class DesignFactory(DjangoModelFactory):
    class Meta:
        model = SolutionDesign

    opportunity = factory.SubFactory(OpportunityFactory)
    text = "One hub between the ERP and the shop."


class DemoFactory(DjangoModelFactory):
    class Meta:
        model = Demo

    opportunity = factory.SubFactory(OpportunityFactory)
    title = factory.Sequence(lambda n: f"Demo {n}")
    held_on = factory.LazyFunction(timezone.localdate)


class DemoPartFactory(DjangoModelFactory):
    class Meta:
        model = DemoPart

    demo = factory.SubFactory(DemoFactory)
    what = factory.Sequence(lambda n: f"Part {n}")


class LibraryItemFactory(DjangoModelFactory):
    class Meta:
        model = LibraryItem

    title = factory.Sequence(lambda n: f"Item {n}")
    script = "Open it. Show it."


class MeetingFactory(DjangoModelFactory):
    """A meeting that begins in `hours` (negative: began so many hours ago)."""

    class Meta:
        model = Meeting

    class Params:
        hours = 48

    opportunity = factory.SubFactory(OpportunityFactory)
    kind = "demo"
    objective = "They see their own case"
    minutes = 45
    starts_at = factory.LazyAttribute(lambda row: timezone.now() + datetime.timedelta(hours=row.hours))
    ends_at = factory.LazyAttribute(lambda row: row.starts_at + datetime.timedelta(minutes=row.minutes))


class AttendeeFactory(DjangoModelFactory):
    class Meta:
        model = Attendee

    meeting = factory.SubFactory(MeetingFactory)
    name = factory.Maybe("user", "", factory.Sequence(lambda n: f"Attendee {n}"))
    user = None
    is_confirmed = True


def proposal_of(opportunity, state="draft", lines=(), **fields):
    """A version of a deal's proposal that stands in `state`, with texts and one line unless `lines` says otherwise."""
    today = timezone.localdate()
    known = {"title": "Proposal", "customer": "Acme", "currency": opportunity.currency, "number": 1}
    known |= {"valid_until": today + datetime.timedelta(days=30)}
    then = {"state": state}
    if state not in UNSENT:
        then |= {"sent_on": today, "sent_to": "Lena Brandt"}
    if state in ("accepted", "declined"):
        then |= {"answered_on": today, "answered_by": "Lena Brandt"}
    if state == "approved":
        then |= {"decided_at": timezone.now(), "decision_reason": "A door opener"}
    made = Proposal.objects.create(opportunity=opportunity, **known | fields)
    for kind in SectionKind:
        ProposalSection.objects.create(proposal=made, kind=kind, text=f"The {kind.value} of it.")
    for order, line in enumerate(lines or [{"description": "Licence", "unit_price": 60000}]):
        ProposalLine.objects.create(proposal=made, order=order, **line)
    Proposal.objects.filter(pk=made.pk).update(**then)
    return Proposal.objects.get(pk=made.pk)


def poc_of(opportunity, state="proposed", criteria=1, **fields):
    """A POC of a deal that stands in `state`, with so many criteria (judged where it is decided) and one step."""
    today = timezone.localdate()
    known = {"number": 1, "title": "Live orders", "scope": "One plant", "owner": opportunity.se or UserFactory()}
    known |= {"starts_on": today, "ends_on": today + datetime.timedelta(days=30)}
    then = {"state": state}
    if state in ("agreed", "running", "passed", "failed"):
        then |= {"agreed_on": today, "agreed_name": "Kim Doe", "agreements": 1}
    if state in ("running", "passed", "failed"):
        then |= {"started_on": today}
    if state in ("passed", "failed", "abandoned"):
        then |= {"ended_on": today, "outcome_note": "By their protocol"}
    then |= {name: fields.pop(name) for name in list(fields) if name in then or name.endswith("_reason")}
    made = Poc.objects.create(opportunity=opportunity, **known | fields)
    for number in range(criteria):
        decided = {"result": "98", "met": state == "passed"} if state in ("passed", "failed") else {}
        PocCriterion.objects.create(
            poc=made, order=number, text=f"Criterion {number}", measure="Counted", target="95 of 100", **decided
        )
    PocStep.objects.create(poc=made, text="Kick-off", side="theirs", due_on=today)
    Poc.objects.filter(pk=made.pk).update(**then)
    return Poc.objects.get(pk=made.pk)


def objective_of(user=None, team=None, state="agreed", owner=None, results=(), **fields):
    """An objective of this quarter, its key results as `(figure, start, target)`; kept by hand where there is none."""
    quarter = fields.pop("quarter", None) or quarter_start(timezone.localdate())
    made = Objective.objects.create(
        user=user, team=team, owner=user or owner, quarter=quarter, state=state,
        deadline=fields.pop("deadline", None) or last_day(quarter),
        sentence=fields.pop("sentence", "Every evaluation starts with agreed criteria"), **fields,
    )  # fmt: skip
    for place, (figure, start, target) in enumerate(results, 1):
        KeyResult.objects.create(
            objective=made, place=place, text=f"Result {place}", figure=figure, start=start, target=target
        )
    return made
