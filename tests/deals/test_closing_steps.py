"""The steps between a yes and a signature: the AE lists them, whoever has to do one says when it is done."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import closing_steps as actions
from deals.models import ClosingStep
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se, stage=stage("negotiation"))


def step_of(deal, **fields):
    return ClosingStep.objects.create(
        **{"opportunity": deal, "what": "Their questionnaire", "kind": "security"} | fields
    )


def data(**fields):
    return {"what": "Their remarks", "kind": "legal", "side": "theirs", "contact": "Kim Doe, counsel"} | fields


class TestWhoseLane:
    def test_the_ae_lists_changes_and_removes(self, deal, ae):
        step = actions.add_closing_step(ae, deal, ClosingStep(what="NDA", kind="legal", owner=ae))
        step.what = "A mutual NDA"
        actions.edit_closing_step(ae, step, 1)
        assert deal.closing_steps.get().what == "A mutual NDA"
        with pytest.raises(StaleEdit):
            actions.edit_closing_step(ae, step, 1)
        actions.remove_closing_step(ae, step)
        actions.remove_closing_step(ae, step)
        assert not deal.closing_steps.exists()

    def test_the_se_reads_and_settles_what_is_the_ses_to_do(self, deal, ae, se, sign_in):
        own, other = step_of(deal, owner=se), step_of(deal, what="NDA", kind="legal", owner=ae)
        with pytest.raises(NotAllowed):
            actions.add_closing_step(se, deal, ClosingStep(what="NDA", kind="legal"))
        client = sign_in(se)
        page = client.get(f"/opportunities/{deal.pk}/closing-steps/").content.decode()
        assert f"/closing-steps/{own.pk}/done/" in page
        assert f"/closing-steps/{other.pk}/done/" not in page
        assert "The AE's lane: Ada AE lists the steps" in page
        assert client.post(f"/closing-steps/{own.pk}/done/", {"done": "on"}).status_code == 302
        assert client.post(f"/closing-steps/{other.pk}/done/", {"done": "on"}).status_code == 403
        assert set(ClosingStep.objects.exclude(done_at=None)) == {own}

    def test_a_stranger_finds_nothing(self, deal, other_team, sign_in):
        step = step_of(deal)
        client = sign_in(UserFactory(role="ae", team=other_team))
        assert client.get(f"/opportunities/{deal.pk}/closing-steps/").status_code == 404
        assert client.post(f"/closing-steps/{step.pk}/done/", {"done": "on"}).status_code == 404


class TestAStep:
    def test_who_said_first_that_it_is_done_stays_and_it_can_be_taken_back(self, deal, ae, manager):
        step = step_of(deal)
        actions.settle_closing_step(ae, step, done=True)
        actions.settle_closing_step(manager, step, done=True)
        assert ClosingStep.objects.get().done_by == ae
        actions.settle_closing_step(manager, step, done=False)
        assert (ClosingStep.objects.get().done_at, ClosingStep.objects.get().done_by) == (None, None)
        ClosingStep.objects.all().delete()
        with pytest.raises(Conflict, match="removed"):
            actions.settle_closing_step(ae, step, done=True)

    def test_it_is_one_sides(self, deal, ae, sign_in):
        for fields in ({"side": "theirs", "owner": ae}, {"side": "ours", "contact": "Kim"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                step_of(deal, **fields)
        url = f"/opportunities/{deal.pk}/closing-steps/add/"
        client = sign_in(ae)
        assert client.post(url, data(owner=ae.pk)).status_code == 302
        assert client.post(url, data(side="ours", owner=ae.pk)).status_code == 302
        found = {(step.side, step.owner, step.contact) for step in deal.closing_steps.all()}
        assert found == {("theirs", None, "Kim Doe, counsel"), ("ours", ae, "")}

    def test_late_is_what_is_due_and_not_done(self, deal):
        yesterday = TODAY - datetime.timedelta(days=1)
        assert step_of(deal, due_on=yesterday).is_late
        assert not step_of(deal, due_on=yesterday, done_at=timezone.now()).is_late
        assert not step_of(deal, due_on=timezone.localdate()).is_late
        assert not step_of(deal).is_late

    def test_the_urgent_come_first_and_what_is_done_last(self, deal):
        for what, days, is_done in (("c", None, False), ("d", 1, True), ("a", 2, False), ("b", 9, False)):
            due = days and TODAY + datetime.timedelta(days=days)
            step_of(deal, what=what, due_on=due, done_at=timezone.now() if is_done else None)
        assert [step.what for step in ClosingStep.objects.in_order()] == ["a", "b", "c", "d"]

    @pytest.mark.parametrize(
        "wrong", [{"what": " "}, {"what": "x" * 201}, {"kind": "lunch"}, {"side": "nobody"}, {"due_on": "1212-01-01"},
                  {"owner": 2**70}, {"contact": "x" * 161}],
    )  # fmt: skip
    def test_nonsense_is_refused(self, deal, ae, sign_in, wrong):
        assert sign_in(ae).post(f"/opportunities/{deal.pk}/closing-steps/add/", data(**wrong)).status_code == 422
        assert not deal.closing_steps.exists()

    def test_not_on_a_closed_deal_and_not_without_end(self, deal, ae, team, monkeypatch):
        closed = OpportunityFactory(team=team, owner=ae, outcome="lost", lost_reason="price", closed_on=TODAY)
        with pytest.raises(Conflict, match="closed"):
            actions.add_closing_step(ae, closed, ClosingStep(what="NDA", kind="legal"))
        monkeypatch.setattr("deals.actions.closing_steps.MOST", 1)
        actions.add_closing_step(ae, deal, ClosingStep(what="NDA", kind="legal"))
        with pytest.raises(Conflict, match="at most"):
            actions.add_closing_step(ae, deal, ClosingStep(what="DPA", kind="legal"))


class TestThePage:
    def test_it_teaches_and_begins_with_the_usual_steps(self, deal, ae, sign_in):
        client, url = sign_in(ae), f"/opportunities/{deal.pk}/closing-steps/"
        assert "A yes is not a signature yet" in client.get(url).content.decode()
        for _ in range(2):
            assert client.post(f"{url}usual/").status_code == 302
        assert deal.closing_steps.count() == len(actions.USUAL)

    def test_the_second_of_two_writers_sees_both_values(self, deal, ae, manager, sign_in):
        step = step_of(deal)
        url = f"/closing-steps/{step.pk}/edit/"
        assert sign_in(ae).post(url, data(what="First", version=1)).status_code == 302
        second = sign_in(manager).post(url, data(what="Second", version=1))
        assert second.status_code == 409
        assert "Now stored: First" in second.content.decode()

    def test_few_queries_whatever_the_number(self, deal, ae, se, sign_in, django_assert_max_num_queries):
        for number in range(20):
            step_of(deal, owner=(ae, se)[number % 2], kind=("legal", "security", "procurement")[number % 3])
        client = sign_in(ae)
        with django_assert_max_num_queries(8):
            page = client.get(f"/opportunities/{deal.pk}/closing-steps/").content.decode()
        assert "0 of 20 done" in page
