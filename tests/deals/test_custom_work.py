"""Custom work goes from the requirements into the statement of work of the proposal, and into the handoff."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions.custom_work import carry_work
from deals.actions.handoffs import missing_of
from deals.actions.proposal_states import missing_to_send
from deals.actions.proposals import start_proposal
from deals.actions.rfps import save_answer
from deals.models import (
    Claim,
    CriterionRequirement,
    Handoff,
    Proposal,
    Requirement,
    Rfp,
    RfpQuestion,
)
from deals.proofs import proofs_of
from presales.errors import Conflict, NotAllowed
from tests.deals.factories import DemoPartFactory, OpportunityFactory, RequirementFactory, poc_of, proposal_of, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("negotiation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def reports(deal):
    return RequirementFactory(
        opportunity=deal, text="Reports in their layout", fit="custom", work="Three reports", work_days=Decimal("2.5")
    )


def told(proposal):
    return [str(row) for row in Proposal.objects.get(pk=proposal.pk).work.all()]


def behind(proposal):
    return any("statement of work" in item.what for item in missing_to_send(Proposal.objects.get(pk=proposal.pk)))


class TestProposal:
    def test_a_new_version_begins_with_the_custom_work_of_the_requirements(self, deal, reports, ae):
        RequirementFactory(opportunity=deal, fit="native", work="Left from before")
        draft = start_proposal(ae, deal)
        assert told(draft) == ["Reports in their layout: Three reports (2.5 days)"]
        assert draft.work.get().requirement == reports

    def test_what_changed_since_is_missing_until_it_is_taken_over(self, deal, reports, ae, se):
        draft = start_proposal(ae, deal)
        assert not behind(draft)
        Requirement.objects.update(work="Four reports")
        extra = RequirementFactory(opportunity=deal, text="Scanned notes", fit="custom", work_days=1)
        assert behind(draft)
        carry_work(se, draft)
        carry_work(ae, draft)
        assert told(draft) == ["Reports in their layout: Four reports (2.5 days)", "Scanned notes (1 day)"]
        assert not behind(draft)
        extra.delete()
        assert behind(draft)

    def test_what_was_sent_is_never_changed(self, deal, reports, ae):
        draft = start_proposal(ae, deal)
        sent = Proposal.objects.filter(pk=draft.pk)
        day = timezone.localdate()
        sent.update(state="sent", sent_on=day, sent_to="Lena", valid_until=day)
        with pytest.raises(Conflict, match="stays as it is"):
            carry_work(ae, sent.get())
        row = draft.work.get()
        for change in ({"title": "Never said"}, {"days": 1}):
            with pytest.raises(IntegrityError), transaction.atomic():
                draft.work.filter(pk=row.pk).update(**change)
        reports.delete()
        assert told(draft) == ["Reports in their layout: Three reports (2.5 days)"]

    def test_outside_both_lanes_nobody_carries(self, deal, team, ae):
        draft = start_proposal(ae, deal)
        for role in ("se", "ae"):
            with pytest.raises(NotAllowed):
                carry_work(UserFactory(role=role, team=team), draft)

    def test_the_customer_reads_it_and_versions_are_compared(self, client, deal, reports, ae):
        first = start_proposal(ae, deal)
        Proposal.objects.update(state="sent", sent_on=timezone.localdate(), sent_to="Lena")
        Requirement.objects.update(work="Four <b>reports</b>")
        second = start_proposal(ae, deal)
        client.force_login(ae)
        assert "Three reports" in client.get(f"/proposals/{first.pk}/print/").content.decode()
        page = client.get(f"/proposals/{second.pk}/compare/").content.decode()
        assert "Four &lt;b&gt;reports" in page
        assert "<del>" in page


class TestHandoff:
    def test_it_begins_with_the_custom_work_and_has_to_name_all_of_it(self, client, deal, reports, se):
        client.force_login(se)
        form = client.get(f"/opportunities/{deal.pk}/handoff/custom-work/").context["form"]
        assert form["custom_work"].value() == "Reports in their layout: Three reports (2.5 days)"
        handoff = Handoff.objects.create(opportunity=deal, started_by=se, custom_work="reports in  THEIR layout, ours")
        assert not [item for item in missing_of(handoff) if "Reports" in item.what]
        RequirementFactory(opportunity=deal, text="Scanned notes", fit="custom")
        assert [item.what for item in missing_of(handoff) if "Scanned" in item.what] == [
            "Say what becomes of “Scanned notes” under custom work"
        ]


class TestScope:
    def test_custom_work_asks_for_its_scope_at_once(self, client, deal, se):
        row = RequirementFactory(opportunity=deal, text="Reports")
        client.force_login(se)
        answer = client.post(f"/requirements/{row.pk}/fit/", {"fit": "custom", "version": 1})
        assert answer.url == f"/requirements/{row.pk}/scope/"
        answer = client.post(answer.url, {"work": "Three reports", "work_days": "2.5", "version": 2})
        assert answer.status_code == 302
        row.refresh_from_db()
        assert (row.work, row.work_days, row.fit) == ("Three reports", Decimal("2.5"), "custom")

    @pytest.mark.parametrize("days", ["0", "-1", "10000", "NaN", "1e400", "x"])
    def test_days_that_are_none_are_refused(self, client, deal, reports, se, days):
        client.force_login(se)
        facts = {"work": "W", "work_days": days, "version": 1}
        assert client.post(f"/requirements/{reports.pk}/scope/", facts).status_code == 422

    def test_the_database_refuses_them_too(self, deal):
        with pytest.raises(IntegrityError), transaction.atomic():
            RequirementFactory(opportunity=deal, work_days=0)


class TestProofs:
    def test_a_requirement_says_what_proves_it(self, client, deal, reports, ae, se, django_assert_max_num_queries):
        part = DemoPartFactory(demo__opportunity=deal, requirement=reports, result="convinced")
        rfp = Rfp.objects.create(opportunity=deal, name="Their RFP", due_on="2027-01-01")
        RfpQuestion.objects.create(rfp=rfp, line=2, number="2.1", text="Reports?", requirement=reports)
        criterion = poc_of(deal).criteria.get()
        CriterionRequirement.objects.create(criterion=criterion, requirement=reports)
        proposal = start_proposal(ae, deal)
        found = proofs_of(deal)[reports.pk]
        assert [(proof.kind, proof.title, proof.state_label) for proof in found] == [
            ("demo", part.demo.title, "Convinced"),
            ("poc", "POC 1: Criterion 0", "No result yet"),
            ("question", "2.1, Their RFP", "Open"),
            ("work", "proposal 1", "Draft"),
        ]
        client.force_login(se)
        with django_assert_max_num_queries(12):
            page = client.get(f"/opportunities/{deal.pk}/requirements/").content.decode()
        for proof in found:
            assert proof.url in page
        assert f"/proposals/{proposal.pk}/" in page

    def test_of_another_deal_nothing_is_told(self, deal, reports, team, ae):
        DemoPartFactory(demo__opportunity=OpportunityFactory(team=team, owner=ae), requirement=reports)
        assert proofs_of(deal) == {}

    def test_a_question_is_about_a_requirement_of_its_own_deal_and_the_lane_says_which(
        self, client, deal, reports, ae, se
    ):
        rfp = Rfp.objects.create(opportunity=deal, name="Their RFP", due_on="2027-01-01")
        question = RfpQuestion.objects.create(rfp=rfp, line=2, text="Reports?", owner=ae)
        question.requirement = RequirementFactory()
        with pytest.raises(Conflict, match="another deal"):
            save_answer(se, question, question.version)
        client.force_login(ae)
        facts = {"answer": "Yes", "state": "drafted", "version": 1, "requirement": reports.pk}
        client.post(f"/rfp-questions/{question.pk}/", facts)
        assert RfpQuestion.objects.get().requirement is None
        client.force_login(se)
        client.post(f"/rfp-questions/{question.pk}/", facts | {"version": 2})
        assert RfpQuestion.objects.get().requirement == reports


def test_a_proposal_without_custom_work_says_nothing_of_it(client, deal, ae):
    proposal = proposal_of(deal)
    client.force_login(ae)
    for url in (f"/proposals/{proposal.pk}/", f"/proposals/{proposal.pk}/print/"):
        assert "Statement of work" not in client.get(url).content.decode()
