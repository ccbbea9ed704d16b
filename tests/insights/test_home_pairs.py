"""Home: what working as a pair wants of each of the two, and of nobody else."""

import datetime

import pytest
from django.utils import timezone

from deals.actions.pairings import accept_charter, start_pairing
from deals.actions.reserve import keep_in_reserve, release
from deals.models import AlignmentCheck, DealTask, Pairing, Scrub
from insights.home import of_pairs, roles
from presales.history import in_plain
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WEEKS = datetime.timedelta(weeks=1)


@pytest.fixture
def pairing(ae, se):
    pairing = start_pairing(ae, ae, se)
    accept_charter(se, pairing.charters.get())
    return pairing


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(name="Acme: planner", team=team, owner=ae, se=se)


def titles(user):
    return [line.title for line in of_pairs.pairs(user).lines]


def task(deal, assignee, days, **fields):
    due = timezone.localdate() + datetime.timedelta(days=days)
    return DealTask.objects.create(
        opportunity=deal, what=f"In {days} days", assignee=assignee, due_on=due, created_by=assignee, **fields
    )


def test_nothing_of_a_fresh_pair(pairing, deal, ae, se):
    assert titles(ae) == titles(se) == []


def test_the_scrub_that_is_due_by_the_charter_for_both(pairing, deal, ae, se):
    Pairing.objects.update(active_since=timezone.localdate() - 2 * WEEKS)
    assert titles(ae) == ["Pipeline scrub with Sam SE"]
    assert titles(se) == ["Pipeline scrub with Ada AE"]
    line = of_pairs.pairs(ae).lines[0]
    assert (line.action.url, line.pills) == (f"/pairings/{pairing.pk}/scrub/", [("Due today", "info")])
    Scrub.objects.create(pairing=pairing, started_by=ae, finished_at=timezone.now())
    assert titles(ae) == []


def test_no_scrub_without_open_deals_together_and_none_of_an_ended_pair(pairing, ae, team):
    Pairing.objects.update(active_since=timezone.localdate() - 3 * WEEKS)
    OpportunityFactory(team=team, owner=ae)
    assert titles(ae) == []
    Pairing.objects.update(active_since=timezone.localdate() - 9 * WEEKS, ended_on=timezone.localdate())
    assert titles(ae) == []


def test_the_rating_that_is_due_for_whoever_has_not_rated(pairing, ae, se):
    Pairing.objects.update(active_since=timezone.localdate() - 5 * WEEKS)
    AlignmentCheck.objects.create(pairing=pairing, author=ae, score=7)
    assert titles(ae) == []
    assert titles(se) == ["How do you work with Ada AE?"]
    line = of_pairs.pairs(se).lines[0]
    assert line.action.dialog
    assert line.pills[0][1] == "warn"


def test_own_tasks_that_are_near_or_late_the_latest_first(deal, ae, se):
    for days in (0, -5, 2, 3):
        task(deal, se, days)
    task(deal, ae, -9)
    task(deal, se, -7, done_at=timezone.now(), done_by=se)
    assert titles(se) == ["In -5 days", "In 0 days", "In 2 days"]
    assert [line.late for line in of_pairs.pairs(se).lines] == [True, False, False]


def test_no_task_of_a_deal_that_is_somebody_elses_by_now(deal, se, team):
    task(deal, se, 0)
    deal.se = UserFactory(role="se", team=team)
    deal.save()
    assert titles(se) == []


def test_home_and_the_pairs_page_know_the_same_days(pairing, deal, ae):
    day = timezone.localdate() - 9 * WEEKS
    Pairing.objects.update(active_since=day)
    found = Pairing.objects.with_due(ae).get()
    assert (found.scrub_due_on, found.alignment_due_on) == (day + 2 * WEEKS, day + 4 * WEEKS)
    pills = [line.pills[0][0] for line in of_pairs.pairs(ae).lines]
    assert pills == [f"Due {in_plain(found.scrub_due_on)}", f"Due {in_plain(found.alignment_due_on)}"]


def test_an_idea_waits_for_the_ae_alone_without_its_words(deal, ae, se, sign_in):
    note = keep_in_reserve(se, deal, "Offer them a week on site")
    assert titles(ae) == ["Acme: planner"]
    assert titles(se) == []
    page = sign_in(ae).get("/").content.decode()
    assert "Sam SE keeps an idea in reserve for you" in page
    assert "week on site" not in page
    release(ae, note)
    assert titles(ae) == []


def test_both_homes_show_it_in_one_query(pairing, deal, ae, se, django_assert_num_queries):
    Pairing.objects.update(active_since=timezone.localdate() - 5 * WEEKS)
    for days in range(-4, 0):
        task(deal, ae, days)
        keep_in_reserve(se, deal, f"Idea {days}")
    with django_assert_num_queries(1):
        found = of_pairs.pairs(ae)
    assert (len(found.lines), found.many) == (6, True)
    for home in (roles.ae(ae), roles.se(se)):
        assert "Two in a box" in [section.title for section in home.sections]


def test_a_task_is_ticked_off_without_leaving_home(deal, se, sign_in):
    found = task(deal, se, 0)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/"}
    response = sign_in(se).post(f"/deal-tasks/{found.pk}/done/", headers=headers)
    assert response.headers["HX-Refresh"] == "true"
    assert titles(se) == []
