"""The alignment check: who rates, who reads which score, and that words not shared are read by nobody else."""

import datetime

import pytest
from django.utils import timezone

from deals.actions import alignment as actions
from deals.actions.pairings import accept_charter, start_pairing
from deals.alignment import alignment
from deals.models import AlignmentCheck, AlignmentWish, Pairing
from presales.errors import Conflict, NotAllowed
from presales.history import changes_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
WORDS = "Sam hears of meetings too late"


@pytest.fixture
def pairing(ae, se):
    pairing = start_pairing(ae, ae, se)
    accept_charter(se, pairing.charters.get())
    return pairing


def scores(user):
    return {(check.author, check.score) for check in AlignmentCheck.objects.visible_to(user)}


def words(user):
    return {wish.text for wish in AlignmentWish.objects.visible_to(user)}


class TestWhoReadsWhat:
    def test_the_writer_reads_all_of_it(self, pairing, ae):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        assert scores(ae) == {(ae, 6)}
        assert words(ae) == {WORDS}

    def test_the_partner_reads_neither_score_nor_words_unless_shared(self, pairing, ae, se):
        check = actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        assert (scores(se), words(se)) == (set(), set())
        actions.share_rating(ae, check, shared=True)
        assert (scores(se), words(se)) == ({(ae, 6)}, {WORDS})
        actions.share_rating(ae, check, shared=False)
        assert (scores(se), words(se)) == (set(), set())

    @pytest.mark.parametrize("role", ["manager", "admin"])
    def test_managers_read_every_score_and_only_words_that_were_shared(self, pairing, ae, se, role, request):
        boss = request.getfixturevalue(role)
        check = actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        actions.rate_pairing(se, pairing, 9, wish="Nothing")
        assert scores(boss) == {(ae, 6), (se, 9)}
        assert words(boss) == set()
        actions.share_rating(ae, check, shared=True)
        assert words(boss) == {WORDS}

    def test_nobody_else_knows_of_it(self, pairing, ae, team, other_team, marketing):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS, is_shared=True)
        others = [UserFactory(role=role, team=team) for role in ("ae", "se")]
        for user in (*others, marketing, UserFactory(role="manager", team=other_team)):
            assert (scores(user), words(user)) == (set(), set())

    def test_who_becomes_a_manager_reads_no_more_of_the_partners(self, pairing, ae, se):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        se.role = "manager"
        se.save()
        assert (scores(se), words(se)) == (set(), set())

    def test_no_page_shows_what_is_not_shared(self, pairing, ae, se, manager, admin, sign_in):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        for user, score_shown in ((se, False), (manager, True), (admin, True)):
            client = sign_in(user)
            page = client.get(pairing.get_absolute_url()).content.decode()
            assert WORDS not in page
            assert ("6 of 10" in page) == score_shown
            for path in ("/", "/pairings/", f"/pairings/{pairing.pk}/scrub/"):
                assert WORDS not in client.get(path).content.decode()
        assert WORDS in sign_in(ae).get(pairing.get_absolute_url()).content.decode()
        assert WORDS not in sign_in(se).get(f"/pairings/{pairing.pk}/alignment/").content.decode()

    def test_the_history_tells_of_it_without_the_words(self, pairing, ae):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        check = actions.rate_pairing(ae, pairing, 5, wish=f"{WORDS}, always")
        told = str(changes_of(check.wish)) + str(changes_of(check)) + str(changes_of(pairing))
        assert "Sam hears" not in told
        assert changes_of(check)[0].changes[0].after == "5"

    def test_the_words_are_in_no_reason_of_the_history(self, pairing, ae):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        for model in (AlignmentCheck, AlignmentWish):
            contexts = model.events.rel.related_model.objects.values_list("pgh_context", flat=True)
            assert all(WORDS not in str(context) for context in contexts)

    def test_the_list_shows_managers_both_scores_and_each_of_the_two_what_is_theirs(
        self, pairing, ae, se, manager, sign_in
    ):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        actions.rate_pairing(se, pairing, 9)
        for user, shown in ((manager, "AE 6 · SE 9"), (ae, "AE 6 · SE –"), (se, "AE – · SE 9")):
            page = sign_in(user).get("/pairings/").content.decode()
            assert shown in page
            assert WORDS not in page


class TestRating:
    def test_each_of_the_two_and_nobody_for_them(self, pairing, ae, se, manager):
        actions.rate_pairing(ae, pairing, 6)
        actions.rate_pairing(se, pairing, 8)
        with pytest.raises(NotAllowed):
            actions.rate_pairing(manager, pairing, 10)
        assert AlignmentCheck.objects.count() == 2

    def test_again_on_the_same_day_replaces_it(self, pairing, ae):
        actions.rate_pairing(ae, pairing, 6, wish=WORDS, is_shared=True)
        actions.rate_pairing(ae, pairing, 7)
        assert scores(ae) == {(ae, 7)}
        assert not AlignmentWish.objects.exists()
        assert not AlignmentCheck.objects.get().is_shared

    def test_only_the_writer_shares(self, pairing, ae, se, manager, sign_in):
        check = actions.rate_pairing(ae, pairing, 6, wish=WORDS)
        for other in (se, manager):
            with pytest.raises(NotAllowed):
                actions.share_rating(other, check, shared=True)
        assert sign_in(se).post(f"/alignment/{check.pk}/share/", {"shared": "on"}).status_code == 404
        assert sign_in(manager).post(f"/alignment/{check.pk}/share/", {"shared": "on"}).status_code == 403
        assert not AlignmentCheck.objects.get().is_shared
        assert sign_in(ae).post(f"/alignment/{check.pk}/share/", {"shared": "on"}).status_code == 302
        assert AlignmentCheck.objects.get().is_shared

    @pytest.mark.parametrize("score", ["0", "11", "", "x"])
    def test_by_the_form_from_1_to_10(self, pairing, ae, sign_in, score):
        client, url = sign_in(ae), f"/pairings/{pairing.pk}/alignment/"
        assert client.post(url, {"score": score}).status_code == 422
        assert client.post(url, {"score": "10", "wish": WORDS, "author": "1"}).status_code == 302
        check = AlignmentCheck.objects.get()
        assert (check.author, check.score, check.wish.text, check.is_shared) == (ae, 10, WORDS, False)

    def test_not_of_an_ended_pairing(self, pairing, ae):
        Pairing.objects.update(ended_on=timezone.localdate())
        with pytest.raises(Conflict, match="ended"):
            actions.rate_pairing(ae, pairing, 6)


class TestWhenItIsDue:
    def due(self, user):
        return Pairing.objects.with_due(user).get().alignment_due_on

    def test_by_the_charter_in_force_after_the_own_last_one(self, pairing, ae, se):
        today = timezone.localdate()
        assert self.due(ae) == today + datetime.timedelta(weeks=4)
        actions.rate_pairing(ae, pairing, 6)
        AlignmentCheck.objects.update(rated_on=today - datetime.timedelta(days=10))
        pairing.charters.update(alignment_weeks=1)
        assert self.due(ae) == today - datetime.timedelta(days=3)
        assert self.due(se) == today + datetime.timedelta(weeks=1)


class TestTheTrend:
    def test_the_newest_on_the_right_and_the_change(self, pairing, ae, manager):
        today = timezone.localdate()
        for days, score in ((60, 4), (30, 10), (0, 7)):
            day = today - datetime.timedelta(days=days)
            AlignmentCheck.objects.create(pairing=pairing, author=ae, score=score, rated_on=day)
        AlignmentCheck.objects.create(
            pairing=pairing, author=ae, score=1, rated_on=today - datetime.timedelta(days=400)
        )
        (line,) = alignment(pairing, manager).lines
        assert [(x, y) for x, y, _ in line.dots] == [(20, 61), (166, 8), (312, 35)]
        assert (line.latest.score, line.change) == (7, -3)

    def test_the_page_in_few_queries_and_without_inline_style(
        self, pairing, ae, se, manager, sign_in, django_assert_max_num_queries
    ):
        for author in (ae, se):
            for days in range(0, 100, 10):
                day = timezone.localdate() - datetime.timedelta(days=days)
                check = AlignmentCheck.objects.create(pairing=pairing, author=author, score=7, rated_on=day)
                AlignmentWish.objects.create(check_of=check, text=WORDS)
        client = sign_in(manager)
        with django_assert_max_num_queries(12):
            page = client.get(pairing.get_absolute_url()).content.decode()
        assert page.count("<polyline") == 2
        assert "style=" not in page.split("<main")[-1]
