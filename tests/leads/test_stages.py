"""From new to SQL and the two exits: who may, from where, and what is left in the history."""

import datetime
import threading

import pytest
from django.db import connection
from django.utils import timezone

from leads.actions import stages
from leads.models import Lead, LeadScore, LeadStage, TeamPolicy
from presales.errors import Conflict, GateRefused, Missing, NotAllowed
from qualification.models import Framework
from tests.factories import LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bant(db):
    return Framework.objects.get_or_create(slug="bant", defaults={"name": "BANT"})[0]


@pytest.fixture
def mql(team, bant):
    return LeadFactory(team=team, stage=LeadStage.MQL, mql_at=timezone.now(), response_due_at=timezone.now())


@pytest.fixture
def sal(team, ae, bant):
    return LeadFactory(team=team, owner=ae, stage=LeadStage.SAL, accepted_at=timezone.now())


def last_event(lead):
    return lead.events.order_by("-pgh_id").first()


# -- MQL ----------------------------------------------------------------------------------------------


def test_a_new_mql_is_routed_to_the_team_and_due_within_its_working_hours(team, ae):
    TeamPolicy.objects.create(team=team, response_hours=2)
    lead = LeadFactory(team=team)
    assert stages.make_mql(None, [lead.pk]) == 1
    lead.refresh_from_db()
    assert (lead.stage, lead.owner) == (LeadStage.MQL, ae)
    assert lead.mql_at is not None
    assert lead.response_due_at == stages.add_working_hours(lead.mql_at, 2, ae.time_zone)


def test_the_job_leaves_returned_and_worked_leads_alone(team, ae):
    returned = LeadFactory(team=team, return_reason="too_early")
    worked = LeadFactory(team=team, owner=ae, stage=LeadStage.SAL)
    later = LeadFactory(
        team=team, stage=LeadStage.NURTURE, nurture_until=timezone.now().date() + datetime.timedelta(days=9)
    )
    assert stages.make_mql(None, [returned.pk, worked.pk, later.pk]) == 0


def test_a_nurtured_lead_comes_back_when_its_day_has_come(team, ae):
    lead = LeadFactory(team=team, stage=LeadStage.NURTURE, nurture_until=timezone.now().date())
    assert stages.make_mql(None, [lead.pk]) == 1


def test_marketing_may_make_a_returned_lead_an_mql_again(team, ae, marketing):
    lead = LeadFactory(team=team, return_reason="too_early")
    assert stages.make_mql(marketing, [lead.pk], reason="They called us") == 1
    lead.refresh_from_db()
    assert lead.return_reason == ""
    assert last_event(lead).pgh_context["reason"] == "They called us"


def test_an_ae_makes_no_mqls(team, ae):
    lead = LeadFactory(team=team)
    with pytest.raises(NotAllowed):
        stages.make_mql(ae, [lead.pk])


def test_queries_do_not_grow_with_the_number_of_new_mqls(team, ae, django_assert_max_num_queries):
    leads = [LeadFactory(team=team) for _ in range(30)]
    with django_assert_max_num_queries(20):
        stages.make_mql(None, [lead.pk for lead in leads])


# -- accept -------------------------------------------------------------------------------------------


def test_the_ae_who_accepts_becomes_the_owner(mql, ae):
    lead = stages.accept(ae, mql)
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.response_due_at) == (LeadStage.SAL, ae, None)
    assert lead.dossier is not None
    event = last_event(lead)
    assert event.pgh_context["user"] == ae.pk


def test_the_second_to_accept_is_told_who_was_first(mql, ae, team):
    other = UserFactory(team=team, name="Otto Other")
    stages.accept(other, mql)
    with pytest.raises(Conflict, match="Otto Other already accepted"):
        stages.accept(ae, mql)


def test_accepting_twice_is_a_success(mql, ae):
    stages.accept(ae, mql)
    assert stages.accept(ae, mql).owner == ae


def test_an_ae_of_another_team_does_not_accept(mql, other_team):
    with pytest.raises(NotAllowed):
        stages.accept(UserFactory(team=other_team), mql)


@pytest.mark.parametrize("role", ["se", "marketing"])
def test_only_those_who_sell_accept(mql, team, role):
    with pytest.raises(NotAllowed):
        stages.accept(UserFactory(role=role, team=team), mql)


def test_a_new_lead_of_others_is_not_accepted_before_it_is_an_mql(team, ae):
    with pytest.raises(Conflict, match="New"):
        stages.accept(ae, LeadFactory(team=team))


def test_an_ae_accepts_the_own_new_lead(team, ae, bant):
    lead = LeadFactory(team=team, owner=ae)
    assert stages.accept(ae, lead).stage == LeadStage.SAL


def test_an_ae_without_room_does_not_accept(mql, team, ae):
    ae.capacity = 1
    ae.save()
    LeadFactory(team=team, owner=ae, stage=LeadStage.SAL)
    with pytest.raises(Conflict, match="1 of 1"):
        stages.accept(ae, mql)


def test_a_lead_routed_to_the_ae_counts_once(mql, ae):
    ae.capacity = 1
    ae.save()
    Lead.objects.filter(pk=mql.pk).update(owner=ae)
    assert stages.accept(ae, mql).stage == LeadStage.SAL


@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_at_once_one_wins_and_the_others_learn_who(mql, team):
    people = [UserFactory(team=team) for _ in range(8)]
    won, lost = [], []
    start = threading.Barrier(len(people))

    def run(person):
        start.wait()
        try:
            stages.accept(person, mql)
            won.append(person)
        except Conflict as error:
            lost.append(error.message)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mql.refresh_from_db()
    assert [mql.owner] == won
    assert lost == [f"{won[0]} already accepted this lead."] * 7


@pytest.mark.django_db(transaction=True)
def test_accepting_two_leads_at_once_does_not_exceed_the_room_of_one(team, ae, bant):
    ae.capacity = 1
    ae.save()
    leads = [LeadFactory(team=team, stage=LeadStage.MQL) for _ in range(4)]
    start = threading.Barrier(len(leads))

    def run(lead):
        start.wait()
        try:
            stages.accept(ae, lead)
        except Conflict:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[lead]) for lead in leads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Lead.objects.filter(owner=ae).count() == 1


# -- return to marketing ------------------------------------------------------------------------------


def test_a_returned_lead_carries_its_reason_and_has_no_owner(mql, ae):
    lead = stages.return_to_marketing(ae, mql, why="wrong_person", reason="An intern")
    lead.refresh_from_db()
    assert (lead.stage, lead.owner, lead.return_reason) == (LeadStage.NEW, None, "wrong_person")
    event = last_event(lead)
    assert (event.return_reason, event.pgh_context["reason"]) == ("wrong_person", "An intern")


def test_returning_wants_a_known_reason(mql, ae):
    with pytest.raises(Conflict, match="Choose why"):
        stages.return_to_marketing(ae, mql, why="")


def test_nobody_returns_what_a_colleague_accepted(sal, team):
    with pytest.raises(NotAllowed):
        stages.return_to_marketing(UserFactory(team=team), sal, why="too_early")


# -- qualify ------------------------------------------------------------------------------------------


@pytest.fixture
def gate(monkeypatch):
    """`gate(*missing)` makes the framework miss these."""

    def set_missing(*missing):
        monkeypatch.setattr(stages, "meets_policy", lambda dossier: list(missing))

    return set_missing


def test_a_lead_whose_framework_is_met_becomes_an_sql(sal, ae, gate):
    gate()
    lead = stages.qualify(ae, sal)
    assert lead.stage == LeadStage.SQL
    assert lead.qualified_at is not None


def test_what_is_missing_is_named_and_nothing_changes(sal, ae, gate):
    gate(Missing("Budget is not known", "/somewhere/"))
    with pytest.raises(GateRefused) as refusal:
        stages.qualify(ae, sal)
    assert [item.what for item in refusal.value.missing] == ["Budget is not known"]
    sal.refresh_from_db()
    assert sal.stage == LeadStage.SAL


def test_what_is_only_advised_does_not_hold_a_lead_back(sal, ae, gate):
    gate(Missing("A champion would help", advisory=True))
    assert stages.qualify(ae, sal).stage == LeadStage.SQL


def test_only_the_owner_or_a_manager_qualifies(sal, team, manager, gate):
    gate()
    with pytest.raises(NotAllowed):
        stages.qualify(UserFactory(team=team), sal)
    assert stages.qualify(manager, sal).stage == LeadStage.SQL


# -- exits and ways back ------------------------------------------------------------------------------


def test_a_nurtured_lead_has_a_day_to_look_again(sal, ae):
    day = timezone.localdate() + datetime.timedelta(days=60)
    lead = stages.nurture(ae, sal, until=day, reason="Budget next year")
    assert (lead.stage, lead.nurture_until) == (LeadStage.NURTURE, day)
    assert last_event(lead).pgh_context["reason"] == "Budget next year"


@pytest.mark.parametrize("days", [-1, 0, 5000])
def test_the_day_to_look_again_lies_ahead_and_within_three_years(sal, ae, days):
    with pytest.raises(Conflict, match="three years"):
        stages.nurture(ae, sal, until=timezone.localdate() + datetime.timedelta(days=days))


def test_a_disqualified_lead_says_why(sal, ae):
    lead = stages.disqualify(ae, sal, why="no_budget", reason="Frozen until 2028")
    assert (lead.stage, lead.disqualify_reason) == (LeadStage.DISQUALIFIED, "no_budget")
    with pytest.raises(Conflict):
        stages.disqualify(ae, lead, why="no_need")


def test_other_reasons_want_words(sal, ae):
    with pytest.raises(Conflict, match="Say why"):
        stages.disqualify(ae, sal, why="other")


def test_an_accepted_lead_reopens_with_its_owner(sal, ae):
    stages.disqualify(ae, sal, why="no_need")
    lead = stages.reopen(ae, sal, reason="They wrote again")
    assert (lead.stage, lead.owner, lead.disqualify_reason) == (LeadStage.SAL, ae, "")


def test_a_lead_nobody_accepted_reopens_as_new(team, marketing):
    lead = LeadFactory(team=team, stage=LeadStage.DISQUALIFIED, disqualify_reason="bad_data")
    assert stages.reopen(marketing, lead, reason="Address found").stage == LeadStage.NEW


def test_going_back_wants_a_reason_and_starts_the_response_time_anew(sal, ae):
    with pytest.raises(Conflict, match="Say why"):
        stages.move_back(ae, sal, reason=" ")
    lead = stages.move_back(ae, sal, reason="Accepted the wrong one")
    assert (lead.stage, lead.accepted_at) == (LeadStage.MQL, None)
    assert lead.response_due_at > timezone.now()


MOVES = {
    "accept": lambda actor, lead: stages.accept(actor, lead),
    "return_to_marketing": lambda actor, lead: stages.return_to_marketing(actor, lead, why="too_early"),
    "nurture": lambda actor, lead: stages.nurture(actor, lead, until=timezone.localdate() + datetime.timedelta(days=9)),
    "disqualify": lambda actor, lead: stages.disqualify(actor, lead, why="no_need"),
    "reopen": lambda actor, lead: stages.reopen(actor, lead, reason="x"),
    "move_back": lambda actor, lead: stages.move_back(actor, lead, reason="x"),
}
FROM = {
    "accept": {"mql"},
    "return_to_marketing": {"mql", "sal"},
    "nurture": {"new", "mql", "sal", "sql", "nurture"},
    "disqualify": {"new", "mql", "sal", "sql", "nurture"},
    "reopen": {"nurture", "disqualified"},
    "move_back": {"sal", "sql"},
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("stage", LeadStage.values)
def test_each_move_starts_from_its_own_stages_only(move, stage, team, manager, bant):
    from qualification.models import Dossier

    lead = LeadFactory(
        team=team,
        owner=UserFactory(team=team),
        stage=stage,
        nurture_until=timezone.localdate(),
        disqualify_reason="no_fit",
        converted_at=timezone.now(),
        dossier=Dossier.objects.create(framework=bant),
    )
    if stage in FROM[move]:
        assert MOVES[move](manager, lead).stage != stage or move in ("nurture",)
        assert last_event(lead).pgh_context["action"] == move
        assert LeadScore.objects.filter(lead=lead).exists()
    else:
        with pytest.raises(Conflict):
            MOVES[move](manager, lead)


@pytest.mark.parametrize("move", MOVES)
def test_a_merged_lead_moves_no_more(move, team, manager):
    lead = LeadFactory(team=team, stage=LeadStage.MQL, merged_into=LeadFactory(team=team))
    with pytest.raises(Conflict, match="merged"):
        MOVES[move](manager, lead)
