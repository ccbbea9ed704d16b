"""POCs: proposed within the charter, their criteria locked once agreed, their steps and effort; the SE's lane."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import pocs as actions
from deals.actions.help_requests import accept_anyway
from deals.actions.queue import request_help
from deals.models import (
    CharterException,
    Claim,
    HelpRequest,
    Poc,
    PocCriterion,
    PocStep,
    Stakeholder,
)
from deals.models.pocs import MOST_CRITERIA, MOST_STEPS
from presales.errors import Conflict, GateRefused, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, RequirementFactory, StakeholderFactory, poc_of, stage
from tests.factories import UserFactory
from tests.qualification.factories import evidence, framework

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()
DAY = datetime.timedelta(days=1)


@pytest.fixture
def deal(team, ae, se):
    """A deal that meets the charter for a POC."""
    framework()
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("evaluation"))
    Claim.objects.create(opportunity=made, se=se)
    evidence(made.dossier, "budget", 2, amount=60000)
    evidence(made.dossier, "timeline", 2, decision_on=TODAY + 60 * DAY)
    StakeholderFactory(opportunity=made, name="Kim Doe", role="economic_buyer", stance="supports")
    return made


@pytest.fixture
def below(deal):
    """The same deal without anybody of weight."""
    Stakeholder.objects.all().delete()
    return deal


def draft(**fields):
    return Poc(**{"title": "Live orders", "starts_on": TODAY, "ends_on": TODAY + 30 * DAY} | fields)


def criterion(**fields):
    return PocCriterion(**{"text": "Orders live", "measure": "Five days", "target": "95 of 100"} | fields)


class TestProposing:
    def test_it_is_the_ses_and_proposed(self, deal, se):
        made = actions.propose_poc(se, deal, draft())
        assert (made.number, made.state, made.owner, made.created_by) == (1, "proposed", se, se)
        assert not CharterException.objects.exists()

    def test_one_that_is_not_over_is_enough(self, deal, se):
        actions.propose_poc(se, deal, draft())
        with pytest.raises(Conflict, match="not over"):
            actions.propose_poc(se, deal, draft())
        with pytest.raises(IntegrityError), transaction.atomic():
            poc_of(deal, "running", number=2)
        Poc.objects.update(state="abandoned", ended_on=TODAY, outcome_note="Their budget went")
        assert actions.propose_poc(se, deal, draft()).number == 2

    def test_it_ends_after_it_begins(self, deal, se):
        with pytest.raises(Conflict, match="before it begins"):
            actions.propose_poc(se, deal, draft(ends_on=TODAY - DAY))

    def test_a_closed_deal_begins_none(self, deal, se):
        type(deal).objects.filter(pk=deal.pk).update(
            outcome="lost", stage=stage("lost"), closed_on=TODAY, lost_reason="price"
        )
        with pytest.raises(Conflict, match="closed"):
            actions.propose_poc(se, deal, draft())


class TestCharter:
    def test_below_it_the_list_says_what_is_missing(self, below, se):
        with pytest.raises(GateRefused) as refused:
            actions.propose_poc(se, below, draft())
        assert [item.what for item in refused.value.missing] == ["No sponsor at VP level is engaged"]
        assert not Poc.objects.exists()
        assert not HelpRequest.objects.exists()

    def test_the_se_accepts_it_anyway_and_it_is_kept(self, below, se):
        actions.propose_poc(se, below, draft(), reason="Their board sits on Monday")
        kept = CharterException.objects.get()
        assert (kept.kind, kept.by, kept.reason) == ("poc", se, "Their board sits on Monday")
        assert [item["what"] for item in kept.missing] == ["No sponsor at VP level is engaged"]
        assert kept.request.state == "with_se"

    def test_what_was_accepted_before_is_not_asked_again(self, below, ae, se):
        with pytest.raises(GateRefused):
            request_help(ae, below, "poc", "Two weeks")
        accept_anyway(se, HelpRequest.objects.get(), reason="They are ready")
        actions.propose_poc(se, below, draft())
        assert CharterException.objects.count() == 1

    def test_a_held_request_is_taken_along(self, below, ae, se):
        with pytest.raises(GateRefused):
            request_help(ae, below, "poc", "Two weeks")
        with pytest.raises(GateRefused):
            actions.propose_poc(se, below, draft())
        actions.propose_poc(se, below, draft(), reason="They are ready")
        request = HelpRequest.objects.get()
        assert (request.state, request.note, request.exception.reason) == ("with_se", "Two weeks", "They are ready")


class TestCriteria:
    def test_each_comes_behind_the_last(self, deal, se):
        made = poc_of(deal, criteria=0)
        for text in ("First", "Second"):
            actions.add_criterion(se, made, criterion(text=text))
        assert list(made.criteria.values_list("text", flat=True)) == ["First", "Second"]

    def test_so_many_and_no_more(self, deal, se):
        made = poc_of(deal, criteria=MOST_CRITERIA)
        with pytest.raises(Conflict, match=f"up to {MOST_CRITERIA}"):
            actions.add_criterion(se, made, criterion())

    @pytest.mark.parametrize("state", ["agreed", "running", "passed", "failed", "abandoned"])
    def test_once_agreed_they_are_locked(self, deal, se, state):
        made = poc_of(deal, state)
        row = made.criteria.get()
        row.target = "50 of 100"
        for act in (
            lambda: actions.add_criterion(se, made, criterion()),
            lambda: actions.edit_criterion(se, row, row.version),
            lambda: actions.remove_criterion(se, row),
            lambda: actions.edit_poc(se, made, made.version),
        ):
            with pytest.raises(Conflict):
                act()
        assert made.criteria.get().target == "95 of 100"

    @pytest.mark.parametrize("state", ["agreed", "running", "passed", "abandoned"])
    def test_the_database_locks_them_too(self, deal, state):
        made = poc_of(deal, state)
        for write in (
            lambda: PocCriterion.objects.create(poc=made, text="More", measure="Counted", target="1"),
            lambda: PocCriterion.objects.update(target="50 of 100"),
            lambda: PocCriterion.objects.all().delete(),
            lambda: Poc.objects.update(scope="Everything"),
            lambda: Poc.objects.update(ends_on=TODAY + 90 * DAY),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                write()

    def test_a_decided_pocs_results_stay(self, deal):
        poc_of(deal, "passed")
        with pytest.raises(IntegrityError), transaction.atomic():
            PocCriterion.objects.update(result="12")

    @pytest.mark.parametrize(
        "facts", [{"text": ""}, {"measure": ""}, {"target": ""}, {"met": True}, {"evidence": "Log"}]
    )
    def test_the_database_wants_all_of_it(self, deal, facts):
        made = poc_of(deal)
        with pytest.raises(IntegrityError), transaction.atomic():
            PocCriterion.objects.create(**{"poc": made, "text": "Live", "measure": "Counted", "target": "1"} | facts)

    def test_a_result_is_written_while_it_runs(self, deal, se):
        for number, state in enumerate(("passed", "agreed"), start=1):
            row = poc_of(deal, state, number=number).criteria.get()
            row.result, row.met = "97", True
            with pytest.raises(Conflict, match="while the POC runs"):
                actions.record_result(se, row, row.version)
        Poc.objects.filter(state="agreed").update(state="running", started_on=TODAY)
        row = PocCriterion.objects.get(poc__state="running")
        row.result, row.met, row.evidence = "97", True, "The log"
        actions.record_result(se, row, row.version)
        row.refresh_from_db()
        assert (row.result, row.met, row.evidence_on, row.version) == ("97", True, TODAY, 2)
        with pytest.raises(StaleEdit):
            actions.record_result(se, row, 1)

    def test_nothing_is_judged_without_a_result(self, deal, se):
        row = poc_of(deal, "running").criteria.get()
        row.met = True
        with pytest.raises(Conflict, match="what came out"):
            actions.record_result(se, row, row.version)
        row.result, row.evidence, row.evidence_on = "97", "Log", TODAY + 2 * DAY
        with pytest.raises(Conflict, match="has been seen"):
            actions.record_result(se, row, row.version)

    def test_it_proves_requirements_of_its_deal(self, deal, se, team):
        row = poc_of(deal, "running").criteria.get()
        first, second = (RequirementFactory(opportunity=deal) for _ in range(2))
        actions.link_requirements(se, row, [first])
        actions.link_requirements(se, row, [first, second])
        assert set(row.requirements.all()) == {first, second}
        actions.link_requirements(se, row, [])
        assert not row.requirements.exists()
        with pytest.raises(Conflict, match="another deal"):
            actions.link_requirements(se, row, [RequirementFactory()])


class TestSteps:
    def test_they_stand_by_day_those_without_one_last(self, deal, se):
        made = poc_of(deal, "running")
        PocStep.objects.all().delete()
        for text, due in (("Later", TODAY + 9 * DAY), ("Some day", None), ("Soon", TODAY)):
            actions.add_step(se, made, PocStep(text=text, due_on=due))
        assert [step.text for step in made.steps.in_order()] == ["Soon", "Later", "Some day"]

    def test_what_they_do_is_not_kept_from_them(self, deal, se):
        made = poc_of(deal)
        with pytest.raises(Conflict, match="cannot be kept"):
            actions.add_step(se, made, PocStep(text="Access", side="theirs", is_internal=True))
        with pytest.raises(IntegrityError), transaction.atomic():
            PocStep.objects.create(poc=made, text="Access", side="theirs", is_internal=True)

    def test_done_today_or_not_after_all(self, deal, se):
        step = poc_of(deal, "running").steps.get()
        assert actions.tick_step(se, step, done=True).done_on == timezone.localdate()
        version = actions.tick_step(se, step, done=True).version
        assert actions.tick_step(se, step, done=False).done_on is None
        assert PocStep.objects.get().version == version + 1

    def test_so_many_and_no_more_and_none_when_it_is_over(self, deal, se):
        over, made = poc_of(deal, "failed"), poc_of(deal, "running", number=2)
        PocStep.objects.bulk_create(PocStep(poc=made, text=f"No. {n}") for n in range(MOST_STEPS - 1))
        with pytest.raises(Conflict, match=f"up to {MOST_STEPS}"):
            actions.add_step(se, made, PocStep(text="One more"))
        for act in (
            lambda: actions.add_step(se, over, PocStep(text="More")),
            lambda: actions.edit_step(se, over.steps.get(), 1),
            lambda: actions.tick_step(se, over.steps.get(), done=True),
            lambda: actions.remove_step(se, over.steps.get()),
        ):
            with pytest.raises(Conflict, match="over"):
                act()


class TestEffort:
    def test_it_is_kept_at_any_time(self, deal, se, team):
        made = poc_of(deal, "passed")
        made.days_planned, made.days_spent = 8, "9.5"
        actions.keep_effort(se, made, made.version)
        assert str(Poc.objects.get().days_spent) == "9.5"

    def test_whoever_runs_it_is_at_work(self, deal, se, ae):
        made = poc_of(deal)
        made.owner = ae
        with pytest.raises(Conflict, match="not an SE"):
            actions.keep_effort(se, made, made.version)

    @pytest.mark.parametrize("days", [-1, 366])
    def test_in_a_range(self, deal, days):
        poc_of(deal)
        with pytest.raises(IntegrityError), transaction.atomic():
            Poc.objects.update(days_spent=days)


class TestLane:
    def test_the_ae_reads_and_sees_whose_lane_it_is(self, deal, ae, sign_in):
        made = poc_of(deal, "running")
        client = sign_in(ae)
        shown = client.get(f"/pocs/{made.pk}/").content.decode()
        assert "The technical lane" in shown
        assert "Criterion 0" in shown
        assert "Record result" not in shown
        assert client.get(f"/opportunities/{deal.pk}/pocs/").status_code == 200

    @pytest.mark.parametrize("role", ["ae", "another SE"])
    def test_the_actions_ask_too(self, deal, ae, team, role):
        made = poc_of(deal)
        row, step = made.criteria.get(), made.steps.get()
        person = ae if role == "ae" else UserFactory(role="se", team=team)
        for act in (
            lambda: actions.propose_poc(person, deal, draft()),
            lambda: actions.edit_poc(person, made, 1),
            lambda: actions.keep_effort(person, made, 1),
            lambda: actions.add_criterion(person, made, criterion()),
            lambda: actions.edit_criterion(person, row, 1),
            lambda: actions.remove_criterion(person, row),
            lambda: actions.record_result(person, row, 1),
            lambda: actions.link_requirements(person, row, []),
            lambda: actions.add_step(person, made, PocStep(text="More")),
            lambda: actions.edit_step(person, step, 1),
            lambda: actions.tick_step(person, step, done=True),
            lambda: actions.remove_step(person, step),
        ):
            with pytest.raises(NotAllowed):
                act()


class TestInTheBrowser:
    def test_from_the_proposal_to_the_result(self, deal, se, sign_in):
        client = sign_in(se)
        page = client.get(f"/opportunities/{deal.pk}/pocs/").content.decode()
        assert "Propose a POC" in page
        form = client.get(f"/opportunities/{deal.pk}/pocs/propose/").context["form"]
        assert form["ends_on"].value() - form["starts_on"].value() == 30 * DAY
        assert "reason" not in form.fields
        data = {"title": "Live orders", "starts_on": TODAY, "ends_on": TODAY + 20 * DAY, "days_planned": "4.5"}
        made = client.post(f"/opportunities/{deal.pk}/pocs/propose/", data).url
        assert made == Poc.objects.get().get_absolute_url()
        data = {"text": " Orders   live ", "measure": "Counted", "target": "95 of 100"}
        client.post(f"{made}criteria/add/", data)
        row = PocCriterion.objects.get()
        assert row.text == "Orders live"
        assert client.post(f"{made}steps/add/", {"text": "Access", "side": "theirs"}).status_code == 302
        Poc.objects.update(state="running", started_on=TODAY, agreed_on=TODAY, agreed_name="Kim Doe", agreements=1)
        data = {"result": "97", "met": "yes", "evidence": "Log", "version": row.version}
        assert client.post(f"/poc-criteria/{row.pk}/result/", data).status_code == 302
        row.refresh_from_db()
        assert (row.met, row.evidence_on, row.evidence_shared) == (True, timezone.localdate(), False)
        shown = client.get(made).content.decode()
        for text in ("1 of 1 met", "Orders live", "97", "20 days left", "Access"):
            assert text in shown

    def test_below_the_charter_the_form_asks_why(self, below, se, sign_in):
        client = sign_in(se)
        address = f"/opportunities/{below.pk}/pocs/propose/"
        assert "No sponsor at VP level" in client.get(address).content.decode()
        data = {"title": "Live orders", "starts_on": TODAY, "ends_on": TODAY}
        answer = client.post(address, data)
        assert answer.status_code == 409
        assert "reason" in answer.context["form"].errors
        assert client.post(address, data | {"reason": "Their board"}).status_code == 302

    def test_the_second_of_two_sees_both_values(self, deal, se, manager, sign_in):
        made = poc_of(deal)
        made.scope = "Two plants"
        actions.edit_poc(manager, made, made.version)
        data = {"title": "Live orders", "scope": "Three plants", "starts_on": TODAY, "ends_on": TODAY, "version": 1}
        answer = sign_in(se).post(f"/pocs/{made.pk}/edit/", data)
        assert answer.status_code == 409
        assert "Now stored: Two plants" in answer.content.decode()

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "title"),
            ({"title": "x" * 161}, "title"),
            ({"scope": "x" * 4001}, "scope"),
            ({"starts_on": "1700-01-01"}, "starts_on"),
            ({"ends_on": "9999-01-01"}, "ends_on"),
            ({"starts_on": "2026-05-05", "ends_on": "2026-05-04"}, "ends_on"),
            ({"days_planned": "1e9"}, "days_planned"),
            ({"days_planned": "NaN"}, "days_planned"),
        ],
    )
    def test_bad_input_is_a_form_error(self, deal, se, sign_in, data, field):
        answer = sign_in(se).post(f"/opportunities/{deal.pk}/pocs/propose/", data)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors

    def test_a_step_is_ticked_with_a_word_that_is_known(self, deal, se, sign_in):
        step = poc_of(deal, "running").steps.get()
        client = sign_in(se)
        assert client.post(f"/poc-steps/{step.pk}/done/", {"done": "perhaps"}).status_code == 409
        assert client.post(f"/poc-steps/{step.pk}/done/", {"done": "yes"}).status_code == 302
        assert PocStep.objects.get().done_on

    def test_what_they_wrote_is_text(self, deal, se, sign_in):
        made = poc_of(deal, title="<script>alert(1)</script>", scope='"><img src=x>')
        shown = sign_in(se).get(f"/pocs/{made.pk}/").content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown

    @pytest.mark.parametrize("state", ["proposed", "running", "passed"])
    def test_few_queries_whatever_the_number(self, deal, se, sign_in, django_assert_max_num_queries, state):
        for number in range(2, 6):
            poc_of(deal, "abandoned", number=number)
        made = poc_of(deal, state, criteria=10, number=6)
        PocStep.objects.bulk_create(PocStep(poc=made, text=f"No. {n}", due_on=TODAY) for n in range(20))
        for row in made.criteria.all():
            actions.link_requirements(se, row, [RequirementFactory(opportunity=deal)])
        made.days_spent = 3
        actions.keep_effort(se, made, made.version)
        client = sign_in(se)
        for address in (f"/pocs/{made.pk}/", f"/opportunities/{deal.pk}/pocs/"):
            with django_assert_max_num_queries(12):
                assert client.get(address).status_code == 200
