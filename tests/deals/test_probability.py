"""The evidence-based probability: the formula against plain Python, when it is computed anew, and happy ears."""

import datetime

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from deals import probability
from deals.actions import opportunities as commercial
from deals.actions import queue
from deals.actions.stages import move_stage
from deals.actions.stakeholders import add_stakeholder, remove_stakeholder
from deals.actions.technical_wins import record_technical_win
from deals.models import (
    EvidenceProbability,
    Influence,
    Opportunity,
    StageRecord,
    Stakeholder,
    StakeholderRole,
    Stance,
    TechnicalState,
    TechnicalWin,
)
from deals.models.technical_wins import technical_win_of
from deals.probability import PRIOR, derive, mark_stale, reasons, repair, sweep_probabilities
from deals.risk import risks_of, with_risks
from leads.models import ImportBatch
from people.models import Role
from qualification.models import Status
from tests.deals.factories import OpportunityFactory, StakeholderFactory, waiting
from tests.deals.factories import stage as default_stage
from tests.factories import TeamFactory, UserFactory
from tests.insights.factories import deal, dossier, stage

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def expected(row):
    """The formula in plain Python, from the objects; None for a closed deal."""
    if row.outcome != "open":
        return None
    record = StageRecord.objects.filter(stage=row.stage).first()
    ended, won = (record.ended, record.won) if record else (0, 0)
    history = half_up(100 * won + PRIOR * row.stage.probability, ended + PRIOR)
    derived = row.dossier.derived
    known = {Status.QUALIFIED: 110, Status.AT_RISK: 70, Status.DISQUALIFIED: 0, Status.UNQUALIFIED: 50}
    dossier_factor = known.get(derived.status, 60 + half_up(4 * derived.completeness, 10))
    people = list(row.stakeholders.all())
    wanted = {StakeholderRole.ECONOMIC_BUYER, StakeholderRole.CHAMPION, StakeholderRole.TECHNICAL_BUYER}
    engaged = {person.role for person in people if person.stance in (Stance.SUPPORTS, Stance.NEUTRAL)} & wanted
    against = any(
        person.stance == Stance.AGAINST and (person.influence == Influence.HIGH or person.role == "blocker")
        for person in people
    )
    committee = 70 + 10 * len(engaged) - (20 if against else 0)
    silent, allowed = NOW - row.last_activity_at, datetime.timedelta(days=row.stage.rotting_days)
    activity = 100 if silent <= allowed / 2 else 85 if silent <= allowed else 60 if silent <= 2 * allowed else 40
    technical = {"won": 120, "lost": 40}.get(technical_win_of(row).state, 100)
    return min(half_up(history * dossier_factor * committee * activity * technical, 10**8), 95)


def technical(row, state):
    day = None if state == "pending" else timezone.localdate()
    return TechnicalWin.objects.create(opportunity=row, state=state, decided_on=day, signed_off_name="Kim Doe")


def computed(row, now=NOW):
    mark_stale([row.pk])
    derive([row.pk], now)
    return EvidenceProbability.objects.get(pk=row.pk)


people = st.lists(
    st.tuples(
        st.sampled_from(StakeholderRole.values), st.sampled_from(Stance.values), st.sampled_from(Influence.values)
    ),
    max_size=6,
)


@hypothesis(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    at=st.sampled_from(["qualification", "discovery", "evaluation", "won", "lost"]), known=people,
    status=st.sampled_from(Status.values), completeness=st.integers(0, 100), silent=st.integers(0, 90),
    record=st.none() | st.tuples(st.integers(0, 500), st.integers(0, 100)),
    decided=st.none() | st.sampled_from(TechnicalState.values),
)  # fmt: skip
def test_it_is_what_the_formula_says(at, known, status, completeness, silent, record, decided):
    row = deal(stage(at), last_activity_at=NOW - datetime.timedelta(days=silent, minutes=1))
    row.dossier.derived.status, row.dossier.derived.completeness = status, completeness
    row.dossier.derived.save()
    for number, (role, stance, influence) in enumerate(known):
        Stakeholder.objects.create(
            opportunity=row, name=f"Person {number}", role=role, stance=stance, influence=influence
        )
    if decided:
        technical(row, decided)
    StageRecord.objects.all().delete()
    if record:
        ended, share = record
        StageRecord.objects.create(stage=row.stage, ended=ended, won=ended * share // 100, computed_at=NOW)
    assert computed(row).percent == expected(row)


def test_more_evidence_never_lowers_it():
    row = deal(stage("evaluation"), dossier=dossier(Status.UNQUALIFIED))
    figures = [computed(row).percent]
    for role in ("economic_buyer", "champion", "technical_buyer"):
        StakeholderFactory(opportunity=row, role=role, stance=Stance.SUPPORTS)
        figures.append(computed(row).percent)
    for status in (Status.IN_PROGRESS, Status.QUALIFIED):
        row.dossier.derived.status = status
        row.dossier.derived.save()
        figures.append(computed(row).percent)
    technical(row, "won")
    figures.append(computed(row).percent)
    assert figures == sorted(figures)
    assert figures[0] < figures[-1]


def test_it_is_due_again_when_activity_begins_to_count_less():
    row = deal(stage("discovery"), last_activity_at=NOW - datetime.timedelta(days=1))
    allowed = row.stage.rotting_days
    before = computed(row)
    assert before.activity == 100
    assert before.next_due_at > row.last_activity_at + datetime.timedelta(days=allowed / 2)
    sweep_probabilities(before.next_due_at)
    assert EvidenceProbability.objects.get(pk=row.pk).activity == 85
    sweep_probabilities(NOW + datetime.timedelta(days=3 * allowed))
    last = EvidenceProbability.objects.get(pk=row.pk)
    assert (last.activity, last.next_due_at) == (40, None)


def test_the_sweep_adds_what_is_missing_and_leaves_what_is_right():
    row = deal()
    EvidenceProbability.objects.all().delete()
    assert sweep_probabilities(NOW) == 1
    assert EvidenceProbability.objects.get(pk=row.pk).percent == expected(row)
    assert sweep_probabilities(NOW) == 0


def test_the_night_learns_how_deals_ended():
    for outcome in ("won", "won", "lost"):
        ended = OpportunityFactory(stage=default_stage("discovery"))
        ended.stage, ended.outcome = default_stage(outcome), outcome
        ended.closed_on, ended.lost_reason = timezone.localdate(), "price" if outcome == "lost" else ""
        ended.save()
    old = OpportunityFactory(stage=default_stage("discovery"))
    old.stage, old.outcome = default_stage("won"), "won"
    old.closed_on = timezone.localdate() - datetime.timedelta(days=800)
    old.save()
    repair(NOW)
    record = {row.stage.slug: (row.ended, row.won) for row in StageRecord.objects.select_related("stage")}
    assert record["qualification"] == record["discovery"] == (3, 2)
    # Lost in discovery: it never reached what comes after. Whoever won passed every stage.
    assert record["evaluation"] == (2, 2)


def test_deals_from_a_file_count_only_where_their_history_says_they_were():
    """The file tells neither of lost nor of won ones how far they came; counting the won ones everywhere would make
    every later stage look certain."""
    batch = ImportBatch.objects.create(target="opportunities", created_by=UserFactory(role=Role.ADMIN))
    for outcome in ("won", "lost", "lost"):
        ended = OpportunityFactory(stage=default_stage("qualification"), import_batch=batch)
        ended.stage, ended.outcome = default_stage(outcome), outcome
        ended.closed_on, ended.lost_reason = timezone.localdate(), "price" if outcome == "lost" else ""
        ended.save()
    repair(NOW)
    record = {row.stage.slug: (row.ended, row.won) for row in StageRecord.objects.select_related("stage")}
    assert record["qualification"] == (3, 1)
    assert record["evaluation"] == (0, 0)


def test_the_night_puts_right_what_is_wrong():
    row = deal()
    right = computed(row).percent
    EvidenceProbability.objects.update(percent=1)
    assert repair(NOW) == 1
    assert EvidenceProbability.objects.get(pk=row.pk).percent == right
    assert repair(NOW) == 0


def stale():
    return set(EvidenceProbability.objects.stale(NOW - datetime.timedelta(days=1)).values_list("pk", flat=True))


def test_every_change_of_its_inputs_marks_it_stale():
    team = TeamFactory()
    ae, se = UserFactory(role=Role.AE, team=team), UserFactory(role=Role.SE, team=team)
    manager = UserFactory(role=Role.MANAGER, team=team)
    row = OpportunityFactory(team=team, owner=ae)
    waiting(row)

    def marked(act, *args, **kwargs):
        computed(row)
        assert not stale()
        result = act(*args, **kwargs)
        assert stale() == {row.pk}, act.__name__
        return result

    fresh = Opportunity.objects.get(pk=row.pk)
    marked(commercial.update_commercial, ae, fresh, fresh.version)
    marked(queue.claim, se, row)
    row.refresh_from_db()
    marked(record_technical_win, se, row, TechnicalWin(satisfaction=4))
    marked(queue.hand_back, se, row, reason="Too much")
    person = marked(add_stakeholder, ae, row, Stakeholder(name="Ada Berg", role="champion"))
    marked(remove_stakeholder, ae, person)
    row.refresh_from_db()
    marked(move_stage, manager, row, default_stage("discovery"), override=True, reason="They asked for it")


def test_a_dossier_that_changed_marks_its_deal_stale():
    from qualification.status import derive as derive_dossiers
    from tests.deals.factories import pipeline
    from tests.qualification.factories import qualify

    pipeline()
    row = OpportunityFactory()
    computed(row)
    qualify(row.dossier)
    derive_dossiers([row.dossier_id], NOW)
    assert stale() == {row.pk}


@pytest.mark.parametrize(("above", "happy"), [(0, False), (1, True)])
def test_a_claim_beyond_the_margin_is_happy_ears(above, happy):
    row = deal(stage("evaluation"))
    found = computed(row).percent
    Opportunity.objects.filter(pk=row.pk).update(claimed_probability=found + settings.HAPPY_EARS_MARGIN + above)
    names = [risk.name for risk in risks_of(with_risks(Opportunity.objects.all()).get())]
    assert ("happy_ears" in names) is happy


def test_without_a_claim_the_stage_claims():
    row = deal(stage("evaluation"), dossier=dossier(Status.DISQUALIFIED))
    assert computed(row).percent == 0
    assert "happy_ears" in [risk.name for risk in risks_of(with_risks(Opportunity.objects.all()).get())]


def test_the_reasons_multiply_to_the_figure():
    row = deal(stage("evaluation"), last_activity_at=NOW - datetime.timedelta(hours=3))
    found = computed(row)
    why = reasons(Opportunity.objects.select_related("stage", "dossier__derived", "evidence_probability").get())
    product = found.history
    for reason in why[1:]:
        product = product * reason.factor / 100
    assert round(product) == found.percent
    labels = [reason.label for reason in why]
    assert labels == ["Similar deals", "Qualification", "Buying committee", "Activity", "Technical win"]
    assert reasons(deal(stage("won"))) == []


def test_two_workers_at_once_compute_the_same(django_assert_num_queries):
    rows = [deal() for _ in range(5)]
    ids = [row.pk for row in rows]
    mark_stale(ids)
    with django_assert_num_queries(5):  # savepoint, lock, version in use, write, release: whatever the number of deals
        assert derive(ids, NOW) == 5
    assert derive(ids, NOW) == 0
    assert probability.BATCH >= 1000
