"""Home: what wants each role today, worst first, and what settles it."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.models import Opportunity, QueueEntry
from insights.home import roles
from leads.models import LeadScore
from people.models import Role
from qualification.models import Criterion, Question, Status
from tests.factories import LeadFactory, UserFactory
from tests.insights.factories import deal, dossier, random_book, stage

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


def section(home, title):
    return next((found for found in [*home.sections, *home.side] if found.title == title), None)


def titles(home, title):
    return [line.title for line in section(home, title).lines]


def figures(home):
    return {figure.label: figure for figure in home.figures}


def mql(name, due=-1, **fields):
    return LeadFactory(name=name, stage="mql", response_due_at=timezone.now() + due * HOUR, **fields)


# -- AE ----------------------------------------------------------------------------------------------


def test_an_ae_sees_leads_past_their_response_time_first(ae, team, other_team):
    mql("Later", 5, team=team)
    mql("Late", -1, team=team)
    mql("Latest", -9, owner=ae, team=team)
    mql("Colleague's", -9, owner=UserFactory(team=team), team=team)
    mql("Elsewhere", -9, team=other_team)
    home = roles.ae(ae)
    assert titles(home, "Leads to accept") == ["Latest", "Late", "Later"]
    line = section(home, "Leads to accept").lines[0]
    assert line.late
    assert (line.action.label, line.action.post) == ("Accept", True)


def test_an_ae_is_told_the_next_question_of_the_weakest_criterion(ae, team):
    found = dossier(completeness=25)
    budget = Criterion.objects.create(framework=found.framework, key="budget", name="Budget")
    Question.objects.create(criterion=budget, text="Who signs?", order=2)
    Question.objects.create(criterion=budget, text="What is set aside for this?", order=1)
    found.derived.weakest = budget
    found.derived.save()
    LeadFactory(name="Ann", stage="sal", owner=ae, team=team, dossier=found)
    line = section(roles.ae(ae), "Leads to qualify").lines[0]
    assert line.why == "Ask: What is set aside for this?"
    assert line.pills == [("Budget", "warn")]
    assert line.action.url == f"/dossiers/{found.pk}/{budget.pk}/record/"


def test_an_sql_asks_to_be_converted_before_sals_are_qualified(ae, team):
    LeadFactory(name="Known", stage="sql", owner=ae, team=team, dossier=dossier())
    LeadFactory(name="Unknown", stage="sal", owner=ae, team=team)
    home = roles.ae(ae)
    assert titles(home, "Leads to qualify") == ["Known", "Unknown"]
    assert section(home, "Leads to qualify").lines[0].action.label == "Convert"


def test_an_aes_deals_come_worst_first_with_what_mends_them(ae, team):
    today = timezone.localdate()
    deal(name="Fine", owner=ae, team=team)
    deal(name="No step", owner=ae, team=team, next_step="")
    deal(name="Late", owner=ae, team=team, close_date=today - datetime.timedelta(days=1))
    deal(name="Stale soon", owner=ae, team=team, dossier=dossier(next_stale_on=today + datetime.timedelta(days=3)))
    deal(name="Not mine", team=team, next_step="")
    deal(stage("won"), name="Won", owner=ae, team=team, next_step="")
    home = roles.ae(ae)
    assert titles(home, "Deals that need you") == ["Late", "No step", "Stale soon"]
    actions = [line.action.label for line in section(home, "Deals that need you").lines]
    assert actions == ["Set a date", "Name a step", "Update"]


def test_an_ae_sees_own_deals_that_wait_for_an_se(ae, team):
    mine, other = deal(name="Mine", owner=ae, team=team), deal(team=team)
    for opportunity in (mine, other):
        QueueEntry.objects.create(opportunity=opportunity)
    assert titles(roles.ae(ae), "Waiting for an SE") == ["Mine"]


def test_an_aes_figures_are_the_own_ones(ae, team):
    deal(owner=ae, team=team, amount=Decimal(1000))
    deal(stage("won"), owner=ae, team=team, amount=Decimal(500))
    deal(team=team, amount=Decimal(7000))
    shown = figures(roles.ae(ae))
    assert shown["Open pipeline"].note.startswith("1,000 USD")
    assert shown["Weighted"].note.startswith("100 USD")
    assert next(figure for label, figure in shown.items() if label.startswith("Won in")).note.startswith("500 USD")


# -- SE ----------------------------------------------------------------------------------------------


def test_an_se_sees_the_three_best_claims_of_the_own_teams(se, team, other_team):
    se.skills = ["Kubernetes"]
    se.save()
    for name, skills in (("Plain", ""), ("Suits", "Kubernetes"), ("Plain too", ""), ("Hard", "COBOL")):
        QueueEntry.objects.create(opportunity=deal(name=name, team=team, needed_skills=skills))
    QueueEntry.objects.create(opportunity=deal(name="Elsewhere", team=other_team))
    home = roles.se(se)
    assert titles(home, "Best claims for you") == ["Suits", "Plain", "Plain too"]
    assert section(home, "Best claims for you").many
    assert section(home, "Best claims for you").lines[0].action.post


def test_an_se_sees_claimed_deals_in_need_and_the_own_load(se, team):
    deal(name="Shaky", se=se, team=team, status=Status.AT_RISK)
    deal(name="Fine", se=se, team=team)
    home = roles.se(se)
    assert titles(home, "Deals that need you") == ["Shaky"]
    assert (home.loads[0].carried, home.loads[0].capacity) == (2, 8)


# -- Manager -----------------------------------------------------------------------------------------


def test_a_managers_figures_are_fetched_once_the_page_is_there(manager, admin, ae):
    assert roles.manager(manager).has_week
    assert roles.admin(admin).has_week
    assert not roles.manager(manager).figures
    assert not roles.ae(ae).has_week


def test_a_manager_sees_deals_at_risk_largest_first_with_why(manager, team, other_team):
    deal(name="Small", team=team, amount=Decimal(1), next_step="")
    deal(name="Large", team=team, amount=Decimal(9), status=Status.AT_RISK)
    deal(name="Theirs", team=other_team, next_step="")
    home = roles.manager(manager)
    assert titles(home, "Deals at risk") == ["Large", "Small"]
    assert section(home, "Deals at risk").lines[0].pills == [("Evidence stale or negative", "bad")]


def test_a_manager_sees_missed_response_times_and_who_waits_for_an_se(manager, team, other_team):
    mql("Missed", -1, team=team)
    mql("In time", 1, team=team)
    mql("Theirs", -1, team=other_team)
    QueueEntry.objects.create(opportunity=deal(name="Waits", team=team))
    home = roles.manager(manager)
    assert titles(home, "Leads past their response time") == ["Missed"]
    assert titles(home, "Waiting for an SE") == ["Waits"]


def test_a_manager_sees_the_fullest_se_first(manager, team, other_team):
    busy, idle = UserFactory(role=Role.SE, team=team), UserFactory(role=Role.SE, team=team)
    UserFactory(role=Role.SE, team=other_team)
    deal(se=busy, team=team)
    assert [load.person for load in roles.manager(manager).loads] == [busy, idle]


# -- Marketing ---------------------------------------------------------------------------------------


def test_marketing_sees_what_came_back_and_why(marketing):
    LeadFactory(name="Back", return_reason="too_early")
    LeadFactory(name="New")
    line = section(roles.marketing(marketing), "Returned by sales").lines[0]
    assert (line.title, line.pills) == ("Back", [("Too early, no buying signal", "warn")])


def test_marketing_sees_who_is_nearly_an_mql(marketing):
    for name, total in (("Far", 20), ("Near", 45), ("Nearer", 49), ("Over", 50)):
        LeadScore.objects.update_or_create(lead=LeadFactory(name=name), defaults={"total": total})
    assert titles(roles.marketing(marketing), "Nearly an MQL") == ["Nearer", "Near"]


def test_marketing_compares_this_week_with_the_last(marketing):
    now = timezone.now()
    for days in (1, 2, 8, 20):
        at = now - datetime.timedelta(days=days)
        LeadFactory(created_at=at, mql_at=at, source="event")
    home = roles.marketing(marketing)
    assert figures(home)["Became MQLs"].value == "2"
    assert figures(home)["Became MQLs"].note == "in the last 7 days, 1 in the 7 before"
    assert home.counts.rows == [("Event", [4, 4, 0])]


# -- Admin -------------------------------------------------------------------------------------------


def test_an_admin_sees_what_the_worker_gave_up_on(admin):
    score, _ = LeadScore.objects.get_or_create(lead=LeadFactory())
    LeadScore.objects.filter(pk=score.pk).update(set_aside_at=timezone.now(), attempts=3, last_error="division by zero")
    line = section(roles.admin(admin), "Background work").lines[0]
    assert line.title == "1 set aside after 3 failures: lead scores"
    assert line.why == "division by zero"


def test_an_admin_sees_people_without_a_team_and_exports(admin, ae):
    UserFactory(name="Lost", role=Role.SE)
    home = roles.admin(admin)
    assert titles(home, "People without a team") == ["Lost"]
    assert section(home, "Exports lately").lines == []


# -- All ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
def test_each_home_page_takes_few_queries_whatever_the_number_of_rows(
    role, team, sign_in, django_assert_max_num_queries
):
    user = UserFactory(role=role, team=team, name="Kim Lee")
    client = sign_in(user)
    page = client.get("/")
    assert page.status_code == 200
    assert "Kim" in page.content.decode()
    for size in (5, 60):
        random_book(size, size=size)
        Opportunity.objects.filter(team=None).update(team=team, owner=user, se=user, next_step="")
        for opportunity in Opportunity.objects.filter(team=team, outcome="open"):
            QueueEntry.objects.get_or_create(opportunity=opportunity, closed_at=None)
        for number in range(size // 5):
            mql(f"Lead {number}", -1, team=team)
            LeadFactory(stage="sal", owner=user, team=team, dossier=dossier())
            LeadFactory(return_reason="too_early", team=team)
        with django_assert_max_num_queries(12):
            assert client.get("/").status_code == 200


@pytest.mark.parametrize("role", Role.values)
def test_a_first_day_says_what_to_expect(role, sign_in):
    page = sign_in(UserFactory(role=role)).get("/").content.decode()
    assert "nothing wants you" in page or "want" in page
    assert "today" in page or "up to date" in page
