"""Past answers: found by whoever may read them, taken over once and counted, by index alone."""

import pytest
from django.db import connection
from django.utils import timezone

from deals.actions import rfps as actions
from deals.answers import MAX_FOUND, find_answers, suggested_answers, topics
from deals.models import Claim, Rfp, RfpQuestion
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def deal_of(ae, se, team, name="Deal"):
    made = OpportunityFactory(name=name, team=team, owner=ae, se=se)
    if se:
        Claim.objects.create(opportunity=made, se=se)
    return made


def asked(deal, text, answer="", line=1, **fields):
    rfp = deal.rfps.first() or Rfp.objects.create(opportunity=deal, name="Theirs", due_on=timezone.localdate())
    state = "done" if answer else "open"
    made = RfpQuestion.objects.create(rfp=rfp, line=line, text=text, answer=answer, state=state, **fields)
    return RfpQuestion.objects.select_related("rfp__opportunity").get(pk=made.pk)


@pytest.fixture
def deal(ae, se, team):
    return deal_of(ae, se, team)


@pytest.fixture
def elsewhere(other_team):
    """A deal of people with whom nobody here shares a team."""
    people = [UserFactory(role=role, team=other_team) for role in ("ae", "se")]
    return deal_of(*people, other_team, name="Secret customer")


def texts(found):
    return [row.text for row in found]


class TestWhoFindsWhat:
    def test_answers_of_deals_one_sees_and_reusable_ones_of_any(self, deal, elsewhere, ae, se, manager, admin):
        asked(deal, "Encryption here?", "Yes")
        asked(elsewhere, "Encryption there?", "No")
        asked(elsewhere, "Encryption for all?", "Always", line=2, is_reusable=True)
        for person in (ae, se, manager):
            assert set(texts(find_answers(person, "encryption")[0])) == {"Encryption here?", "Encryption for all?"}
        assert len(find_answers(admin, "encryption")[0]) == 3

    def test_questions_without_answer_are_not_found(self, deal, se):
        asked(deal, "Encryption?")
        assert find_answers(se, "encryption")[0] == []

    def test_marketing_reads_none(self, deal, marketing, sign_in):
        asked(deal, "Encryption?", "Yes", is_reusable=True)
        assert find_answers(marketing, "encryption")[0] == []
        assert sign_in(marketing).get("/answers/?q=encryption").status_code == 403

    def test_whose_it_was_stays_with_those_who_see_the_deal(self, deal, elsewhere, se, admin, sign_in):
        made = asked(elsewhere, "Encryption for all?", "Always", is_reusable=True)
        own = asked(deal, "Encryption for us?")
        for address in ("/answers/?q=encryption", f"/rfp-questions/{own.pk}/suggestions/?q=encryption"):
            page = sign_in(se).get(address).content.decode()
            assert "Always" in page
            assert "Secret customer" not in page
            assert made.get_absolute_url() not in page
            assert "Secret customer" in sign_in(admin).get(address).content.decode()
        assert sign_in(se).get(made.get_absolute_url()).status_code == 404

    def test_in_question_or_answer_by_the_beginnings_of_all_words(self, deal, se):
        asked(deal, "Is data at rest unreadable?", "Encrypted with AES-256")
        assert len(find_answers(se, "encr aes")[0]) == 1
        assert len(find_answers(se, "unread encryp")[0]) == 1
        assert find_answers(se, "encr des")[0] == []

    def test_an_answer_that_was_taken_over_is_shown_once(self, deal, se):
        asked(deal, "Backups, once?", "Daily", reuse_count=1)
        asked(deal, "Backups, again?", "Daily", line=2)
        assert texts(find_answers(se, "backups")[0]) == ["Backups, once?"]

    def test_the_most_reused_first(self, deal, se):
        asked(deal, "Backups, once?", "Daily")
        asked(deal, "Backups, often?", "Hourly", line=2, reuse_count=3)
        assert texts(find_answers(se, "backups")[0]) == ["Backups, often?", "Backups, once?"]
        assert texts(find_answers(se, "")[0]) == ["Backups, often?", "Backups, once?"]

    @pytest.mark.parametrize("text", ["' & | ! :*", "a\\'b", "()", "ß²", "x" * 400, "_", "null:*A"])
    def test_no_text_is_an_operator(self, deal, se, text):
        question = asked(deal, f"{text} encryption")
        find_answers(se, text)
        suggested_answers(se, question)


class TestSuggestions:
    def test_two_words_in_common_the_closest_first(self, deal, se):
        close = asked(deal, "How is stored customer data encrypted?", "AES", line=1)
        far = asked(deal, "Where is customer data stored?", "Ireland", line=2)
        asked(deal, "Which customers do you have?", "Many", line=3)
        new = asked(deal, "Is the stored customer data under encryption?", line=4)
        assert [row.pk for row in suggested_answers(se, new)] == [close.pk, far.pk]

    def test_a_question_of_one_word_or_of_common_ones_alone(self, deal, se):
        asked(deal, "Penetration tests?", "Yearly")
        assert len(suggested_answers(se, asked(deal, "Penetration?", line=2))) == 1
        assert suggested_answers(se, asked(deal, "Does your solution support this?", line=3)) == []

    def test_never_itself(self, deal, se):
        assert suggested_answers(se, asked(deal, "Penetration tests of systems?", "Yearly")) == []

    def test_topics_are_beginnings_of_the_longest_words(self):
        assert topics("Please describe the encryption of data") == ["encrypt", "data"]


class TestTakingOver:
    def test_is_a_draft_and_counted(self, deal, se):
        source = asked(deal, "Encryption?", "AES", fit="native")
        new = asked(deal, "Encrypted?", line=2)
        actions.reuse_answer(se, new, source, 1)
        new.refresh_from_db()
        assert (new.answer, new.fit, new.state, new.reused_from, new.answered_by) == (
            "AES", "native", "drafted", source, se
        )  # fmt: skip
        source.refresh_from_db()
        assert (source.reuse_count, source.version) == (1, 1)

    def test_the_history_keeps_whence_it_came_to_itself(self, deal, elsewhere, manager, admin, sign_in):
        new = asked(deal, "Encrypted?")
        actions.reuse_answer(admin, new, asked(elsewhere, "Does Secret customer encrypt?", "AES"), 1)
        page = sign_in(manager).get(new.get_absolute_url()).content.decode()
        assert "reused answer" in page
        assert "Secret customer" not in page

    def test_twice_into_the_same_question_counts_once(self, deal, se):
        source = asked(deal, "Encryption?", "AES")
        new = asked(deal, "Encrypted?", line=2)
        actions.reuse_answer(se, new, source, 1)
        actions.reuse_answer(se, new, source, 2)
        actions.reuse_answer(se, asked(deal, "Crypto?", line=3), source, 1)
        source.refresh_from_db()
        assert source.reuse_count == 2

    def test_over_what_somebody_wrote_meanwhile_is_refused(self, deal, se, sign_in):
        source = asked(deal, "Encryption?", "AES")
        new = asked(deal, "Encrypted?", line=2)
        new.answer = "By hand"
        actions.save_answer(se, new, 1)
        with pytest.raises(StaleEdit):
            actions.reuse_answer(se, new, source, 1)
        reply = sign_in(se).post(f"/rfp-questions/{new.pk}/reuse/", {"source": source.pk, "version": 1})
        assert reply.status_code == 409
        source.refresh_from_db()
        assert source.reuse_count == 0
        # What was on the screen counts, not what the suggestions were loaded with.
        page = sign_in(se).get(f"/rfp-questions/{new.pk}/suggestions/?version=1&q=encryption").content.decode()
        assert 'name="version" value="1"' in page

    def test_only_what_one_may_read(self, deal, elsewhere, se, sign_in):
        private = asked(elsewhere, "Encryption?", "Theirs alone")
        new = asked(deal, "Encrypted?")
        reply = sign_in(se).post(f"/rfp-questions/{new.pk}/reuse/", {"source": private.pk, "version": 1})
        assert reply.status_code == 409
        with pytest.raises(Conflict):
            actions.reuse_answer(se, new, private, 1)
        with pytest.raises(Conflict):
            actions.reuse_answer(se, new, new, 1)
        new.refresh_from_db()
        assert new.answer == ""

    def test_in_the_lane_alone(self, deal, ae, se):
        source, new = asked(deal, "Encryption?", "AES"), asked(deal, "Encrypted?", line=2)
        with pytest.raises(NotAllowed):
            actions.reuse_answer(ae, new, source, 1)
        new.owner = ae
        new.save()
        assert actions.reuse_answer(ae, new, source, 1).answer == "AES"


class TestSpeed:
    @pytest.fixture
    def library(self, deal, elsewhere):
        """30,000 answers, half of them on a deal that is not one's own; one in a thousand speaks of a rare thing."""
        for home in (deal, elsewhere):
            rfp = Rfp.objects.create(opportunity=home, name="Large", due_on=timezone.localdate())
            RfpQuestion.objects.bulk_create(
                RfpQuestion(
                    rfp=rfp, line=line, text=f"How are {'telemetry' if line % 1000 == 7 else 'backups'} {line} kept?",
                    answer=f"Like in case {line} of the handbook", state="done", is_reusable=line % 2 == 0,
                )
                for line in range(15_000)
            )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE deals_rfpquestion; ANALYZE deals_rfp")

    def test_by_the_index_and_in_few_queries(self, library, deal, se, sign_in, django_assert_num_queries):
        found = RfpQuestion.objects.answers_visible_to(se).filter(search="telemetry")
        assert "deals_question_search" in found.explain()
        with django_assert_num_queries(2):
            rows, more = find_answers(se, "telemetry handb")
        assert (len(rows), more) == (15, False)
        with django_assert_num_queries(2):
            rows, more = find_answers(se, "backups")
        assert (len(rows), more) == (25, True)
        assert MAX_FOUND == 200
        new = asked(deal, "What telemetry is in the handbook?", line=20_000)
        with django_assert_num_queries(2):
            assert "telemetry" in suggested_answers(se, new)[0].text
