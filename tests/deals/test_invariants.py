"""Whatever people do with deals, in whatever order: what has to hold about claims, queue, stages and sums holds.

Hypothesis makes up the stories: real actions, by people of every role, allowed or not, also with objects that were
read before others acted. After every act everything is looked at.
"""

import datetime
import itertools
from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from deals.actions import criteria, queue, stages
from deals.actions import opportunities as commercial
from deals.gates import GATES
from deals.loads import load_of, with_load
from deals.models import (
    Claim,
    Decline,
    ExitCriterion,
    HelpKind,
    LostReason,
    NoGoReason,
    Opportunity,
    Outcome,
    Override,
    QueueEntry,
    Stage,
)
from deals.timeline import stage_times
from insights.filters import Filters
from insights.queries.book import open_book
from people.actions import absences
from people.models import Absence, Role, User
from presales.errors import DomainError
from presales.history import events_of
from qualification.models import DossierStatus
from qualification.status import derive
from tests.deals.factories import OpportunityFactory, pipeline
from tests.factories import TeamFactory, UserFactory
from tests.insights import oracle
from tests.qualification.factories import evidence, framework, qualify

PEOPLE = ["ada", "bob", "sam", "sue", "eve", "mia", "max", "rita"]
DEALS = range(4)
TODAY = datetime.date(2026, 1, 15)

people = st.sampled_from(PEOPLE)
ses = st.sampled_from(["sam", "sue", "eve"])
deals = st.sampled_from(DEALS)
reasons = st.sampled_from(["", "Because"])


def build():
    """Two teams; three deals of the first, one of the second, two of them qualified."""
    framework()
    west, east = TeamFactory(name="West"), TeamFactory(name="East")
    UserFactory(role=Role.AE, team=west, name="ada")
    UserFactory(role=Role.AE, team=east, name="bob")
    UserFactory(role=Role.SE, team=west, name="sam", capacity=1)
    UserFactory(role=Role.SE, team=west, name="sue", capacity=2)
    UserFactory(role=Role.SE, team=east, name="eve")
    UserFactory(role=Role.MANAGER, team=west, name="mia")
    UserFactory(role=Role.MARKETING, name="max")
    UserFactory(role=Role.ADMIN, name="rita")
    for number in DEALS:
        team = east if number == 3 else west
        owner = User.objects.get(name="bob" if number == 3 else "ada")
        made = OpportunityFactory(name=f"Deal {number}", team=team, owner=owner, amount=Decimal("1000.05") * number)
        if number in (0, 3):
            qualify(made.dossier)
            derive([made.dossier_id], datetime.datetime.now(datetime.UTC))


def rows():
    """Everything the room knows, to see whether an act left a trace."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Opportunity, QueueEntry, Claim, Decline, Override, ExitCriterion, Absence)
    ]


class Story(RuleBasedStateMachine):
    """One sequence of acts. Its rows go away with its transaction."""

    def __init__(self):
        super().__init__()
        self.frame = transaction.atomic()
        self.frame.__enter__()
        self.people = {user.name: user for user in User.objects.filter(name__in=PEOPLE)}
        self.numbers = {number: Opportunity.objects.get(name=f"Deal {number}").pk for number in DEALS}
        self.stages = {stage.slug: stage for stage in pipeline().stages.all()}
        self.stages_by_key = {stage.pk: stage for stage in self.stages.values()}
        self.remembered = {number: self.deal(number) for number in DEALS}
        self.loads = {}
        self.gone_past = dict.fromkeys(DEALS, 0)  # how often each deal rightly has an override

    def teardown(self):
        transaction.set_rollback(True)
        self.frame.__exit__(None, None, None)

    def deal(self, number, *, old=False):
        return self.remembered[number] if old else Opportunity.objects.get(pk=self.numbers[number])

    def act(self, function, actor, *args, may_overload=False, **kwargs):
        """Act; a refusal leaves everything as it was."""
        before = rows()
        self.loads = {name: load_of(self.people[name]) for name in ("sam", "sue", "eve")}
        self.may_overload = may_overload
        try:
            function(self.people[actor], *args, **kwargs)
        except DomainError:
            assert rows() == before, "a refused act left a trace"
            return False
        event(f"done: {function.__name__}")
        return True

    # -- what people do -----------------------------------------------------------------------------

    @initialize()
    def begin(self):
        self.may_overload = False
        queue.fill_queue()

    @rule(number=deals)
    def remember(self, number):
        """Somebody opens a page; acts with `old` use what it showed."""
        self.remembered[number] = self.deal(number)

    @rule()
    def sweep(self):
        queue.fill_queue()
        qualified = DossierStatus.objects.filter(status="qualified").values("dossier")
        for deal in Opportunity.objects.filter(dossier__in=qualified, outcome=Outcome.OPEN, se=None):
            entries = deal.queue_entries
            assert entries.waiting().exists() or entries.filter(result=QueueEntry.Result.WITHDRAWN).exists()

    @rule(number=deals, met=st.booleans())
    def qualification_changes(self, number, met):
        dossier = self.deal(number).dossier
        if met:
            qualify(dossier)
        else:
            evidence(dossier, "budget", 0)
        DossierStatus.objects.filter(dossier=dossier).mark_stale()
        derive([dossier.pk], datetime.datetime.now(datetime.UTC))

    @rule(actor=people, number=deals, kind=st.sampled_from(HelpKind.values), old=st.booleans())
    def request_help(self, actor, number, kind, old):
        self.act(queue.request_help, actor, self.deal(number, old=old), kind, "Please")

    @rule(actor=people, number=deals, old=st.booleans())
    def withdraw(self, actor, number, old):
        self.act(queue.withdraw_request, actor, self.deal(number, old=old))

    @rule(actor=ses, number=deals, old=st.booleans())
    def claim(self, actor, number, old):
        was = self.deal(number)
        if self.act(queue.claim, actor, self.deal(number, old=old)) and was.se_id is None:
            se = self.people[actor]
            assert load_of(se) <= se.effective_capacity

    @rule(actor=people, number=deals)
    def claim_by_anybody(self, actor, number):
        if self.act(queue.claim, actor, self.deal(number)):
            assert self.people[actor].role == Role.SE

    @rule(actor=ses, number=deals, data=st.data())
    def decline(self, actor, number, data):
        entries = list(self.deal(number).queue_entries.all())
        if entries:
            entry = data.draw(st.sampled_from(entries))
            if self.act(queue.decline, actor, entry, reason="skills"):
                assert entry.closed_at is None
                assert entry not in QueueEntry.objects.claimable_by(self.people[actor])

    @rule(actor=people, number=deals, old=st.booleans())
    def hand_back(self, actor, number, old):
        self.act(queue.hand_back, actor, self.deal(number, old=old), reason="Too much")

    @rule(actor=people, number=deals, why=st.sampled_from([*NoGoReason.values, "", "other"]))
    def call_no_go(self, actor, number, why):
        self.act(queue.call_no_go, actor, self.deal(number), no_go_reason=why, reason="A gap")

    @rule(actor=people, se=people, days=st.integers(-3, 3), length=st.integers(0, 4))
    def plan_absence(self, actor, se, days, length):
        """Whoever plans it: it is in order and overlaps no other of the person's."""
        person = User.objects.get(pk=self.people[se].pk)
        first = person.today + datetime.timedelta(days=days)
        last = first + datetime.timedelta(days=length)
        if self.act(absences.add_absence, actor, person, starts_on=first, ends_on=last):
            days = [day for span in person.absences.all() for day in (span.starts_on, span.ends_on)]
            assert days == sorted(days)
            assert person.is_away == any(
                span.starts_on <= person.today <= span.ends_on for span in person.absences.all()
            )

    @rule(actor=st.sampled_from(["mia", "rita", "ada"]), number=deals, se=people, beyond=st.booleans(),
          away=st.booleans(), seen=st.booleans(), old=st.booleans())  # fmt: skip
    def assign(self, actor, number, se, beyond, away, seen, old):
        deal, now = self.deal(number, old=old), self.deal(number)
        told = {"beyond_capacity": beyond, "while_away": away, "seen_with": (deal.se_id or 0) if seen else None}
        chosen = User.objects.get(pk=self.people[se].pk)
        if self.act(queue.assign_se, actor, deal, chosen, reason="x", may_overload=beyond, **told):
            assert now.se_id == chosen.pk or away or not chosen.is_away
            assert now.se_id == chosen.pk or not seen or now.se_id == deal.se_id

    @rule(actor=st.sampled_from(["ada", "mia", "rita", "bob", "sam"]), number=deals, data=st.data(), old=st.booleans(),
          override=st.booleans(), reason=reasons, lost_reason=st.sampled_from([*LostReason.values, ""]),
          signed_on=st.sampled_from([None, TODAY]))  # fmt: skip
    def move_stage(self, actor, number, data, old, **how):
        stage = self.stages[data.draw(st.sampled_from(sorted(self.stages)))]
        deal = self.deal(number)
        lacking = [] if stage.outcome == Outcome.LOST else self.required(deal, deal.stage, stage)
        if self.act(stages.move_stage, actor, self.deal(number, old=old), stage, may_overload=True, **how):
            self.only_an_override_passes(number, lacking, actor)

    @rule(actor=st.sampled_from(["ada", "mia", "rita", "sue"]), number=deals, data=st.data(), override=st.booleans())
    def reopen(self, actor, number, data, override):
        stage = self.stages[data.draw(st.sampled_from(sorted(self.stages)))]
        deal = self.deal(number)
        visits = [self.stages_by_key[event.stage_id] for event in events_of(deal)]
        came_to = next((seen for seen in visits if seen.is_open), self.stages["qualification"])
        deal.se = None  # one that opens again has to be claimed anew
        lacking = self.required(deal, came_to, stage)
        if self.act(stages.reopen, actor, self.deal(number), stage, reason="They called", override=override):
            self.only_an_override_passes(number, lacking, actor)

    @staticmethod
    def required(deal, start, stage):
        """What the required criteria of the open stages from `start` up to `stage` miss, looked at one by one."""
        left = Stage.objects.filter(order__gte=start.order, order__lt=stage.order, outcome=Outcome.OPEN)
        wanted = ExitCriterion.objects.filter(stage__in=left, is_required=True).values_list("gate", flat=True)
        return {item.what for name in wanted for item in GATES[name].check(deal)}

    def only_an_override_passes(self, number, lacking, actor):
        """The move just made left an override if something was lacking, and none if nothing was."""
        self.gone_past[number] += bool(lacking)
        if lacking:
            event("went past a gate")
            written = Override.objects.filter(opportunity=self.numbers[number]).latest("pk")
            assert set(written.missing) == lacking
            assert written.by.name == actor
            assert written.by.role in (Role.MANAGER, Role.ADMIN)
            assert written.reason

    @rule(actor=people, slug=st.sampled_from(["qualification", "discovery", "presentation", "evaluation"]),
          gate=st.sampled_from(sorted(GATES)), is_required=st.booleans(), position=st.integers(1, 9))  # fmt: skip
    def criteria_change(self, actor, slug, gate, is_required, position):
        """The admin, and only the admin, changes what a stage wants."""
        stage = self.stages[slug]
        criterion = stage.criteria.filter(gate=gate).first()
        if criterion is None:
            done = self.act(criteria.add_criterion, actor, stage, gate, is_required=is_required)
        elif position == 9:
            done = self.act(criteria.remove_criterion, actor, criterion)
        else:
            done = self.act(criteria.change_criterion, actor, criterion, is_required=is_required, position=position)
        assert done == (self.people[actor].role == Role.ADMIN)

    @rule(number=deals, named=st.booleans())
    def compelling_event_changes(self, number, named):
        deal = self.deal(number)
        deal.compelling_event = "Audit in March" if named else ""
        self.act(commercial.update_commercial, deal.owner.name, deal, deal.version)

    @rule(number=deals, level=st.integers(-1, 3))
    def pain_changes(self, number, level):
        evidence(self.deal(number).dossier, "need", level)

    @rule(actor=people, number=deals, owner=people)
    def reassign_owner(self, actor, number, owner):
        self.act(commercial.reassign_owner, actor, self.deal(number), self.people[owner], reason="x")

    @rule(actor=people, number=deals, amount=st.decimals(0, 10**9, places=2), old=st.booleans(),
          probability=st.none() | st.integers(0, 100))  # fmt: skip
    def change_figures(self, actor, number, amount, probability, old):
        deal = self.deal(number, old=old)
        kept = deal.amount, deal.claimed_probability
        deal.amount, deal.claimed_probability = amount, probability
        if not self.act(commercial.update_commercial, actor, deal, deal.version):
            deal.amount, deal.claimed_probability = kept

    # -- what has to hold ---------------------------------------------------------------------------

    @invariant()
    def claims_and_holders_agree(self):
        held = defaultdict(list)
        for claim in Claim.objects.current():
            held[claim.opportunity_id].append(claim.se_id)
        for deal in Opportunity.objects.all():
            assert len(held[deal.pk]) <= 1
            if deal.is_open:
                assert held[deal.pk] == ([deal.se_id] if deal.se_id else [])
            else:
                assert held[deal.pk] == []
                last = deal.claims.order_by("-pk").first()
                assert deal.se_id is None or (last.se_id, last.ended_at is not None) == (deal.se_id, True)
            if deal.se_id:
                assert deal.se.role == Role.SE
                assert deal.team_id in deal.se.team_ids
                assert Opportunity.objects.visible_to(deal.se).filter(pk=deal.pk).exists()

    @invariant()
    def what_waits_is_open_and_has_no_se(self):
        for entry in QueueEntry.objects.waiting().select_related("opportunity"):
            assert entry.opportunity.is_open
            assert entry.opportunity.se_id is None
        west, east = self.people["sue"], self.people["eve"]
        assert not (set(QueueEntry.objects.visible_to(west)) & set(QueueEntry.objects.visible_to(east)))

    @invariant()
    def what_a_deal_says_of_its_end_agrees(self):
        for deal in Opportunity.objects.select_related("stage"):
            assert deal.outcome == deal.stage.outcome
            assert (deal.closed_on is None) == deal.is_open
            assert bool(deal.lost_reason) == (deal.outcome == Outcome.LOST)
            assert bool(deal.no_go_reason) == (deal.outcome == Outcome.NO_GO)

    @invariant()
    def no_gate_was_passed_without_an_override_on_record(self):
        """Every move was looked at as it was made; here nothing else wrote or lost an override."""
        for number, key in self.numbers.items():
            assert Override.objects.filter(opportunity=key).count() == self.gone_past[number]

    @invariant()
    def the_stage_history_has_no_gap(self):
        known = list(self.stages.values())
        for deal in Opportunity.objects.select_related("stage"):
            events = list(reversed(events_of(deal)))
            assert (events[-1].stage_id, events[-1].stage_since) == (deal.stage_id, deal.stage_since)
            starts = [events[0].stage_since]
            for before, after in itertools.pairwise(events):
                moved = before.stage_id != after.stage_id
                assert (before.stage_since < after.stage_since) if moved else (before.stage_since == after.stage_since)
                if moved:
                    starts.append(after.stage_since)
            assert starts == sorted(starts)
            closed = sum(
                (ended.stage_since - entered.stage_since).total_seconds() / 86400
                for entered, ended in self.visits(events)
                if entered.outcome != Outcome.OPEN
            )
            days = sum(time.days for time in stage_times(deal, events[::-1], known))
            end = datetime.datetime.now(datetime.UTC) if deal.is_open else deal.stage_since
            whole = (end - starts[0]).total_seconds() / 86400
            assert days + closed == pytest.approx(whole, abs=1 / 86400)

    @staticmethod
    def visits(events):
        """(first event of a stage, first event of the next) for every stage that was left."""
        firsts = [events[0]]
        for later in events[1:]:
            if later.stage_id != firsts[-1].stage_id:
                firsts.append(later)
        return itertools.pairwise(firsts)

    @invariant()
    def only_a_manager_or_a_heavier_stage_overloads_an_se(self):
        loads = dict(with_load(User.objects.in_role(Role.SE)).values_list("name", "load"))
        for name, before in self.loads.items():
            se = self.people[name]
            held = Opportunity.objects.filter(se=se, outcome=Outcome.OPEN).select_related("stage")
            assert loads[name] == load_of(se) == sum(deal.stage.load_weight for deal in held)
            assert loads[name] <= max(before, se.effective_capacity) or self.may_overload

    @invariant()
    def sums_are_the_sums_of_their_deals(self):
        book = open_book(Filters(self.people["rita"]))
        deals = list(Opportunity.objects.open().select_related("stage"))
        assert book.total.amount == sum(deal.amount for deal in deals)
        assert book.total.weighted == sum(oracle.weighted(deal) for deal in deals)
        for lines, key in ((book.by_stage, "stage_id"), (book.by_se, "se_id"), (book.by_team, "team_id")):
            found = {line.key: (line.count, line.amount, line.weighted) for line in lines}
            assert found == oracle.grouped(deals, lambda deal, key=key: getattr(deal, key))
            assert sum(line.weighted for line in lines) == book.total.weighted


@pytest.mark.django_db
def test_every_story_keeps_the_rules():
    build()
    assert Stage.objects.exists()
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
