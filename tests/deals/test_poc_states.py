"""What becomes of a POC: agreed before it starts, changed by a new agreement alone, decided by its criteria, waived."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from deals.actions import poc_states as actions
from deals.actions import pocs
from deals.models import CharterException, Claim, HelpRequest, Opportunity, Poc, PocCriterion, PocWaiver, Stakeholder
from deals.timeline import pocs_of
from presales.errors import Conflict, GateRefused, NotAllowed
from tests.deals.factories import OpportunityFactory, StakeholderFactory, poc_of, stage
from tests.factories import UserFactory
from tests.qualification.factories import evidence, framework

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()
DAY = datetime.timedelta(days=1)


@pytest.fixture
def deal(team, ae, se):
    framework()
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("evaluation"))
    Claim.objects.create(opportunity=made, se=se)
    evidence(made.dossier, "budget", 2, amount=60000)
    evidence(made.dossier, "timeline", 2, decision_on=TODAY + 60 * DAY)
    return made


@pytest.fixture
def buyer(deal):
    return StakeholderFactory(opportunity=deal, name="Kim Doe", role="economic_buyer", stance="supports")


def fresh(poc):
    return Poc.objects.get(pk=poc.pk)


class TestAgreement:
    def test_who_and_when(self, deal, se, buyer):
        made = actions.agree_poc(se, poc_of(deal), buyer, TODAY - DAY, "By mail")
        assert (made.state, made.agreed_on, made.agreed_name, made.agreements) == ("agreed", TODAY - DAY, "Kim Doe", 1)
        buyer.delete()
        assert fresh(made).agreed_name == "Kim Doe"

    def test_there_is_something_to_agree_to(self, deal, se, buyer):
        with pytest.raises(Conflict, match="at least one success criterion"):
            actions.agree_poc(se, poc_of(deal, criteria=0), buyer, TODAY)

    def test_by_somebody_of_this_deal_up_to_today_and_once(self, deal, se, buyer):
        made = poc_of(deal)
        with pytest.raises(Conflict, match="another deal"):
            actions.agree_poc(se, made, StakeholderFactory(), TODAY)
        with pytest.raises(Conflict, match="when it has happened"):
            actions.agree_poc(se, made, buyer, TODAY + 2 * DAY)
        actions.agree_poc(se, made, buyer, TODAY)
        with pytest.raises(Conflict, match="Kim Doe agreed"):
            actions.agree_poc(se, made, buyer, TODAY)

    def test_to_what_was_read(self, deal, se, manager, buyer):
        made = poc_of(deal)
        seen = actions.mark_of(made)
        made.scope = "Two plants"
        pocs.edit_poc(manager, made, made.version)
        with pytest.raises(Conflict, match="changed the plan meanwhile"):
            actions.agree_poc(se, made, buyer, TODAY, seen=seen)

    def test_criteria_changed_meanwhile_are_noticed_too(self, deal, se, manager, buyer):
        made = poc_of(deal)
        seen = actions.mark_of(made)
        pocs.add_criterion(manager, made, PocCriterion(text="More", measure="Counted", target="1"))
        with pytest.raises(Conflict, match="changed the plan meanwhile"):
            actions.agree_poc(se, made, buyer, TODAY, seen=seen)

    def test_changing_it_wants_a_reason_and_a_new_agreement(self, deal, se, buyer):
        made = actions.agree_poc(se, poc_of(deal), buyer, TODAY)
        with pytest.raises(Conflict, match="why the plan changes"):
            actions.change_plan(se, made, reason=" ")
        made = actions.change_plan(se, made, reason="They want two plants")
        assert (made.state, made.agreed_on, made.agreed_name, made.change_reason) == (
            "proposed", None, "", "They want two plants",
        )  # fmt: skip
        pocs.add_criterion(se, made, PocCriterion(text="Second plant", measure="Counted", target="1"))
        assert actions.agree_poc(se, made, buyer, TODAY).agreements == 2

    def test_a_running_one_goes_on_and_is_not_decided_before_it_is_agreed_anew(self, deal, se, buyer):
        made = poc_of(deal, "running")
        made = actions.change_plan(se, made, reason="One week more")
        assert (made.state, made.agreed_on) == ("running", None)
        row = made.criteria.get()
        row.result, row.met = "97", True
        pocs.record_result(se, row, row.version)
        with pytest.raises(GateRefused) as refused:
            actions.finish_poc(se, made, "passed", TODAY)
        assert [item.what for item in refused.value.missing] == [
            "The customer has not agreed to the criteria as they are now"
        ]
        actions.agree_poc(se, made, buyer, TODAY)
        assert actions.finish_poc(se, made, "passed", TODAY).state == "passed"

    def test_nothing_to_change_where_nothing_is_agreed(self, deal, se):
        with pytest.raises(Conflict, match="Nothing is agreed"):
            actions.change_plan(se, poc_of(deal), reason="More")

    @pytest.mark.parametrize(
        "facts",
        [
            {"state": "agreed"},
            {"state": "running"},
            {"state": "running", "started_on": TODAY},
            {"state": "passed", "started_on": TODAY, "ended_on": TODAY},
            {"agreed_on": TODAY, "agreed_name": "Kim"},
            {"started_on": TODAY},
            {"state": "abandoned", "ended_on": TODAY},
            {"ended_on": TODAY},
            {"state": "perhaps"},
            {"starts_on": TODAY + 90 * DAY},
        ],
    )
    def test_the_database_refuses_what_cannot_be(self, deal, facts):
        poc_of(deal)
        with pytest.raises(IntegrityError), transaction.atomic():
            Poc.objects.update(**facts)


class TestStart:
    def test_after_the_agreement(self, deal, se, buyer):
        made = actions.start_poc(se, poc_of(deal, "agreed"), TODAY)
        assert (made.state, made.started_on, made.unagreed_reason) == ("running", TODAY, "")
        with pytest.raises(Conflict, match="running already"):
            actions.start_poc(se, made, TODAY)

    def test_not_before_it_was_agreed(self, deal, se, buyer):
        made = poc_of(deal, "agreed")
        with pytest.raises(Conflict, match="cannot have started before"):
            actions.start_poc(se, made, TODAY - DAY)

    def test_without_an_agreement_only_a_manager_says_so(self, deal, se, manager, buyer):
        made = poc_of(deal)
        with pytest.raises(GateRefused, match="cannot start yet") as refused:
            actions.start_poc(se, made, TODAY)
        assert [item.what for item in refused.value.missing] == ["The customer has not agreed to its success criteria"]
        with pytest.raises(NotAllowed):
            actions.start_poc(se, made, TODAY, unagreed=True, reason="They are in a hurry")
        with pytest.raises(Conflict, match="Say why"):
            actions.start_poc(manager, made, TODAY, unagreed=True)
        actions.start_poc(manager, made, TODAY, unagreed=True, reason="Their plant stands still on Monday")
        made = fresh(made)
        assert (made.state, made.unagreed_by, made.unagreed_reason) == (
            "running", manager, "Their plant stands still on Monday",
        )  # fmt: skip
        # Its criteria can still be written and agreed to; that it began before stays on it.
        actions.agree_poc(se, made, buyer, TODAY)
        assert fresh(made).unagreed_reason

    def test_below_the_charter_by_now_it_is_held_back(self, deal, se):
        made = poc_of(deal, "agreed")
        with pytest.raises(GateRefused, match="held back by the charter"):
            actions.start_poc(se, made, TODAY)
        actions.start_poc(se, made, TODAY, charter="Their sponsor left; his deputy stands in")
        assert CharterException.objects.get().reason == "Their sponsor left; his deputy stands in"

    def test_not_on_a_closed_deal(self, deal, se, buyer):
        made = poc_of(deal, "agreed")
        Opportunity.objects.update(outcome="lost", stage=stage("lost"), closed_on=TODAY, lost_reason="price")
        with pytest.raises(Conflict, match="closed"):
            actions.start_poc(se, made, TODAY)


class TestEnd:
    def judged(self, deal, *met):
        made = poc_of(deal, "running", criteria=len(met))
        for row, value in zip(made.criteria.all(), met, strict=True):
            PocCriterion.objects.filter(pk=row.pk).update(met=value, result="" if value is None else "97")
        return made

    def test_passed_when_everything_is_met(self, deal, se):
        made = actions.finish_poc(se, self.judged(deal, True, True), "passed", TODAY)
        assert (made.state, made.ended_on) == ("passed", TODAY)
        assert actions.finish_poc(se, made, "passed", TODAY).version == made.version
        with pytest.raises(Conflict, match="over"):
            actions.finish_poc(se, made, "failed", TODAY, "No")

    def test_passed_all_the_same_wants_words(self, deal, se):
        made = self.judged(deal, True, False)
        with pytest.raises(Conflict, match="passed all the same"):
            actions.finish_poc(se, made, "passed", TODAY)
        assert actions.finish_poc(se, made, "passed", TODAY, "Fixed on the last day").state == "passed"

    @pytest.mark.parametrize("state", ["failed", "abandoned"])
    def test_an_end_says_why(self, deal, se, state):
        made = self.judged(deal, False)
        with pytest.raises(Conflict, match="what came of it"):
            actions.finish_poc(se, made, state, TODAY)
        assert actions.finish_poc(se, made, state, TODAY, "Too slow").state == state

    def test_every_criterion_is_judged_before_it_is_decided(self, deal, se):
        made = self.judged(deal, True, None, None)
        with pytest.raises(GateRefused) as refused:
            actions.finish_poc(se, made, "failed", TODAY, "No")
        assert [item.what for item in refused.value.missing] == ["2 criteria have no result yet"]

    def test_one_that_never_began_is_only_abandoned(self, deal, se):
        made = poc_of(deal)
        with pytest.raises(GateRefused):
            actions.finish_poc(se, made, "passed", TODAY)
        assert actions.finish_poc(se, made, "abandoned", TODAY, "Their budget went").state == "abandoned"

    def test_what_the_ae_asked_for_is_done_with_it(self, deal, se, ae):
        HelpRequest.objects.create(opportunity=deal, kind="poc", state="with_se", requested_by=ae)
        actions.finish_poc(se, self.judged(deal, True), "passed", TODAY)
        assert HelpRequest.objects.get().state == "done"

    @pytest.mark.parametrize(("before", "after"), [("passed", "running"), ("failed", "running")])
    def test_taken_up_again(self, deal, se, before, after):
        made = poc_of(deal, before)
        with pytest.raises(Conflict, match="why it goes on"):
            actions.resume_poc(se, made, reason="")
        made = actions.resume_poc(se, made, reason="Recorded a day too early")
        assert (made.state, made.ended_on, made.outcome_note) == (after, None, "")

    def test_an_abandoned_one_goes_back_to_where_it_was(self, deal, se):
        made = poc_of(deal, "abandoned")
        assert actions.resume_poc(se, made, reason="They called").state == "proposed"

    def test_not_beside_another_nor_against_a_waiver(self, deal, se, buyer):
        old = poc_of(deal, "failed")
        poc_of(deal, "running", number=2)
        with pytest.raises(Conflict, match="another POC"):
            actions.resume_poc(se, old, reason="Again")
        Poc.objects.filter(number=2).update(state="abandoned", ended_on=TODAY, outcome_note="-")
        actions.waive_poc(se, deal, buyer, TODAY, reason="Enough seen")
        with pytest.raises(Conflict, match="waived"):
            actions.resume_poc(se, old, reason="Again")


class TestWaiver:
    def test_who_when_and_why(self, deal, se, buyer):
        actions.waive_poc(se, deal, buyer, TODAY, reason="Their sister company runs it")
        actions.waive_poc(se, deal, buyer, TODAY - DAY, reason="Their sister company runs it since May")
        waiver = PocWaiver.objects.get()
        assert (waiver.waived_name, waiver.waived_on, waiver.recorded_by) == ("Kim Doe", TODAY - DAY, se)
        Stakeholder.objects.all().delete()
        assert PocWaiver.objects.get().waived_name == "Kim Doe"

    def test_not_beside_a_poc_without_a_reason_or_in_the_future(self, deal, se, buyer):
        poc_of(deal, "running")
        with pytest.raises(Conflict, match="not over"):
            actions.waive_poc(se, deal, buyer, TODAY, reason="Enough")
        Poc.objects.update(state="abandoned", ended_on=TODAY, outcome_note="They waive it")
        with pytest.raises(Conflict, match="why they want no POC"):
            actions.waive_poc(se, deal, buyer, TODAY, reason=" ")
        with pytest.raises(Conflict, match="when it has happened"):
            actions.waive_poc(se, deal, buyer, TODAY + 2 * DAY, reason="Enough")
        with pytest.raises(Conflict, match="another deal"):
            actions.waive_poc(se, deal, StakeholderFactory(), TODAY, reason="Enough")

    def test_taken_back(self, deal, se, buyer):
        actions.waive_poc(se, deal, buyer, TODAY, reason="Enough")
        with pytest.raises(Conflict, match="waived"):
            pocs.propose_poc(se, deal, Poc(title="T", starts_on=TODAY, ends_on=TODAY))
        actions.take_back_waiver(se, deal)
        actions.take_back_waiver(se, deal)
        deal = Opportunity.objects.get(pk=deal.pk)
        assert pocs.propose_poc(se, deal, Poc(title="T", starts_on=TODAY, ends_on=TODAY)).number == 1


@pytest.mark.parametrize("role", ["ae", "another SE"])
def test_the_other_lane_decides_nothing(deal, ae, team, buyer, role):
    made = poc_of(deal)
    person = ae if role == "ae" else UserFactory(role="se", team=team)
    for act in (
        lambda: actions.agree_poc(person, made, buyer, TODAY),
        lambda: actions.change_plan(person, made, reason="x"),
        lambda: actions.start_poc(person, made, TODAY),
        lambda: actions.finish_poc(person, made, "abandoned", TODAY, "x"),
        lambda: actions.resume_poc(person, made, reason="x"),
        lambda: actions.waive_poc(person, deal, buyer, TODAY, reason="x"),
        lambda: actions.take_back_waiver(person, deal),
    ):
        with pytest.raises(NotAllowed):
            act()


class TestInTheBrowser:
    def test_from_the_agreement_to_the_outcome(self, deal, se, buyer, sign_in):
        made = poc_of(deal)
        client, page = sign_in(se), made.get_absolute_url()
        form = client.get(f"{page}agree/").context["form"]
        data = {"stakeholder": buyer.pk, "agreed_on": TODAY, "how": "By mail", "seen": form["seen"].value()}
        assert client.post(f"{page}agree/", data).url == page
        assert "They agree" not in client.get(page).content.decode()
        assert client.post(f"{page}start/", {"started_on": TODAY}).url == page
        row = made.criteria.get()
        client.post(f"/poc-criteria/{row.pk}/result/", {"result": "90", "met": "no", "version": row.version})
        assert client.post(f"{page}finish/", {"state": "failed", "ended_on": TODAY, "note": "Too slow"}).url == page
        shown = client.get(page).content.decode()
        for text in ("Failed", "Too slow", "Take it up again", "recorded that the customer agrees"):
            assert text in shown
        assert client.post(f"{page}resume/", {"reason": "Too early"}).url == page
        assert client.post(f"{page}change/", {"reason": "Two plants"}).url == page
        assert fresh(made).agreed_on is None

    def test_an_se_hears_at_once_that_it_is_not_agreed(self, deal, se, manager, sign_in):
        made = poc_of(deal)
        answer = sign_in(se).get(f"/pocs/{made.pk}/start/")
        assert answer.status_code == 409
        assert "not agreed to its success criteria" in answer.content.decode()
        form = sign_in(manager).get(f"/pocs/{made.pk}/start/").context["form"]
        assert {"unagreed", "reason"} <= set(form.fields)

    def test_a_waiver_and_back(self, deal, se, ae, buyer, sign_in):
        client = sign_in(se)
        page = f"/opportunities/{deal.pk}/pocs/"
        data = {"stakeholder": buyer.pk, "waived_on": TODAY, "reason": "Their sister company runs it"}
        assert client.post(f"{page}waive/", data).url == page
        shown = sign_in(ae).get(page).content.decode()
        for text in ("waived the POC", "Kim Doe", "Their sister company runs it", "The technical lane"):
            assert text in shown
        assert "They want one after all" not in shown
        assert client.post(f"{page}waiver/take-back/").url == page
        assert not PocWaiver.objects.exists()

    def test_the_story_of_the_deal_tells_it(self, deal, se, buyer, sign_in):
        made = poc_of(deal)
        actions.agree_poc(se, made, buyer, TODAY)
        actions.start_poc(se, made, TODAY)
        assert [entry.title for entry in pocs_of(deal)] == [
            "started POC 1", "recorded that Kim Doe agrees to the criteria of POC 1",
        ]  # fmt: skip
        assert "started POC 1" in sign_in(se).get(f"/opportunities/{deal.pk}/timeline/").content.decode()
