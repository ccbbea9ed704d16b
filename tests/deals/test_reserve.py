"""Notes held in reserve: who keeps, who decides, and that they exist for nobody else, on whichever route."""

import pytest

from deals.actions import reserve as actions
from deals.models import Claim, ReserveNote
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.history import changes_of
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
IDEA = "Offer them our own planner for a week"
ANSWER = "Only after the price is settled"


@pytest.fixture
def deal(team, ae, se):
    deal = OpportunityFactory(name="Acme: planner", team=team, owner=ae, se=se)
    Claim.objects.create(opportunity=deal, se=se)
    return deal


@pytest.fixture
def note(deal, se):
    return actions.keep_in_reserve(se, deal, IDEA)


@pytest.fixture
def others(deal, team, other_team, marketing):
    """Who sees the deal but is not of the pair, and who does not see it at all."""
    before = UserFactory(role="se", team=team, name="Had it before")
    Claim.objects.create(opportunity=deal, se=before, ended_at=deal.created_at, end=Claim.End.HANDED_BACK)
    return [
        UserFactory(role="ae", team=team), UserFactory(role="se", team=team), before, marketing,
        UserFactory(role="manager", team=other_team), UserFactory(role="ae", team=other_team),
    ]  # fmt: skip


def may_read(user):
    return ReserveNote.objects.visible_to(user).exists()


class TestWhoReads:
    def test_the_two_of_the_deal_and_their_managers(self, note, ae, se, manager, admin, others):
        assert all(map(may_read, (ae, se, manager, admin)))
        assert not any(map(may_read, others))

    def test_the_predicate_says_the_same_as_the_rows(self, note, deal, ae, se, manager, admin, others):
        for user in (ae, se, manager, admin, *others):
            assert user.has_perm("deals.read_reserve", deal) == may_read(user), user.role

    def test_whoever_takes_over_reads_and_whoever_gave_it_away_does_not(self, note, deal, ae, se, team):
        mate = UserFactory(role="ae", team=team)
        deal.owner = mate
        deal.save()
        assert may_read(mate)
        assert not may_read(ae)

    def test_no_page_of_theirs_shows_it_or_says_that_it_is_there(self, note, deal, others, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        for user in others:
            client = sign_in(user)
            assert client.get(f"/opportunities/{deal.pk}/reserve/").status_code == 404
            for path in (meeting.get_absolute_url(), deal.get_absolute_url(), "/", f"/search/?q={IDEA.split()[-1]}"):
                page = client.get(path).content.decode()
                assert IDEA not in page
                assert "/reserve/" not in page
                assert "In reserve" not in page

    def test_a_colleague_who_attends_the_meeting_reads_nothing_of_it(self, note, deal, team, sign_in):
        guest = UserFactory(role="se", team=team)
        mate = UserFactory(role="ae", team=team)
        meeting = MeetingFactory(opportunity=deal)
        for user in (guest, mate):
            AttendeeFactory(meeting=meeting, user=user)
        assert IDEA not in sign_in(guest).get(meeting.get_absolute_url()).content.decode()
        assert IDEA not in sign_in(mate).get(meeting.get_absolute_url()).content.decode()

    def test_direct_posts_of_theirs_change_nothing(self, note, deal, others, sign_in):
        for user in others:
            client = sign_in(user)
            assert client.post(f"/opportunities/{deal.pk}/reserve/add/", {"text": "X"}).status_code == 404
            for act in ("edit", "release", "hold"):
                assert client.post(f"/reserve/{note.pk}/{act}/", {"text": "X", "version": 1}).status_code == 404
        assert ReserveNote.objects.get().state == "reserve"

    def test_it_leaves_in_no_export_no_calendar_and_no_search(self, note, deal, ae, se, manager, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        for user in (ae, se, manager):
            client = sign_in(user)
            for path in (
                f"/meetings/{meeting.pk}/calendar/", "/opportunities/export/", "/search/?q=planner", "/search/?q=week"
            ):  # fmt: skip
                response = client.get(path)
                body = b"".join(response.streaming_content) if response.streaming else response.content
                assert IDEA not in body.decode(), path

    def test_neither_the_deals_timeline_nor_the_history_tells_it(self, note, deal, ae, se, sign_in):
        actions.hold(ae, note, answer=ANSWER)
        note.refresh_from_db()
        note.text = "Changed words"
        note.save()
        told = str(changes_of(note)) + str(changes_of(deal))
        for secret in (IDEA, ANSWER, "Changed words"):
            assert secret not in told
            assert secret not in sign_in(ae).get(deal.get_absolute_url()).content.decode()
        contexts = ReserveNote.events.rel.related_model.objects.values_list("pgh_context", flat=True)
        assert all(ANSWER not in str(context) for context in contexts)


class TestKeeping:
    def test_the_se_keeps_it_for_the_ae(self, deal, ae, se):
        note = actions.keep_in_reserve(se, deal, IDEA)
        assert (note.author, note.state) == (se, "reserve")
        with pytest.raises(NotAllowed):
            actions.keep_in_reserve(ae, deal, IDEA)

    def test_only_the_author_changes_the_words_and_only_before_the_decision(self, note, deal, ae, se, manager, sign_in):
        url, data = f"/reserve/{note.pk}/edit/", {"text": "Two weeks", "version": 1}
        assert sign_in(ae).post(url, data).status_code == 403
        assert sign_in(manager).post(url, data).status_code == 403
        assert sign_in(se).post(url, data).status_code == 302
        assert sign_in(se).post(url, data | {"text": "Three weeks"}).status_code == 409
        with pytest.raises(StaleEdit):
            actions.edit_reserve_note(se, ReserveNote.objects.get(), 1)
        actions.release(ae, note)
        assert sign_in(se).post(url, {"text": "Four weeks", "version": 3}).status_code == 409
        assert ReserveNote.objects.get().text == "Two weeks"

    def test_not_on_a_closed_deal(self, deal, se):
        deal.outcome, deal.lost_reason = "lost", "price"
        deal.closed_on = deal.created_at.date()
        deal.save()
        with pytest.raises(Conflict, match="closed"):
            actions.keep_in_reserve(se, deal, IDEA)


class TestDeciding:
    def test_the_ae_releases_with_a_word_to_it(self, note, ae, sign_in):
        assert sign_in(ae).post(f"/reserve/{note.pk}/release/", {"answer": ANSWER}).status_code == 302
        note = ReserveNote.objects.get()
        assert (note.state, note.decided_by, note.answer) == ("released", ae, ANSWER)
        assert note.decided_at >= note.written_at

    def test_the_se_does_not_decide(self, note, se, sign_in):
        for act in (actions.release, actions.hold):
            with pytest.raises(NotAllowed):
                act(se, note)
        assert sign_in(se).post(f"/reserve/{note.pk}/release/", {}).status_code == 403
        assert ReserveNote.objects.get().state == "reserve"

    def test_held_back_may_be_released_but_released_is_out(self, note, ae, manager):
        assert actions.hold(ae, note).state == "held"
        assert actions.release(manager, note).decided_by == manager
        with pytest.raises(Conflict, match="said"):
            actions.hold(ae, note)
        first = ReserveNote.objects.get().decided_at
        assert actions.release(ae, note).decided_at == first

    def test_what_waits_is_on_open_deals_and_undecided(self, note, ae):
        assert ReserveNote.objects.undecided().exists()
        actions.release(ae, note)
        assert not ReserveNote.objects.undecided().exists()


class TestThePages:
    def test_on_its_page_and_on_the_meetings(self, note, deal, ae, se, sign_in, django_assert_max_num_queries):
        for number in range(5):
            actions.keep_in_reserve(se, deal, f"Idea {number}")
        meeting = MeetingFactory(opportunity=deal)
        client = sign_in(ae)
        for path in (f"/opportunities/{deal.pk}/reserve/", meeting.get_absolute_url()):
            with django_assert_max_num_queries(12):
                page = client.get(path).content.decode()
            assert IDEA in page
            assert "Hold back" in page
        assert f"/opportunities/{deal.pk}/reserve/" in client.get(deal.get_absolute_url()).content.decode()
        assert "Hold back" not in sign_in(se).get(meeting.get_absolute_url()).content.decode()
