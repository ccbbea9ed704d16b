"""Reviewing a deal: who marks it, what is kept, and the tasks that come of it."""

import datetime

import pytest
from django.utils import timezone

from deals.actions.reviews import mark_reviewed, set_task
from deals.actions.tasks import finish_task
from deals.models import DealReview, DealTask, EvidenceProbability, Opportunity
from deals.parts_story import parts_story
from people.models import Role
from presales.errors import Conflict, NotAllowed
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SOON = {"what": "Agree a new close date", "due_on": datetime.date(2027, 1, 15)}


@pytest.fixture
def made(team, ae, se):
    found = OpportunityFactory(team=team, owner=ae, se=se, claimed_probability=60)
    EvidenceProbability.objects.update_or_create(opportunity=found, defaults={"percent": 40})
    return Opportunity.objects.get(pk=found.pk)


class TestMarking:
    def test_it_keeps_who_when_the_note_and_the_figures_as_they_stood(self, made, manager):
        review = mark_reviewed(manager, made, note="They wait for their board")
        assert (review.by, review.on, review.note) == (manager, manager.today, "They wait for their board")
        assert (review.claimed, review.evidenced) == (60, 40)

    def test_a_second_time_on_the_same_day_replaces_the_note(self, made, manager, admin):
        mark_reviewed(manager, made, note="First")
        mark_reviewed(manager, made, note="Second")
        mark_reviewed(admin, made, note="Theirs")
        assert set(DealReview.objects.values_list("by__name", "note")) == {
            (manager.name, "Second"), (admin.name, "Theirs"),
        }  # fmt: skip

    def test_the_day_is_that_of_the_managers_clock(self, made, manager, settings):
        manager.time_zone = "Pacific/Kiritimati"
        assert mark_reviewed(manager, made).on == manager.today

    def test_only_managers_of_the_team(self, made, ae, se, other_team):
        for person in (ae, se, UserFactory(role=Role.MANAGER, team=other_team)):
            with pytest.raises(NotAllowed):
                mark_reviewed(person, made)

    def test_not_a_closed_deal(self, made, manager):
        Opportunity.objects.filter(pk=made.pk).update(outcome="won", closed_on=timezone.localdate())
        with pytest.raises(Conflict):
            mark_reviewed(manager, made)

    def test_who_sees_the_deal_reads_it(self, made, manager, ae, other_team):
        mark_reviewed(manager, made)
        assert DealReview.objects.visible_to(ae).count() == 1
        assert not DealReview.objects.visible_to(UserFactory(role=Role.AE, team=other_team)).exists()


class TestTasks:
    def test_for_the_ae_or_the_se_by_either_lane(self, made, manager, ae, se):
        for actor, assignee in ((manager, ae), (ae, se), (se, se)):
            task = set_task(actor, made, assignee=assignee, **SOON)
            assert (task.assignee, task.opportunity) == (assignee, made)

    def test_the_same_task_is_not_written_twice(self, made, manager, ae):
        first, second = (set_task(manager, made, assignee=ae, **SOON) for _ in range(2))
        assert first == second
        assert DealTask.objects.count() == 1

    def test_for_nobody_else(self, made, manager, team):
        with pytest.raises(Conflict):
            set_task(manager, made, assignee=UserFactory(role=Role.AE, team=team), **SOON)

    def test_by_nobody_else(self, made, team, ae):
        with pytest.raises(NotAllowed):
            set_task(UserFactory(role=Role.AE, team=team), made, assignee=ae, **SOON)


class TestTheDialogs:
    def test_a_task_begins_with_its_question_and_for_whom_it_is(self, made, manager, se, sign_in):
        client = sign_in(manager)
        Opportunity.objects.filter(pk=made.pk).update(claimed_probability=95)
        page = client.get(
            f"/opportunities/{made.pk}/task/?ask=name-what-their-technical-people-have-to-confirm-before-we-r"
        )
        form = page.context["form"]
        assert form["what"].value().startswith("Name what their technical people have to confirm")
        assert form["assignee"].value() == se.pk
        assert "put the same figure on it" in page.content.decode()

    def test_afterwards_it_goes_where_the_address_says_if_that_is_ours(self, made, manager, sign_in):
        client = sign_in(manager)
        for target, expected in (
            ("/insights/review/?deal=7", "/insights/review/?deal=7"),
            ("https://evil.example/", made.get_absolute_url()),
            ("//evil.example/", made.get_absolute_url()),
            ("javascript:alert(1)", made.get_absolute_url()),
        ):
            answer = client.post(f"/opportunities/{made.pk}/reviewed/", query_params={"next": target})
            assert answer["Location"] == expected

    def test_a_day_that_is_over_is_refused(self, made, manager, ae, sign_in):
        data = {"what": "Call", "assignee": ae.pk, "due_on": "2020-01-01"}
        assert sign_in(manager).post(f"/opportunities/{made.pk}/task/", data).status_code == 422
        assert not DealTask.objects.exists()

    def test_half_a_form_and_nonsense_are_refused(self, made, manager, sign_in):
        client = sign_in(manager)
        for data in ({}, {"what": "x" * 500, "assignee": "9" * 30, "due_on": "9999-99-99"}):
            assert client.post(f"/opportunities/{made.pk}/task/", data).status_code == 422
        assert client.post(f"/opportunities/{made.pk}/reviewed/", {"note": "x" * 501}).status_code == 422
        assert client.get(f"/opportunities/{made.pk}/task/?ask=%F0%9F%98%80").status_code == 200


class TestTheStoryOfTheDeal:
    def test_it_tells_the_review_with_its_note_and_the_task_until_it_is_done(self, made, manager, ae, sign_in):
        mark_reviewed(manager, made, note="They wait for their board")
        mark_reviewed(manager, made, note="Their board meets in May")
        task = set_task(manager, made, assignee=ae, **SOON)
        finish_task(ae, task)
        told = {(entry.who, entry.title, entry.reason) for entry in parts_story(made)}
        assert told == {
            (ae.name, "did the task “Agree a new close date”", ""),
            (manager.name, "set the task “Agree a new close date”", ""),
            (manager.name, "changed what came of the review", ""),
            (manager.name, "went through the deal", "They wait for their board"),
        }
        page = sign_in(ae).get(f"/opportunities/{made.pk}/timeline/").content.decode()
        assert "They wait for their board" in page
