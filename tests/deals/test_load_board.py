"""The manager's load board: who sees whom on it, what a card tells, and what each drop asks for."""

import datetime

import pytest
from django.utils import timezone

from deals.actions import queue as actions
from deals.load_board import CARDS, COLUMNS, board_of
from deals.models import Claim, Opportunity
from people.models import Absence, Membership, User
from tests.deals.factories import OpportunityFactory, stage, waiting
from tests.factories import TeamFactory, UserFactory

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json", "HX-Request": "true"}


def columns(user, team=None):
    return {column.se.name: column for column in board_of(user, team).columns}


@pytest.fixture
def olga(team):
    return UserFactory(role="se", team=team, name="Olga SE")


class TestWhatItShows:
    def test_every_se_with_load_cards_and_absence(self, team, manager, se, olga):
        for slug in ("discovery", "evaluation"):
            OpportunityFactory(name=slug, team=team, se=se, stage=stage(slug))
        OpportunityFactory(
            team=team, se=se, stage=stage("lost"), outcome="lost", lost_reason="price",
            closed_on=datetime.date(2026, 1, 2),
        )  # fmt: skip
        Absence.objects.create(user=olga, starts_on=olga.today, ends_on=olga.today)
        found = columns(manager)
        assert list(found) == ["Olga SE", "Sam SE"]
        assert str(found["Sam SE"].load) == "3 of 8"
        assert [card.name for card in found["Sam SE"].cards] == ["evaluation", "discovery"]  # the heavier first
        assert (found["Olga SE"].se.is_away, found["Olga SE"].cards) == (True, [])

    def test_a_manager_sees_the_own_teams_and_those_below(self, team, other_team, manager, admin, se):
        below = TeamFactory(name="West below", parent=team)
        UserFactory(role="se", team=below, name="Bo")
        stranger = UserFactory(role="se", team=other_team, name="Stranger")
        UserFactory(role="se", team=team, is_active=False, name="Gone")
        Membership.objects.create(team=team, user=stranger)
        OpportunityFactory(name="Ours", team=team, se=stranger)
        OpportunityFactory(name="Theirs", team=other_team, se=stranger)
        waiting(OpportunityFactory(name="Waits there", team=other_team))
        waiting(OpportunityFactory(name="Waits below", team=below))
        board = board_of(manager)
        assert [column.se.name for column in board.columns] == ["Bo", "Sam SE", "Stranger"]
        assert [card.name for column in board.columns for card in column.cards] == ["Ours"]
        assert [entry.card.name for entry in board.waiting] == ["Waits below"]
        assert list(board.teams.values()) == ["West", "West below"]
        assert list(columns(manager, below.pk)) == ["Bo"]
        assert list(columns(manager, other_team.pk)) == ["Bo", "Sam SE", "Stranger"]  # not theirs: no filter
        assert len(board_of(admin).waiting) == 2

    def test_the_longest_wait_comes_first_with_who_declined_and_why(self, team, manager, se, olga, sign_in):
        now = timezone.now()
        young, old = (OpportunityFactory(name=name, team=team) for name in ("Young", "Old"))
        waiting(young, entered_at=now - datetime.timedelta(hours=2))
        entry = waiting(old, entered_at=now - datetime.timedelta(hours=30))
        waiting(old, kind="demo", entered_at=now)
        actions.decline(se, entry, reason="skills", note="Mainframe")
        board = board_of(manager)
        assert [found.card.name for found in board.waiting] == ["Old", "Young"]
        assert (board.waiting_count, board.waiting[0].nobody_left) == (2, False)
        actions.decline(olga, entry, reason="capacity")
        assert board_of(manager).waiting[0].nobody_left
        client = sign_in(manager)
        for page in ("/loads/", "/queue/"):
            text = client.get(page).content.decode()
            assert "Sam SE declined: Not my field, “Mainframe”" in text, page
            assert "Olga SE declined: No capacity" in text, page
        assert "No SE is left" in client.get("/loads/").content.decode()
        assert "Mainframe" not in sign_in(se).get("/queue/").content.decode()

    @pytest.mark.parametrize("query", ["", "?team=junk", "?team=99999999999999999999", "?team=-1", "?team=²"])
    def test_strange_teams_are_ignored(self, manager, se, sign_in, query):
        text = sign_in(manager).get(f"/loads/{query}").content.decode()
        assert "Sam SE" in text

    def test_an_empty_board_says_so(self, manager, sign_in):
        assert "No SEs in your teams" in sign_in(manager).get("/loads/").content.decode()

    def test_its_size_is_bounded_and_its_queries_are_few(
        self, team, manager, sign_in, django_assert_max_num_queries, django_assert_num_queries
    ):
        client = sign_in(manager)
        client.get("/loads/")
        ses = UserFactory.create_batch(3, role="se", team=team)
        few = self._asked(client, ses, team, 2, django_assert_max_num_queries)
        ses += UserFactory.create_batch(COLUMNS, role="se", team=team)
        many = self._asked(client, ses, team, 4, django_assert_max_num_queries)
        assert few == many
        for _ in range(CARDS + 3):
            OpportunityFactory(team=team, se=ses[0])
        board = board_of(User.objects.get(pk=manager.pk))
        assert (len(board.columns), board.ses_count) == (COLUMNS, COLUMNS + 3)
        assert max(len(column.cards) for column in board.columns) == CARDS
        full = next(column for column in board.columns if column.se == ses[0])
        assert full.hidden == full.held - CARDS > 0

    def _asked(self, client, ses, team, each, counter):
        for se in ses:
            for _ in range(each):
                OpportunityFactory(team=team, se=se)
            Absence.objects.create(user=se, starts_on=se.today, ends_on=se.today)
            entry = waiting(OpportunityFactory(team=team))
            actions.decline(se, entry, reason="skills")
        with counter(12) as asked:
            client.get("/loads/")
        return len(asked)


class TestDropping:
    @pytest.fixture
    def deal(self, team, se):
        found = OpportunityFactory(name="Yard", team=team, stage=stage("discovery"))
        waiting(found)
        actions.claim(se, found)
        return Opportunity.objects.get(pk=found.pk)

    def drop(self, client, deal, se, **more):
        return client.post(
            f"/opportunities/{deal.pk}/assign/", {"se": se.pk, "seen_with": deal.se_id or 0, **more}, headers=JSON
        )

    def test_on_another_se_reassigns_with_history(self, deal, manager, olga, sign_in):
        assert self.drop(sign_in(manager), deal, olga, reason="Balance").status_code == 204
        ended, current = Claim.objects.order_by("pk")
        assert (ended.end, ended.note) == ("reassigned", "Balance")
        assert (current.se, current.assigned_by) == (olga, manager)
        event = deal.events.order_by("-pgh_id").first()
        assert event.pgh_context["reason"] == "Balance"

    def test_on_one_who_is_full_is_refused_there_and_can_be_meant(self, deal, manager, olga, sign_in):
        User.objects.filter(pk=olga.pk).update(capacity=0)
        client = sign_in(manager)
        answer = self.drop(client, deal, olga)
        assert (answer.status_code, answer.json()["confirm"]) == (409, ["beyond_capacity"])
        assert "carries 0 of 0" in answer.json()["message"]
        assert self.drop(client, deal, olga, beyond_capacity="on").status_code == 204

    def test_what_changed_meanwhile_is_refused(self, deal, manager, admin, se, olga, sign_in):
        actions.assign_se(admin, deal, olga)
        client = sign_in(manager)
        answer = self.drop(client, deal, UserFactory(role="se", team=deal.team))
        assert (answer.status_code, answer.json()["message"]) == (
            409, "Yard is with Olga SE by now. Load the page again.",
        )  # fmt: skip
        page = f"/opportunities/{deal.pk}/hand-back/"
        answer = client.post(page, {"reason": "x", "seen_with": se.pk}, headers=JSON)
        assert answer.status_code == 409
        assert Opportunity.objects.get(pk=deal.pk).se == olga

    def test_what_is_not_seen_is_not_there(self, deal, other_team, olga, sign_in):
        stranger = UserFactory(role="manager", team=other_team)
        assert self.drop(sign_in(stranger), deal, olga).status_code == 404

    def test_on_the_queue_hands_back_with_a_note(self, deal, manager, se, sign_in):
        client, page = sign_in(manager), f"/opportunities/{deal.pk}/hand-back/?from=loads"
        answer = client.post(page, {"seen_with": se.pk}, headers=JSON)
        assert (answer.status_code, answer.json()["message"]) == (409, "This field is required.")
        answer = client.post(page, {"seen_with": se.pk, "reason": "Needs SAP"})
        assert answer["Location"] == "/loads/"
        assert [found.card.name for found in board_of(manager).waiting] == ["Yard"]

    def test_the_form_does_the_same_and_leads_back(self, deal, manager, olga, sign_in):
        client = sign_in(manager)
        page = f"/opportunities/{deal.pk}/assign/?from=loads"
        assert page in client.get("/loads/").content.decode()
        answer = client.post(page, {"se": olga.pk, "seen_with": deal.se_id})
        assert answer["Location"] == "/loads/"
        assert "Yard is with Olga SE now." in client.get("/loads/").content.decode()
