"""Proposals: each in its lane, exact to the cent, approved above the limit, and never changed once sent."""

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from deals.actions.proposal_states import (
    accept_proposal,
    approve_proposal,
    ask_approval,
    decline_proposal,
    expire_proposals,
    redraft_proposal,
    send_back_proposal,
    send_proposal,
    take_back_answer,
)
from deals.actions.proposals import price_proposal, start_proposal, write_section
from deals.models import Claim, Opportunity, Proposal, ProposalLine, ProposalSection
from deals.models.proposals import MOST_LINES, NEXT, Totals
from presales.errors import Conflict, GateRefused, NotAllowed, StaleEdit
from qualification.models import TeamPolicy
from tests.deals.factories import OpportunityFactory, StakeholderFactory, proposal_of, stage
from tests.factories import UserFactory
from tests.qualification.factories import DossierFactory, evidence, framework

pytestmark = pytest.mark.django_db

DEAR = [{"description": "Licence", "unit_price": 60000, "discount": 20}]


@pytest.fixture
def deal(team, ae, se):
    dossier = DossierFactory(framework=framework("bant"), team=team)
    made = OpportunityFactory(
        name="Acme: plants", team=team, owner=ae, se=se, stage=stage("negotiation"), dossier=dossier
    )
    Claim.objects.create(opportunity=made, se=se)
    return made


def today():
    return timezone.localdate()


def stored(proposal):
    return Proposal.objects.get(pk=proposal.pk)


def send(actor, proposal, **facts):
    return send_proposal(actor, proposal, **{"sent_on": today(), "sent_to": "Lena Brandt, CTO"} | facts)


def accept(actor, proposal, **facts):
    return accept_proposal(actor, proposal, **{"answered_on": today(), "answered_by": "Lena Brandt"} | facts)


def decline(actor, proposal, **facts):
    return decline_proposal(actor, proposal, **{"answered_on": today(), "answered_by": "Lena Brandt"} | facts)


def text(proposal, kind):
    return ProposalSection.objects.get(proposal=proposal, kind=kind)


class TestStarting:
    def test_the_needs_come_from_what_the_customer_said_and_nothing_else(self, deal, ae):
        evidence(deal.dossier, "need", 3, text="Two outages a month")
        evidence(deal.dossier, "budget", 3, text="They would pay double", amount=90000)
        evidence(deal.dossier, "authority", 3, text="Their CTO is afraid of her CFO", person_name="X")
        draft = start_proposal(ae, deal)
        assert text(draft, "needs").text == "Two outages a month"
        assert (draft.number, draft.state, draft.currency) == (1, "draft", deal.currency)
        assert draft.valid_until == today() + datetime.timedelta(days=30)

    def test_what_we_only_assume_is_not_told_to_the_customer(self, deal, ae):
        evidence(deal.dossier, "need", 1, text="Perhaps outages")
        assert text(start_proposal(ae, deal), "needs").text == ""

    def test_the_se_may_start_it_too(self, deal, se):
        assert start_proposal(se, deal).created_by == se

    def test_a_new_version_begins_with_what_the_last_one_said(self, deal, ae):
        last = proposal_of(deal, "declined", DEAR, term_months=36, title="The plants")
        draft = start_proposal(ae, deal)
        assert (draft.number, draft.title, draft.term_months) == (2, "The plants", 36)
        assert [text(draft, kind).text for kind in ("needs", "terms")] == ["The needs of it.", "The terms of it."]
        assert draft.totals() == last.totals()
        assert stored(last).state == "declined"

    @pytest.mark.parametrize("state", ["draft", "in_approval", "approved"])
    def test_one_version_is_written_at_a_time(self, deal, ae, state):
        proposal_of(deal, state)
        with pytest.raises(Conflict, match="Proposal 1 is still being written"):
            start_proposal(ae, deal)

    def test_what_was_accepted_stays_until_a_new_version_is_sent(self, deal, ae):
        accepted = proposal_of(deal, "accepted")
        draft = start_proposal(ae, deal)
        assert stored(accepted).state == "accepted"
        send(ae, draft)
        assert (stored(accepted).state, stored(accepted).answered_by) == ("replaced", "Lena Brandt")

    def test_not_on_a_closed_deal(self, deal, ae):
        other = OpportunityFactory(
            team=deal.team, owner=ae, stage=stage("lost"), outcome="lost", closed_on=today(), lost_reason="price"
        )
        with pytest.raises(Conflict, match="closed"):
            start_proposal(ae, other)

    def test_it_is_work_on_the_deal(self, deal, ae):
        Opportunity.objects.update(last_activity_at=timezone.now() - datetime.timedelta(days=9))
        start_proposal(ae, deal)
        assert timezone.now() - Opportunity.objects.get(pk=deal.pk).last_activity_at < datetime.timedelta(minutes=1)


class TestLanes:
    """Posted past the pages, as somebody would who means to."""

    @pytest.fixture
    def draft(self, deal):
        return proposal_of(deal)

    def pricing(self, draft, **changes):
        return {
            "title": "Ours", "valid_until": "2099-01-01", "term_months": 12, "version": draft.version,
            "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0, "lines-0-description": "Licence", "lines-0-quantity": 1,
            "lines-0-unit_price": "1", "lines-0-discount": "0", "lines-0-recurrence": "yearly",
        } | changes  # fmt: skip

    @pytest.mark.parametrize(
        ("kind", "writers"),
        [
            ("needs", {"ae", "se", "manager"}), ("solution", {"se", "manager"}),
            ("approach", {"ae", "se", "manager"}), ("terms", {"ae", "manager"}),
        ],
    )  # fmt: skip
    def test_each_text_has_its_lane(self, draft, ae, se, manager, sign_in, kind, writers):
        section = text(draft, kind)
        for role, person in {"ae": ae, "se": se, "manager": manager}.items():
            data = {"text": f"By the {role}", "version": ProposalSection.objects.get(pk=section.pk).version}
            answer = sign_in(person).post(f"/proposal-sections/{section.pk}/edit/", data)
            assert answer.status_code == (302 if role in writers else 403), role

    def test_the_se_prices_nothing(self, draft, se, sign_in):
        client = sign_in(se)
        assert client.post(f"/proposals/{draft.pk}/price/", self.pricing(draft)).status_code == 403
        for step in ("ask", "send", "accept", "decline", "take-back", "redraft"):
            data = {"reason": "x", "sent_on": today(), "sent_to": "x", "answered_on": today(), "answered_by": "x"}
            assert client.post(f"/proposals/{draft.pk}/{step}/", data).status_code == 403, step
        assert stored(draft).state == "draft"
        assert [line.unit_price for line in draft.lines.all()] == [60000]

    def test_the_ae_does_not_approve(self, deal, ae, sign_in):
        asked = proposal_of(deal, "in_approval", DEAR, asked_by=ae)
        for step in ("approve", "send-back"):
            assert sign_in(ae).post(f"/proposals/{asked.pk}/{step}/", {"reason": "Mine"}).status_code == 403
        with pytest.raises(NotAllowed):
            approve_proposal(ae, asked, reason="Mine")
        assert stored(asked).state == "in_approval"

    def test_nor_a_manager_who_asked_for_it_or_owns_the_deal(self, deal, manager, admin):
        asked = proposal_of(deal, "in_approval", DEAR, asked_by=manager)
        with pytest.raises(NotAllowed):
            approve_proposal(manager, asked, reason="Mine")
        assert approve_proposal(admin, asked, reason="Theirs").state == "approved"

    def test_nor_the_manager_of_another_team(self, deal, other_team, ae):
        asked = proposal_of(deal, "in_approval", DEAR, asked_by=ae)
        with pytest.raises(NotAllowed):
            approve_proposal(UserFactory(role="manager", team=other_team), asked, reason="Why not")

    def test_an_ae_of_the_team_reads_and_writes_nothing(self, draft, team, sign_in):
        client = sign_in(UserFactory(role="ae", team=team))
        assert client.get(f"/proposals/{draft.pk}/").status_code == 200
        assert client.post(f"/proposals/{draft.pk}/price/", self.pricing(draft)).status_code == 403

    def test_no_field_beyond_the_form_is_taken(self, draft, ae, sign_in):
        data = self.pricing(
            draft, state="accepted", number=9, currency="XXX", customer="Somebody", sent_on="2020-01-01"
        )
        assert sign_in(ae).post(f"/proposals/{draft.pk}/price/", data).status_code == 302
        kept = stored(draft)
        assert (kept.state, kept.number, kept.currency, kept.sent_on) == ("draft", 1, draft.currency, None)


class TestApproval:
    def test_within_the_limit_nobody_is_asked(self, deal, ae):
        draft = proposal_of(deal, lines=[{"description": "Licence", "unit_price": 100, "discount": 15}])
        with pytest.raises(Conflict, match="No discount is above"):
            ask_approval(ae, draft, reason="To be sure")
        assert send(ae, draft).state == "sent"

    def test_above_it_nothing_goes_out_without_the_manager(self, deal, ae, manager):
        draft = proposal_of(deal, lines=DEAR)
        with pytest.raises(GateRefused) as refused:
            send(ae, draft)
        assert [item.what for item in refused.value.missing] == ["A discount above the limit wants approval"]
        ask_approval(ae, draft, reason="Three years at once")
        approve_proposal(manager, draft, reason="A door opener")
        sent = send(ae, draft)
        assert (sent.state, sent.decided_by, sent.decision_reason) == ("sent", manager, "A door opener")

    def test_one_line_above_it_is_enough(self, deal, ae):
        lines = [*DEAR, {"description": "Support", "unit_price": 900000}]
        with pytest.raises(GateRefused):
            send(ae, proposal_of(deal, lines=lines))

    def test_the_limit_is_the_teams_own(self, deal, ae, team):
        TeamPolicy.objects.create(team=team, framework=framework("bant"), discount_limit=20)
        assert send(ae, proposal_of(deal, lines=DEAR)).state == "sent"

    def test_sent_back_it_is_a_draft_with_the_reason(self, deal, ae, manager):
        draft = proposal_of(deal, lines=DEAR)
        ask_approval(ae, draft, reason="They want it")
        back = send_back_proposal(manager, draft, reason="Offer a longer term instead")
        assert (back.state, back.decision_reason) == ("draft", "Offer a longer term instead")
        with pytest.raises(GateRefused):
            send(ae, back)

    def test_changing_prices_after_the_approval_wants_a_new_one(self, deal, ae):
        approved = proposal_of(deal, "approved", DEAR)
        with pytest.raises(Conflict, match="prices stay"):
            price_proposal(ae, approved, [ProposalLine(description="X", unit_price=1)], approved.version)
        redraft_proposal(ae, approved)
        assert stored(approved).decided_at is None
        with pytest.raises(GateRefused):
            send(ae, approved)

    def test_terms_are_approved_with_the_prices_and_the_solution_goes_on(self, deal, ae, se):
        asked = proposal_of(deal, "in_approval", DEAR)
        terms, solution = text(asked, "terms"), text(asked, "solution")
        with pytest.raises(Conflict, match="terms stay"):
            write_section(ae, terms, terms.version)
        solution.text = "Better"
        assert write_section(se, solution, solution.version).text == "Better"

    @pytest.mark.parametrize("act", [approve_proposal, send_back_proposal])
    def test_a_decision_has_its_reason(self, deal, manager, act):
        with pytest.raises(Conflict, match="Say why"):
            act(manager, proposal_of(deal, "in_approval", DEAR), reason="  ")

    def test_the_manager_sets_the_limit_on_the_teams_page(self, team, manager, sign_in):
        data = {
            "framework": framework("bant").pk, "minimum_budget": "1", "timeline_months": 6, "stale_after_days": 30,
            "discount_limit": "12.5",
        }  # fmt: skip
        assert sign_in(manager).post(f"/teams/{team.pk}/qualification/", data).status_code == 302
        assert TeamPolicy.objects.get(team=team).discount_limit == Decimal("12.5")
        late = sign_in(manager).post(f"/teams/{team.pk}/qualification/", data | {"discount_limit": "101", "version": 1})
        assert late.status_code == 422


STEPS = {
    "in_approval": lambda people, proposal: ask_approval(people["ae"], proposal, reason="Why"),
    "approved": lambda people, proposal: approve_proposal(people["manager"], proposal, reason="Why"),
    "sent": lambda people, proposal: send(people["ae"], proposal),
    "accepted": lambda people, proposal: accept(people["ae"], proposal),
    "declined": lambda people, proposal: decline(people["ae"], proposal),
    "draft": lambda people, proposal: redraft_proposal(people["ae"], proposal),
}


class TestStates:
    @pytest.mark.parametrize("state", list(NEXT))
    @pytest.mark.parametrize("aim", list(STEPS))
    def test_only_what_the_table_allows_happens(self, deal, ae, manager, state, aim):
        found = proposal_of(deal, state, DEAR)
        people = {"ae": ae, "manager": manager}
        possible = aim in NEXT[state] and state not in ("accepted", "declined") and (state, aim) != ("draft", "sent")
        if possible:
            STEPS[aim](people, found)
            assert stored(found).state == aim
        else:
            with pytest.raises((Conflict, GateRefused)):
                STEPS[aim](people, found)
            assert stored(found).state == state

    def test_the_way_of_a_proposal(self, deal, ae):
        draft = proposal_of(deal)
        send(ae, draft)
        accept(ae, draft, answered_by="Lena Brandt, CTO", answer_note="By mail")
        kept = stored(draft)
        assert (kept.state, kept.answered_on, kept.answered_by) == ("accepted", today(), "Lena Brandt, CTO")

    def test_sending_replaces_what_was_with_the_customer(self, deal, ae):
        first = proposal_of(deal, "sent")
        second = start_proposal(ae, deal)
        send(ae, second)
        assert (stored(first).state, stored(second).state) == ("replaced", "sent")
        with pytest.raises(Conflict):
            accept(ae, first)

    def test_what_is_no_longer_valid_expires(self, deal, ae):
        sent = proposal_of(deal, "sent")
        assert expire_proposals(None, sent.valid_until) == 0
        day = sent.valid_until + datetime.timedelta(days=1)
        assert (expire_proposals(None, day), expire_proposals(None, day)) == (1, 0)
        assert stored(sent).state == "expired"
        with pytest.raises(Conflict, match="expired; from there"):
            accept(ae, sent)

    def test_an_answer_too_late_is_none_even_before_the_job_has_run(self, deal, ae):
        week = datetime.timedelta(days=7)
        sent = proposal_of(deal, "sent", valid_until=today())
        Proposal.objects.update(sent_on=today() - week)
        with pytest.raises(Conflict, match="recorded when it has been given"):
            accept(ae, sent, answered_on=today() + week)
        other = OpportunityFactory(team=deal.team, owner=ae, stage=stage("negotiation"))
        late = proposal_of(other, valid_until=today() - 2 * datetime.timedelta(days=1))
        Proposal.objects.filter(pk=late.pk).update(state="sent", sent_on=today() - week, sent_to="Kim")
        with pytest.raises(Conflict, match="It was valid until"):
            accept(ae, late)

    def test_an_answer_is_taken_back_with_a_reason(self, deal, ae):
        declined = proposal_of(deal, "declined")
        with pytest.raises(Conflict, match="Say why"):
            take_back_answer(ae, declined, reason="")
        assert take_back_answer(ae, declined, reason="They called again").state == "sent"
        assert stored(declined).answered_by == ""

    def test_not_while_another_version_is_with_the_customer(self, deal, ae):
        declined = proposal_of(deal, "declined")
        send(ae, start_proposal(ae, deal))
        with pytest.raises(Conflict, match="Proposal 2 is with the customer"):
            take_back_answer(ae, declined, reason="Oh")

    def test_half_a_proposal_is_not_sent(self, deal, ae):
        draft = start_proposal(ae, deal)
        Opportunity.objects.filter(pk=deal.pk).update(currency="EUR")
        Proposal.objects.update(valid_until=today() - datetime.timedelta(days=1))
        with pytest.raises(GateRefused) as refused:
            send(ae, draft)
        whats = [item.what for item in refused.value.missing]
        assert whats[:3] == ["What they need is not written yet", "The solution is not written yet", "There is no price: add a line"]  # fmt: skip  # noqa: E501
        assert whats[3] == f"The deal is in EUR now, the prices in {draft.currency}: save them anew"
        assert whats[4].startswith("It was to be valid until")
        assert all(item.url for item in refused.value.missing)

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"sent_to": " "}, "to whom"),
            ({"sent_on": datetime.date(2099, 1, 1)}, "when it has been sent"),
        ],
    )
    def test_sending_names_day_and_person(self, deal, ae, facts, sentence):
        with pytest.raises(Conflict, match=sentence):
            send(ae, proposal_of(deal), **facts)

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"answered_by": " "}, "who at the customer"),
            ({"answered_on": datetime.date(2099, 1, 1)}, "when it has been given"),
            ({"answered_on": datetime.date(2001, 1, 1)}, "no answer came before"),
        ],
    )
    def test_an_answer_names_day_and_person(self, deal, ae, facts, sentence):
        with pytest.raises(Conflict, match=sentence):
            accept(ae, proposal_of(deal, "sent"), **facts)

    def test_an_answer_to_a_closed_deal_is_still_recorded(self, deal, ae):
        sent = proposal_of(deal, "sent")
        Opportunity.objects.filter(pk=deal.pk).update(
            stage=stage("lost"), outcome="lost", closed_on=today(), lost_reason="price"
        )
        assert decline(ae, stored(sent)).state == "declined"


class TestWhatWasSentStays:
    @pytest.fixture
    def sent(self, deal):
        return proposal_of(deal, "sent")

    def test_no_action_changes_it(self, sent, ae, se):
        section = text(sent, "solution")
        with pytest.raises(Conflict, match="texts stay"):
            write_section(se, section, section.version)
        with pytest.raises(Conflict, match="prices stay"):
            price_proposal(ae, sent, [], sent.version)
        with pytest.raises(Conflict):
            redraft_proposal(ae, sent)

    @pytest.mark.parametrize(
        "write",
        [
            lambda sent: Proposal.objects.update(title="Another"),
            lambda sent: Proposal.objects.update(valid_until=datetime.date(2099, 1, 1)),
            lambda sent: Proposal.objects.update(currency="XXX"),
            lambda sent: ProposalSection.objects.update(text="Another"),
            lambda sent: ProposalLine.objects.update(unit_price=1),
            lambda sent: ProposalLine.objects.create(proposal=sent, order=9, description="One more", unit_price=1),
        ],
    )
    def test_the_database_does_not_let_it_either(self, sent, write):
        with pytest.raises(IntegrityError), transaction.atomic():
            write(sent)

    def test_the_deal_moves_on_without_it(self, sent, deal, sign_in, ae):
        Opportunity.objects.filter(pk=deal.pk).update(currency="EUR", term_months=60, name="Other words")
        page = sign_in(ae).get(f"/proposals/{sent.pk}/print/").content.decode()
        assert "60,000.00 USD" in page
        assert "Over 12 months" in page

    @pytest.mark.parametrize("state", ["draft", "in_approval", "approved", "sent", "accepted"])
    def test_the_database_keeps_one_in_work_and_one_with_the_customer(self, deal, state):
        proposal_of(deal, state)
        with pytest.raises(IntegrityError), transaction.atomic():
            proposal_of(deal, state, number=2)


CENTS = st.decimals(min_value=0, max_value="999999999.99", places=2)
LINES = st.lists(
    st.builds(
        ProposalLine,
        quantity=st.decimals(min_value="0.01", max_value=1_000_000, places=2),
        unit_price=CENTS,
        discount=st.decimals(min_value=0, max_value=100, places=2),
        recurrence=st.sampled_from(["yearly", "once"]),
    ),
    max_size=MOST_LINES,
)


def exactly(fraction):
    """A fraction in whole cents, half up, by integers alone."""
    return Fraction((fraction * 200 + 1) // 2, 100)


class TestTotals:
    @settings(deadline=None)
    @given(lines=LINES, term=st.integers(1, 120))
    def test_are_exact_and_add_up(self, lines, term):
        found = Totals.of(lines, term)
        wanted = {"yearly": Fraction(0), "once": Fraction(0)}
        for line in lines:
            exact = Fraction(line.quantity) * Fraction(line.unit_price) * (100 - Fraction(line.discount)) / 100
            assert Fraction(line.total) == exactly(exact)
            assert 0 <= line.total <= line.list_total
            wanted[line.recurrence] += exactly(exact)
        assert (Fraction(found.yearly), Fraction(found.once)) == (wanted["yearly"], wanted["once"])
        assert Fraction(found.contract) == exactly(wanted["yearly"] * term / 12) + wanted["once"]
        assert found.first_year_list - found.discount == found.yearly + found.once

    @settings(deadline=None)
    @given(lines=LINES)
    def test_do_not_depend_on_the_order(self, lines):
        assert Totals.of(lines, 12) == Totals.of(lines[::-1], 12)

    def test_half_a_cent_goes_up_once_a_line(self):
        line = ProposalLine(quantity=Decimal(1), unit_price=Decimal("0.01"), discount=Decimal(50))
        assert line.total == Decimal("0.01")
        assert Totals.of([line, line, line], 12).yearly == Decimal("0.03")

    def test_the_largest_line_keeps_every_digit(self):
        line = ProposalLine(quantity=Decimal(1_000_000), unit_price=Decimal("999999999.99"), discount=Decimal("0.01"))
        assert line.total == Decimal("999899999990001.00")

    def test_what_is_stored_adds_up_as_what_was_typed(self, deal, ae, sign_in):
        draft = proposal_of(deal)
        data = {
            "title": "Ours", "valid_until": "2099-01-01", "term_months": 18, "version": draft.version,
            "lines-TOTAL_FORMS": 4, "lines-INITIAL_FORMS": 1,
            "lines-0-description": "Licence", "lines-0-quantity": "3", "lines-0-unit_price": "33333.33",
            "lines-0-discount": "12.5", "lines-0-recurrence": "yearly",
            "lines-1-description": "Set-up", "lines-1-quantity": "2.5", "lines-1-unit_price": "1200",
            "lines-1-discount": "0", "lines-1-recurrence": "once",
            "lines-2-quantity": "1", "lines-2-discount": "0", "lines-2-recurrence": "yearly",
            "lines-3-description": "Gone", "lines-3-quantity": "1", "lines-3-unit_price": "5", "lines-3-discount": "0",
            "lines-3-recurrence": "once", "lines-3-DELETE": "on",
        }  # fmt: skip
        assert sign_in(ae).post(f"/proposals/{draft.pk}/price/", data).status_code == 302
        totals = stored(draft).totals()
        assert (totals.yearly, totals.once) == (Decimal("87499.99"), Decimal("3000.00"))
        assert totals.contract == Decimal("134249.99")  # 87,499.99 × 1.5 = 131,249.985, half-up
        page = sign_in(ae).get(f"/proposals/{draft.pk}/").content.decode()
        for figure in ("87,499.99 USD", "3,000.00 USD", "134,249.99 USD"):
            assert figure in page


class TestPricingForm:
    @pytest.mark.parametrize(
        "change",
        [
            {"lines-0-quantity": "0"}, {"lines-0-quantity": "1000001"}, {"lines-0-quantity": "NaN"},
            {"lines-0-unit_price": "-1"}, {"lines-0-unit_price": "1e30"}, {"lines-0-unit_price": ""},
            {"lines-0-discount": "100.01"}, {"lines-0-discount": "-1"}, {"lines-0-recurrence": "monthly"},
            {"lines-0-description": "x" * 201}, {"lines-TOTAL_FORMS": "100000"}, {"lines-TOTAL_FORMS": "x"},
            {"term_months": "0"}, {"term_months": "999999999999999999999"},
            {"valid_until": "0001-01-01"}, {"valid_until": "9999-12-31"}, {"title": ""}, {"version": "junk"},
        ],
    )  # fmt: skip
    def test_bad_input_is_a_form_error(self, deal, ae, sign_in, change):
        draft = proposal_of(deal)
        data = {
            "title": "Ours", "valid_until": "2099-01-01", "term_months": 12, "version": draft.version,
            "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0, "lines-0-description": "Licence", "lines-0-quantity": 1,
            "lines-0-unit_price": "1", "lines-0-discount": "0", "lines-0-recurrence": "yearly",
        } | change  # fmt: skip
        assert sign_in(ae).post(f"/proposals/{draft.pk}/price/", data).status_code == 422
        assert stored(draft).version == draft.version

    def test_the_second_of_two_sees_both_and_loses_nothing(self, deal, ae, manager, sign_in):
        draft = proposal_of(deal)
        stale = draft.version
        draft.title = "The manager's title"
        price_proposal(manager, draft, [ProposalLine(description="Theirs", unit_price=Decimal(7))], stale)
        data = {
            "title": "Mine", "valid_until": "2099-01-01", "term_months": 12, "version": stale,
            "lines-TOTAL_FORMS": 1, "lines-INITIAL_FORMS": 0, "lines-0-description": "My line", "lines-0-quantity": 1,
            "lines-0-unit_price": "1", "lines-0-discount": "0", "lines-0-recurrence": "yearly",
        }  # fmt: skip
        answer = sign_in(ae).post(f"/proposals/{draft.pk}/price/", data)
        page = answer.content.decode()
        assert answer.status_code == 409
        for words in ("Now stored: The manager&#x27;s title", "Theirs", "My line"):
            assert words in page
        assert [line.description for line in draft.lines.all()] == ["Theirs"]

    def test_ae_and_se_write_side_by_side(self, deal, ae, se):
        draft = proposal_of(deal)
        solution, terms = text(draft, "solution"), text(draft, "terms")
        solution.text, terms.text = "By the SE", "By the AE"
        write_section(se, solution, 1)
        write_section(ae, terms, 1)
        price_proposal(ae, draft, [ProposalLine(description="X", unit_price=Decimal(1))], draft.version)
        with pytest.raises(StaleEdit):
            write_section(se, solution, 1)

    def test_more_lines_than_a_page_carries_are_refused(self, deal, ae):
        lines = [ProposalLine(description="X", unit_price=Decimal(1)) for _ in range(MOST_LINES + 1)]
        draft = proposal_of(deal)
        with pytest.raises(Conflict, match="at most 50"):
            price_proposal(ae, draft, lines, draft.version)


class TestPages:
    def test_the_deal_leads_to_its_newest_version(self, deal, ae, sign_in):
        client = sign_in(ae)
        assert "Start the proposal" in client.get(f"/opportunities/{deal.pk}/proposals/").content.decode()
        answer = client.post(f"/opportunities/{deal.pk}/proposals/start/")
        assert answer.url == Proposal.objects.get().get_absolute_url()
        assert "Proposal 1" in client.get(f"/opportunities/{deal.pk}/proposals/").content.decode()

    def test_the_print_page_shows_nothing_internal(self, deal, ae, sign_in):
        evidence(deal.dossier, "authority", 3, text="Their CFO is the blocker", person_name="X")
        approved = proposal_of(
            deal, "approved", DEAR, asked_note="They would pay more", decision_reason="We need the logo"
        )
        page = sign_in(ae).get(f"/proposals/{approved.pk}/print/").content.decode()
        for words in ("The solution of it.", "48,000.00", "20 %", "Draft, not an offer"):
            assert words in page
        for words in ("They would pay more", "We need the logo", "blocker", "limit", "Approved", "Negotiation"):
            assert words not in page

    def test_customers_words_are_text(self, deal, ae, sign_in):
        draft = proposal_of(deal, lines=[{"description": "<b>bold</b>", "unit_price": 1}])
        ProposalSection.objects.update(text="<script>alert(1)</script>")
        for page in ("", "print/"):
            shown = sign_in(ae).get(f"/proposals/{draft.pk}/{page}").content.decode()
            assert "<script>alert" not in shown
            assert "&lt;script&gt;alert(1)" in shown
            assert "<b>bold" not in shown

    def test_what_changed_between_versions(self, deal, ae, sign_in):
        before = proposal_of(deal, "declined", [{"description": "Licence", "unit_price": 100}, {"description": "Support", "unit_price": 5}])  # fmt: skip  # noqa: E501
        after = start_proposal(ae, deal)
        section = text(after, "solution")
        section.text = "The solution of it. And one plant more."
        write_section(deal.se, section, 1)
        lines = [ProposalLine(description="Licence", unit_price=Decimal(90)), ProposalLine(description="Training", unit_price=Decimal(9))]  # fmt: skip  # noqa: E501
        price_proposal(ae, stored(after), lines, after.version)
        page = sign_in(ae).get(f"/proposals/{after.pk}/compare/").content.decode()
        for words in (
            "The solution of it. <ins>And one plant more.</ins>", "<del>100.00</del> <ins>90.00</ins>",
            "<del>Support</del>", "<ins>Training</ins>", "<del>105.00</del> 99.00",
        ):  # fmt: skip
            assert words in page
        assert "The terms of it." not in page
        other = sign_in(ae).get(f"/proposals/{before.pk}/compare/?with=2").content.decode()
        assert "<ins>Training</ins>" in other  # older to newer, whichever is asked
        for junk in ("x", "-1", "99999999999999", "٣"):
            assert sign_in(ae).get(f"/proposals/{after.pk}/compare/?with={junk}").status_code == 200

    def test_the_first_version_has_nothing_to_compare(self, deal, ae, sign_in):
        page = sign_in(ae).get(f"/proposals/{proposal_of(deal).pk}/compare/").content.decode()
        assert "Nothing to compare with" in page

    def test_the_deals_story_tells_what_became_of_it(
        self, deal, ae, manager, sign_in, django_assert_max_num_queries
    ):  # fmt: skip
        draft = proposal_of(deal, lines=DEAR)
        ask_approval(ae, draft, reason="Three years at once")
        approve_proposal(manager, draft, reason="A door opener")
        send(ae, draft)
        accept(ae, draft)
        client = sign_in(ae)
        with django_assert_max_num_queries(12):
            page = client.get(f"/opportunities/{deal.pk}/timeline/").content.decode()
        for words in (
            "asked for approval of the discounts in proposal 1", "Three years at once",
            "approved the discounts in proposal 1", "sent proposal 1 to Lena Brandt, CTO",
            "recorded that Lena Brandt accepts proposal 1",
        ):  # fmt: skip
            assert words in page

    def test_home_tells_the_manager_who_may_decide(self, deal, ae, manager, sign_in):
        asked = proposal_of(deal, "in_approval", DEAR, asked_by=ae, asked_at=timezone.now(), asked_note="A big one")
        page = sign_in(manager).get("/").content.decode()
        assert "Discounts to approve" in page
        assert "A big one" in page
        assert "Discounts to approve" not in sign_in(ae).get("/").content.decode()
        Proposal.objects.filter(pk=asked.pk).update(asked_by=manager)
        assert "Discounts to approve" not in sign_in(manager).get("/").content.decode()

    def test_the_one_who_decides_is_offered_as_addressee(self, deal, ae, sign_in):
        StakeholderFactory(opportunity=deal, role="economic_buyer", name="Lena Brandt", job_title="CFO")
        page = sign_in(ae).get(f"/proposals/{proposal_of(deal).pk}/send/").content.decode()
        assert "Lena Brandt, CFO" in page

    @pytest.mark.parametrize("page", ["", "compare/", "print/", "price/"])
    def test_few_queries_however_much_there_is(
        self, deal, ae, manager, sign_in, page, django_assert_max_num_queries
    ):  # fmt: skip
        for number in range(1, 9):
            proposal_of(deal, "declined", DEAR * 10, number=number, asked_by=ae, decided_by=manager, sent_by=ae)
        last = proposal_of(deal, "draft", DEAR * 50, number=9)
        for title in ("One", "Two", "Three"):
            Proposal.objects.filter(pk=last.pk).update(title=title)
        client = sign_in(ae)
        with django_assert_max_num_queries(12):
            assert client.get(f"/proposals/{last.pk}/{page}").status_code == 200
