"""Whose lane is what: every field of a deal and of what belongs to it × every persona, by page and by direct POST.

A row of LANES is a record that a form edits: its address, who may, what to send, and what the form may never touch.
Whatever a row does not name is sent all the same, with another value, and stays as it was. A new field, or a new
model that belongs to a deal, fails until a row, ACTED or ELSEWHERE says whose it is.
"""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deals.models import (
    Claim,
    ClosingStep,
    Competitor,
    Debrief,
    Demo,
    Meeting,
    Opportunity,
    Poc,
    PocCriterion,
    PocStep,
    Requirement,
    SolutionDesign,
    Stakeholder,
    TechnicalWin,
)
from tests.deals.factories import OpportunityFactory, poc_of, stage
from tests.permissions.world import PERSONAS, build

COMMERCIAL = {"owner", "manager", "admin"}
TECHNICAL = {"se", "manager", "admin"}
PAIR = COMMERCIAL | TECHNICAL
DAY = datetime.date(2027, 5, 4)


@dataclass
class Row:
    """One form on one record."""

    model: type[models.Model]
    name: str  # of the address
    may: set[str]
    send: dict[str, object]  # field: another value than the record has
    never: set[str]  # fields that no form of the record's takes
    says: str = ""  # how the deal's page tells whoever may not
    page: str = "deals:opportunity"
    about: dict[str, object] = field(default_factory=dict)  # which record, where the world has several
    besides: frozenset[str] = frozenset()  # what the form asks that is no field of the record
    of_deal: bool = False  # the address is the deal's, not the record's own

    def record(self, world):
        if self.model is Opportunity:
            return world.deal
        return self.model.objects.get(**self.about) if self.about else self.model.objects.order_by("pk").first()


LANES = [
    Row(
        Opportunity, "deals:edit_opportunity", COMMERCIAL,
        {
            "name": "Another name", "type": "expansion", "product": "Flow", "amount": "72000.50", "currency": "EUR",
            "term_months": 36, "one_off": "500.00", "claimed_probability": 33, "forecast_category": "commit",
            "close_date": DAY, "compelling_event": "The plant opens", "compelling_event_on": DAY,
            "next_step": "Call the CFO", "next_step_on": DAY, "next_step_owner": "owner", "needed_skills": "Kafka",
        },
        {
            "company", "lead", "dossier", "source", "pipeline", "stage", "outcome", "stage_since", "owner",
            "owner_name", "se", "team", "close_date_pushes", "created_at", "last_activity_at", "closed_on",
            "lost_reason", "lost_to", "no_go_reason", "import_batch", "external_source", "external_id",
            # Custom fields have a lane each, and pages of their own.
            "custom",
        },
        says="AE's lane",
    ),
    Row(
        Stakeholder, "deals:edit_stakeholder", PAIR,
        {
            "name": "Marta Ruiz", "job_title": "CFO", "email": "marta@acme.example", "role": "economic_buyer",
            "influence": "high", "stance": "against", "known_by": "owner", "is_both": True, "note": "Signs",
        },
        {"opportunity", "created_at"},
    ),
    Row(
        Competitor, "deals:edit_competitor", COMMERCIAL,
        {"name": "Mergeform", "status": "ahead", "note": "Cheaper"}, {"opportunity"},
        says="AE's lane",
    ),
    Row(
        ClosingStep, "deals:edit_closing_step", COMMERCIAL,
        {
            "what": "Their remarks", "kind": "legal", "side": "theirs", "owner": "owner", "contact": "Their counsel",
            "due_on": DAY,
        },
        # That one is done is said by a button. A step of theirs is nobody's of us, whoever was sent along.
        {"opportunity", "done_at", "done_by", "created_by", "created_at"},
        says="The AE's lane", page="deals:closing_steps",
    ),
    Row(
        Requirement, "deals:edit_requirement", TECHNICAL,
        {"text": "Audit log", "importance": "could", "fit": "gap", "asked_by": "stakeholder", "note": "Theirs",
         "work": "A connector", "work_days": "2.5"},
        # On which gap it waits is said on a page of its own.
        {"opportunity", "order", "created_at", "gap"}, says="Technical lane", page="deals:requirements",
    ),
    Row(
        Demo, "deals:edit_demo", TECHNICAL,
        {
            "title": "Their own orders", "held_on": datetime.date(2026, 1, 5), "environment": "Their test system",
            "meeting": "meeting", "outcome": "convinced", "note": "They asked for the price",
        },
        {"opportunity", "recorded_by", "created_at"}, says="Technical lane", page="deals:demos",
    ),
    Row(
        SolutionDesign, "deals:edit_design", TECHNICAL,
        {"text": "A hub, and a queue before it", "links": "https://drawings.example/1 Data flow"},
        # What has changed is told to the next version, and who wrote it and when follow.
        {"opportunity", "note", "author", "saved_at"},
        says="Technical lane", page="deals:design", of_deal=True, besides=frozenset({"what_changed"}),
    ),
    Row(
        TechnicalWin, "deals:record_technical_win", TECHNICAL,
        {
            "state": "won", "decided_on": datetime.date(2026, 1, 5), "signed_off_by": "stakeholder",
            "against": "competitor", "satisfaction": 4, "note": "They wrote it",
        },
        # The names follow those who are chosen.
        {"opportunity", "recorded_by", "recorded_at", "signed_off_name", "against_name"},
        says="Technical lane", page="deals:technical_win", of_deal=True,
    ),
    Row(
        Poc, "deals:edit_poc", TECHNICAL,
        {"title": "Two plants", "scope": "No reports", "starts_on": DAY, "ends_on": datetime.date(2027, 6, 4)},
        # What becomes of it is done by acts; who runs it and the effort have a page of their own.
        {
            "opportunity", "number", "state", "owner", "days_planned", "days_spent", "agreed_on", "agreed_by",
            "agreed_name", "agreed_how", "agreements", "change_reason", "started_on", "unagreed_reason",
            "unagreed_by", "ended_on", "outcome_note", "created_by", "created_at",
        },
        says="technical lane", page="deals:pocs", about={"state": "proposed"},
    ),
    Row(
        Poc, "deals:poc_effort", TECHNICAL, {"owner": "se_mate", "days_planned": "8.0", "days_spent": "2.5"},
        {
            "opportunity", "number", "state", "title", "scope", "starts_on", "ends_on", "agreed_on", "agreed_by",
            "agreed_name", "agreed_how", "agreements", "change_reason", "started_on", "unagreed_reason",
            "unagreed_by", "ended_on", "outcome_note", "created_by", "created_at",
        },
        says="technical lane", page="deals:pocs", about={"state": "proposed"},
    ),
    Row(
        PocCriterion, "deals:edit_poc_criterion", TECHNICAL,
        {"text": "Orders live", "measure": "Five days", "target": "99 of 100"},
        {"poc", "order", "result", "met", "evidence", "evidence_on", "evidence_by", "evidence_shared"},
        says="technical lane", page="deals:pocs", about={"poc__state": "proposed"},
    ),
    Row(
        PocCriterion, "deals:poc_result", TECHNICAL,
        {
            "result": "97 of 100", "met": "yes", "evidence": "The log", "evidence_on": datetime.date(2026, 1, 5),
            "evidence_by": "Their lead", "evidence_shared": True,
        },
        {"poc", "order", "text", "measure", "target"},
        says="technical lane", page="deals:pocs", about={"poc__state": "running"},
    ),
    Row(
        PocStep, "deals:edit_poc_step", TECHNICAL,
        {"text": "Clone it", "side": "ours", "who": "Nobody yet", "due_on": DAY, "is_internal": True},
        {"poc", "done_on"}, says="technical lane", page="deals:pocs", about={"poc__state": "proposed"},
    ),
    Row(
        Meeting, "deals:edit_meeting", PAIR,
        {
            "kind": "executive", "starts_at": "2027-05-04T10:00", "minutes": 90, "place": "Their office",
            "objective": "A date for the decision", "agenda": "Who we are", "agenda_confirmed": True,
            "call_to_action": "Sign", "driver": "se", "commercial_by": "owner", "notes_by": "se",
        },
        # The end follows from start and minutes.
        {"opportunity", "lead", "ends_at", "created_by", "created_at", "cancelled_at", "cancel_reason"},
        about={"ends_at__gt": timezone.now()},
    ),
    Row(
        Debrief, "deals:edit_debrief", {"owner"},
        {"missed": "Their CFO", "real_pain": "no", "next_step_agreed": True, "next_step": "Call", "context": 2},
        {"meeting", "author", "lane", "written_at"},
    ),
]  # fmt: skip
# What no form edits: it comes and goes by acts, each of which has its line in the matrix of addresses.
ACTED = {
    "Claim", "QueueEntry", "HelpRequest", "CharterException", "Override", "EvidenceProbability", "DealTask",
    "ScrubDecision", "SpecialistRequest", "PocWaiver", "DealReview",
}  # fmt: skip
# What has lanes of its own inside, told where the rest of it is told.
ELSEWHERE = {
    "Autopsy": "deals/test_autopsies.py", "EnvironmentAnswer": "deals/test_environment.py",
    "Handoff": "deals/test_handoffs.py", "Proposal": "deals/test_proposals.py",
    "ReserveNote": "deals/test_reserve.py", "Rfp": "deals/test_rfps.py",
}  # fmt: skip
FOLLOWS = {
    "author",
    "saved_at",
    "version",
    "last_activity_at",
    "ends_at",
    "signed_off_name",
    "against_name",
    "recorded_by",
    "recorded_at",
}
CASES = [
    pytest.param(row, persona, id=f"{row.name.partition(':')[2]}-{persona}") for row in LANES for persona in PERSONAS
]

pytestmark = pytest.mark.django_db


def own_fields(model):
    return {column.name for column in model._meta.concrete_fields if not column.primary_key} - {"version"}


@pytest.mark.parametrize("row", LANES, ids=lambda row: row.name.partition(":")[2])
def test_every_field_is_somebodys(row):
    assert set(row.send) | row.never == own_fields(row.model)
    assert not set(row.send) & row.never


def test_everything_that_belongs_to_a_deal_is_somebodys():
    children = {
        relation.related_model.__name__
        for relation in Opportunity._meta.related_objects
        if not relation.related_model._meta.model_name.endswith("event")
    }
    told = {row.model.__name__ for row in LANES} | ACTED | set(ELSEWHERE)
    assert children - told == set()
    missing = [path for path in ELSEWHERE.values() if not (Path(__file__).parent.parent / path).exists()]
    assert not missing


@pytest.fixture
def world():
    made = build()
    TechnicalWin.objects.create(opportunity=made.deal)
    running = OpportunityFactory(team=made.west, owner=made.people["owner"], se=made.people["se"])
    Claim.objects.create(opportunity=running, se=made.people["se"])
    poc_of(running, "running")
    return made


def client_of(world, persona):
    client = Client()
    cache.clear()
    if persona != "anonymous":
        client.force_login(world.people[persona], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def sent(world, row, record):
    """A POST with another value for every field there is, the form's and those that are nobody's to send."""
    held = Meeting.objects.filter(ends_at__lt=timezone.now()).first()
    named = {
        "stakeholder": world.stakeholder,
        "meeting": held,
        "competitor": Competitor.objects.first(),
        **world.people,
    }
    data = {"version": record.version}
    for name, value in row.send.items():
        if isinstance(value, str) and value in named and row.model._meta.get_field(name).is_relation:
            value = named[value].pk
        data[name] = "on" if value is True else value
    for name in row.never:
        column = row.model._meta.get_field(name)
        if column.is_relation:
            data[name] = {"se": world.people["se_mate"].pk, "owner": world.people["mate"].pk}.get(
                name, stage("won").pk if name == "stage" else world.people["mate"].pk
            )
        elif isinstance(column, models.DateTimeField | models.DateField):
            data[name] = "2027-01-01"
        elif isinstance(column, models.IntegerField):
            data[name] = 7
        else:
            data[name] = column.choices[-1][0] if column.choices else "Forged"
    return data


def values(row, record):
    found = row.model.objects.filter(pk=record.pk).values().get()
    return {column.name: found[column.attname] for column in row.model._meta.concrete_fields}


@pytest.mark.parametrize(("row", "persona"), CASES)
def test_only_who_may_changes_it_and_only_what_the_form_asks(row, persona, world):
    record = row.record(world)
    before = values(row, record)
    url = reverse(row.name, args=[world.deal.pk if row.of_deal else record.pk])
    client = client_of(world, persona)
    with transaction.atomic():
        response = client.post(url, sent(world, row, record))
    after = values(row, record)
    changed = {name for name in after if after[name] != before[name]} - FOLLOWS
    if persona in row.may:
        assert response.status_code == 302, response.context and response.context["form"].errors
        assert changed == set(row.send)
        assert after["version"] == before["version"] + 1
    else:
        assert response.status_code == (302 if persona == "anonymous" else response.status_code)
        assert response.status_code in (302, 403, 404)
        assert changed == set()
        assert after["version"] == before["version"]


@pytest.mark.parametrize(("row", "persona"), CASES)
def test_the_form_is_offered_to_who_may_with_just_these_fields(row, persona, world):
    record = row.record(world)
    url = reverse(row.name, args=[world.deal.pk if row.of_deal else record.pk])
    client = client_of(world, persona)
    response = client.get(url)
    if persona in row.may:
        assert response.status_code == 200
        assert set(response.context["form"].fields) - {"version"} - row.besides == set(row.send)
        return
    assert response.status_code in ((302,) if persona == "anonymous" else (403, 404))
    page = client.get(reverse(row.page, args=[world.deal.pk]))
    if page.status_code == 200 and row.says:
        text = page.content.decode()
        assert url not in text
        assert row.says in text
