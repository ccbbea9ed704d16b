"""What a manager asks: which flags a deal carries, and the questions that follow from each."""

import datetime

import pytest
from django.utils import timezone

from deals.coaching import FLAGS, QUESTIONS, asked, flags_of, topics, weakest, with_flags
from deals.models import EvidenceProbability, Opportunity
from deals.risk import RISKS, risks_of, with_risks
from qualification.models import Criterion, Question, Status
from qualification.panels import dossier_panel
from tests.deals.factories import OpportunityFactory
from tests.insights.factories import deal, dossier, stage
from tests.qualification.factories import evidence

CLOSED = {
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "should",
    "may", "might", "am",
}  # fmt: skip
EVERY = [(flag.name, question) for flag in [*RISKS, *FLAGS] for question in QUESTIONS.get(flag.name, [])]


def names(made):
    return {flag.name for flag in flags_of(with_flags(Opportunity.objects.filter(pk=made.pk)).get())}


def probability(made, percent):
    EvidenceProbability.objects.update_or_create(opportunity=made, defaults={"percent": percent})


# -- The words ---------------------------------------------------------------------------------------------------------


def test_every_flag_has_questions_and_every_question_belongs_to_a_flag():
    assert set(QUESTIONS) == {flag.name for flag in [*RISKS, *FLAGS]}
    assert all(len(questions) >= 2 for questions in QUESTIONS.values())


@pytest.mark.parametrize(("flag", "question"), EVERY, ids=lambda value: getattr(value, "key", value))
def test_questions_are_open_and_lead_to_a_task(flag, question):
    assert question.text.endswith("?")
    assert question.text.split()[0].lower() not in CLOSED, "can be answered with yes or no"
    assert len(question.text) <= 200
    assert 0 < len(question.task) <= 200
    assert not question.task.endswith("?")


def test_no_two_questions_have_the_same_name():
    keys = [question.key for _, question in EVERY]
    assert len(keys) == len(set(keys))
    assert all(keys)


# -- The flags ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_sound_deal_carries_none(team, se):
    assert names(deal(team=team, se=se)) == set()


@pytest.mark.django_db
def test_flags_hold_the_risks_as_lists_know_them(team, se):
    made = deal(team=team, se=se, next_step="", close_date=timezone.localdate() - datetime.timedelta(days=2))
    risks = {risk.name for risk in risks_of(with_risks(Opportunity.objects.filter(pk=made.pk)).get())}
    assert names(made) == risks == {"close_past", "step_missing"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("slug", "status", "expected"),
    [
        ("qualification", Status.IN_PROGRESS, set()),
        ("qualification", Status.QUALIFIED, {"se_missing"}),
        ("discovery", Status.IN_PROGRESS, {"se_missing"}),
    ],
)
def test_an_se_is_missing_once_there_is_technical_work(slug, status, expected, team, se):
    assert names(deal(stage(slug), status=status, team=team)) == expected
    assert names(deal(stage(slug), status=status, team=team, se=se)) == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("category", "claimed", "evidenced", "expected"),
    [
        ("commit", 60, 55, {"commit_unproven"}),
        ("commit", 60, 60, set()),
        ("best_case", 60, 55, set()),
        ("commit", 60, None, set()),
        ("commit", 90, 10, {"commit_unproven", "happy_ears"}),
    ],
)
def test_a_commit_wants_evidence(category, claimed, evidenced, expected, team, se):
    made = deal(team=team, se=se, forecast_category=category, claimed_probability=claimed)
    probability(made, evidenced)
    assert names(made) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "expected"), [(-1, set()), (0, set()), (1, {"stale_soon"}), (7, {"stale_soon"}), (8, set())]
)
def test_evidence_that_goes_stale_within_a_week(days, expected, team, se):
    on = timezone.localdate() + datetime.timedelta(days=days)
    assert names(deal(team=team, se=se, dossier=dossier(next_stale_on=on))) == expected


@pytest.mark.django_db
def test_severity_is_the_sum_of_the_weights(team):
    made = deal(stage("discovery"), team=team, next_step="")
    found = with_flags(Opportunity.objects.filter(pk=made.pk)).get()
    assert found.severity == sum(flag.weight for flag in flags_of(found)) == 3


# -- The qualification -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_weakest_criteria_are_asked_in_the_words_of_the_question_bank(ae, team):
    made = OpportunityFactory(team=team, owner=ae)
    evidence(made.dossier, "budget", 2, amount=80000)
    evidence(made.dossier, "authority", 1)
    panel = dossier_panel(made.dossier, ae)
    assert [row.criterion.key for row in weakest(panel)] == ["need", "timeline", "authority"]
    found = with_flags(Opportunity.objects.filter(pk=made.pk)).get()
    of_need = next(topic for topic in topics(found, panel) if topic.label.startswith("Need"))
    first = Question.objects.filter(
        criterion=Criterion.objects.get(framework=made.dossier.framework, key="need")
    ).first()
    assert [question.text for question in of_need.questions] == [first.text]
    assert of_need.questions[0].lane == "technical"
    assert asked(of_need.questions[0].key, found, panel) == of_need.questions[0]
    assert asked("nonsense", found, panel) is None


@pytest.mark.django_db
def test_stale_evidence_is_asked_about_though_its_level_was_reached(ae, team):
    made = OpportunityFactory(team=team, owner=ae)
    for key in ("budget", "authority", "need", "timeline"):
        evidence(made.dossier, key, 3, age=200 if key == "budget" else 0, amount=90000, person_name="Lena Ortiz",
                 decision_on=timezone.localdate() + datetime.timedelta(days=30))  # fmt: skip
    assert [row.criterion.key for row in weakest(dossier_panel(made.dossier, ae))] == ["budget"]
