"""The autopsy of a lost deal: owed from the day it is lost, each view written alone, done with an agreed lesson."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from deals.actions.autopsies import agree_lesson, write_view
from deals.actions.queue import call_no_go
from deals.actions.stages import move_stage, reopen
from deals.models import Autopsy, AutopsyView, Claim, Opportunity
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory
from tests.qualification.factories import evidence

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("evaluation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def lost(deal, ae):
    move_stage(ae, deal, stage("lost"), lost_reason="competitor", lost_to="Conduitly")
    return fresh(deal)


def fresh(deal):
    return Opportunity.objects.get(pk=deal.pk)


def of(deal):
    return Autopsy.objects.current().get(opportunity=deal)


def view(missed="Their auditors", **facts):
    return AutopsyView(missed=missed, first_known="When they asked for a second quote", again="The workshop", **facts)


def agree(actor, deal, lesson="Ask who audits them"):
    found = of(deal)
    return agree_lesson(actor, found, lesson, found.version)


class TestOwed:
    def test_from_the_day_it_is_lost_with_reason_and_competitor(self, lost):
        found = Autopsy.objects.owed().get()
        assert (found.closed_on, found.lost_reason, found.lost_to) == (TODAY, "competitor", "Conduitly")

    def test_by_the_two_of_the_deal(self, lost, ae, se, manager):
        assert [Autopsy.objects.owed_by(person).count() for person in (ae, se, manager)] == [1, 1, 0]

    def test_until_the_lesson_is_agreed(self, lost, ae, se):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        assert Autopsy.objects.owed().exists()
        agree(se, lost)
        assert not Autopsy.objects.owed().exists()

    def test_not_after_a_no_go_which_keeps_its_technical_reason(self, deal, se):
        call_no_go(se, deal, no_go_reason="gap", reason="No interface")
        assert not Autopsy.objects.exists()
        assert fresh(deal).no_go_reason == "gap"
        with pytest.raises(Conflict, match="not lost"):
            write_view(se, fresh(deal), view())

    def test_nor_after_winning(self, team, ae):
        from deals.actions.stages import close

        won = OpportunityFactory(team=team, owner=ae)
        close(won, stage("won"), TODAY)
        assert not Autopsy.objects.exists()

    def test_deals_lost_before_there_were_autopsies_get_theirs_with_the_first_words(self, lost, ae):
        Autopsy.objects.all().delete()
        write_view(ae, lost, view())
        assert (of(lost).lost_to, of(lost).views.count()) == ("Conduitly", 1)


class TestLookingBackAlone:
    def test_by_the_two_and_nobody_else(self, lost, ae, se, team, manager, admin):
        for person in (UserFactory(role="ae", team=team), UserFactory(role="se", team=team), manager, admin):
            with pytest.raises(NotAllowed):
                write_view(person, lost, view())
        write_view(ae, lost, view())
        write_view(se, lost, view())
        assert set(of(lost).views.values_list("author__name", "lane")) == {("Ada AE", "ae"), ("Sam SE", "se")}

    def test_the_partners_shows_once_the_own_is_written(self, lost, ae, se):
        write_view(ae, lost, view())
        assert [AutopsyView.objects.visible_to(person).count() for person in (ae, se)] == [1, 0]
        write_view(se, lost, view())
        assert [AutopsyView.objects.visible_to(person).count() for person in (ae, se)] == [2, 2]

    def test_to_others_both_together_to_managers_each(self, lost, ae, se, team, manager):
        mate = UserFactory(role="ae", team=team)
        write_view(ae, lost, view())
        assert [AutopsyView.objects.visible_to(person).count() for person in (mate, manager)] == [0, 1]
        write_view(se, lost, view())
        assert [AutopsyView.objects.visible_to(person).count() for person in (mate, manager)] == [2, 2]

    def test_to_nobody_of_another_team(self, lost, ae, se, other_team, marketing):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        for person in (
            UserFactory(role="manager", team=other_team),
            UserFactory(role="se", team=other_team),
            marketing,
        ):
            assert not AutopsyView.objects.visible_to(person).exists()
            assert not Autopsy.objects.visible_to(person).exists()

    def test_not_even_in_the_page_of_the_partner(self, lost, ae, se, sign_in):
        write_view(ae, lost, view(missed="The thing we both overlooked"))
        page = sign_in(se).get(f"/opportunities/{lost.pk}/autopsy/").content.decode()
        assert "The thing we both overlooked" not in page
        assert "shows when yours is written" in page
        write_view(se, lost, view())
        assert "The thing we both overlooked" in sign_in(se).get(f"/opportunities/{lost.pk}/autopsy/").content.decode()

    def test_names_the_evidence_that_was_wrong_of_this_deal_only(self, lost, ae):
        wrong = evidence(lost.dossier, "budget", 2)
        write_view(ae, lost, view(), [wrong])
        assert list(of(lost).views.get().wrong_evidence.all()) == [wrong]
        with pytest.raises(Conflict, match="another deal"):
            write_view(ae, lost, of(lost).views.get(), [evidence(OpportunityFactory().dossier, "budget", 2)], 1)

    def test_the_second_first_word_is_refused(self, lost, ae):
        write_view(ae, lost, view())
        with pytest.raises(StaleEdit):
            write_view(ae, lost, view("Another"))

    def test_nobody_changes_the_partners(self, lost, ae, se):
        write_view(ae, lost, view())
        with pytest.raises(Conflict, match="not yours"):
            write_view(se, lost, of(lost).views.get(), version=1)


class TestTheLesson:
    def test_waits_for_both_views(self, lost, ae, se):
        write_view(ae, lost, view())
        with pytest.raises(Conflict, match="Sam SE has not written yet"):
            agree(ae, lost)
        write_view(se, lost, view())
        agree(ae, lost)
        assert (of(lost).lesson, of(lost).agreed_by) == ("Ask who audits them", ae)

    def test_one_view_is_enough_where_there_was_no_se(self, team, ae):
        deal = OpportunityFactory(team=team, owner=ae)
        move_stage(ae, deal, stage("lost"), lost_reason="price")
        write_view(ae, fresh(deal), view())
        agree(ae, deal)

    def test_a_manager_closes_one_that_would_wait_for_ever(self, lost, ae, manager):
        write_view(ae, lost, view())
        agree(manager, lost)
        assert of(lost).is_agreed

    def test_is_not_empty_and_nobody_elses(self, lost, ae, se, team):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        with pytest.raises(Conflict, match="take from it"):
            agree(ae, lost, " ")
        with pytest.raises(NotAllowed):
            agree(UserFactory(role="ae", team=team), lost)

    def test_afterwards_the_views_stay_as_they_were(self, lost, ae, se):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        agree(se, lost)
        kept = of(lost).views.get(author=ae)
        kept.missed = "Nothing, really"
        with pytest.raises(Conflict, match="stays as it was"):
            write_view(ae, lost, kept, version=kept.version)

    def test_of_two_at_once_one_counts(self, lost, ae, se):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        agree(se, lost)
        with pytest.raises(StaleEdit):
            agree_lesson(ae, of(lost), "Mine", 1)

    def test_is_found_by_its_words(self, lost, ae, se, sign_in):
        write_view(ae, lost, view())
        write_view(se, lost, view())
        agree(se, lost)
        client = sign_in(ae)
        assert lost.name in client.get("/autopsies/?q=who%20audits").content.decode()
        assert lost.name in client.get("/autopsies/?state=agreed&reason=competitor").content.decode()
        for query in ("q=locksmith", "state=owed", "reason=price"):
            assert lost.name not in client.get(f"/autopsies/?{query}").content.decode()
        assert client.get("/autopsies/?state=nonsense&cursor=zzz&q=%25").status_code == 200


class TestOpenedAgain:
    def test_each_closing_keeps_its_own(self, lost, ae, se, sign_in):
        write_view(ae, lost, view(missed="Their auditors"))
        write_view(se, lost, view())
        agree(se, lost)
        reopen(ae, lost, stage("evaluation"), reason="They called back")
        kept = Autopsy.objects.get()
        assert (kept.is_record, kept.lost_to, kept.lesson) == (True, "Conduitly", "Ask who audits them")
        assert fresh(lost).lost_to == ""
        with pytest.raises(Conflict, match="opened again"):
            agree_lesson(ae, kept, "Another", kept.version)
        move_stage(ae, fresh(lost), stage("lost"), lost_reason="price")
        assert Autopsy.objects.owed().get().lost_reason == "price"
        page = sign_in(ae).get(f"/opportunities/{lost.pk}/autopsy/").content.decode()
        for text in ("Their auditors", "Ask who audits them", "Autopsy of the closing on", "Price"):
            assert text in page

    def test_one_that_is_open_again_owes_nothing(self, lost, ae):
        reopen(ae, lost, stage("evaluation"), reason="They called back")
        assert not Autopsy.objects.owed().exists()


@pytest.mark.parametrize(
    "facts",
    [{"lost_reason": "mood"}, {"agreed_at": datetime.datetime(2024, 1, 9, tzinfo=datetime.UTC)}, {}],
    ids=["reason", "agreed by nobody", "two at once"],
)
def test_the_database_refuses_it_too(lost, facts):
    with pytest.raises(IntegrityError), transaction.atomic():
        Autopsy.objects.create(**{"opportunity": lost, "closed_on": TODAY, "lost_reason": "price", **facts})


class TestPages:
    def test_written_in_the_browser_with_its_evidence(self, lost, ae, sign_in):
        wrong = evidence(lost.dossier, "budget", 2)
        data = {
            "missed": "Auditors", "first_known": "In May", "known_on": "2026-05-02", "again": "The workshop",
            "wrong_evidence": [wrong.pk], "wrong": "Hearsay",
        }  # fmt: skip
        client = sign_in(ae)
        assert client.post(f"/opportunities/{lost.pk}/autopsy/write/", data).status_code == 302
        assert "Hearsay" in client.get(f"/opportunities/{lost.pk}/autopsy/").content.decode()
        changed = {**data, "missed": "Their auditors", "version": 1}
        assert client.post(f"/opportunities/{lost.pk}/autopsy/write/", changed).status_code == 302
        answer = client.post(f"/opportunities/{lost.pk}/autopsy/write/", changed)
        assert answer.status_code == 409
        assert of(lost).views.get().missed == "Their auditors"

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"missed": "x", "first_known": "y"},
            {"missed": "x", "first_known": "y", "again": "z", "known_on": "1800-01-01"},
            {"missed": "x", "first_known": "y", "again": "z", "wrong_evidence": "7777"},
        ],
    )
    def test_bad_input_is_a_form_error(self, lost, ae, sign_in, data):
        assert sign_in(ae).post(f"/opportunities/{lost.pk}/autopsy/write/", data).status_code == 422

    def test_the_se_posts_no_view_for_the_ae(self, lost, se, ae, sign_in):
        data = {"missed": "x", "first_known": "y", "again": "z", "lane": "ae", "author": ae.pk}
        sign_in(se).post(f"/opportunities/{lost.pk}/autopsy/write/", data)
        assert of(lost).views.get().lane == "se"

    def test_few_queries(self, lost, ae, se, sign_in, django_assert_max_num_queries):
        entries = [evidence(lost.dossier, key, 2) for key in ("budget", "need", "authority")]
        write_view(ae, lost, view(), entries)
        write_view(se, lost, view(), entries)
        agree(se, lost)
        client = sign_in(ae)
        for address in (f"/opportunities/{lost.pk}/autopsy/", "/autopsies/"):
            with django_assert_max_num_queries(12):
                assert client.get(address).status_code == 200
