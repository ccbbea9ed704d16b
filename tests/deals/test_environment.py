"""The technical environment: asked by a bank of questions, in the SE's lane, kept for every deal with the company."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions.environment import answer_environment, remove_environment_answer, save_question, save_topic
from deals.environment import NEXT, environment_of
from deals.environment_bank import BANK, seed
from deals.models import Claim, EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic, Opportunity
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import BankQuestionFactory, EnvironmentAnswerFactory, OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
DAY = datetime.timedelta(days=1)


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("discovery"))
    Claim.objects.create(opportunity=made, se=se)
    return made


def said(question, text="Oracle 19c", **more):
    return EnvironmentAnswer(question=question, text=text, said_on=more.pop("said_on", TODAY()), **more)


class TestAnswering:
    def test_the_answer_is_the_companys_and_says_who_asked_on_which_deal(self, deal, se):
        made = answer_environment(se, deal, said(BankQuestionFactory(), said_by="Their DBA"))
        assert (made.company, made.opportunity, made.recorded_by) == (deal.company, deal, se)

    def test_the_next_deal_with_them_finds_it_and_goes_on_with_it(self, deal, se, team, ae):
        made = answer_environment(se, deal, said(BankQuestionFactory()))
        later = OpportunityFactory(team=team, owner=ae, company=deal.company, se=UserFactory(role="se", team=team))
        [section] = environment_of(later.company, later.se).sections
        assert section.lines[0].answer == made
        made.text = "Oracle 23ai since May"
        answer_environment(later.se, later, made, made.version)
        assert EnvironmentAnswer.objects.get().opportunity == later

    def test_it_is_work_on_the_deal(self, deal, se):
        before = deal.last_activity_at
        answer_environment(se, deal, said(BankQuestionFactory()))
        assert Opportunity.objects.get().last_activity_at > before

    def test_a_question_is_answered_once(self, deal, se, manager):
        question = BankQuestionFactory()
        answer_environment(se, deal, said(question))
        with pytest.raises(StaleEdit, match="meanwhile"):
            answer_environment(manager, deal, said(question, "SQL Server"))
        assert EnvironmentAnswer.objects.get().text == "Oracle 19c"

    def test_the_second_to_save_is_told(self, deal, se, manager):
        made = EnvironmentAnswerFactory(company=deal.company)
        mine, theirs = EnvironmentAnswer.objects.get(), EnvironmentAnswer.objects.get()
        theirs.text = "Theirs"
        answer_environment(manager, deal, theirs, made.version)
        with pytest.raises(StaleEdit):
            answer_environment(se, deal, mine, made.version)
        assert EnvironmentAnswer.objects.get().text == "Theirs"

    def test_nobody_has_said_anything_tomorrow(self, deal, se):
        with pytest.raises(Conflict, match="has been given"):
            answer_environment(se, deal, said(BankQuestionFactory(), said_on=TODAY() + 2 * DAY))

    def test_a_question_that_is_asked_no_more_gets_no_new_answer(self, deal, se):
        with pytest.raises(Conflict, match="no more"):
            answer_environment(se, deal, said(BankQuestionFactory(is_asked=False)))

    def test_not_for_another_company_nor_without_one(self, deal, se, team, ae):
        foreign = EnvironmentAnswerFactory()
        for act in (
            lambda: answer_environment(se, deal, foreign, foreign.version),
            lambda: remove_environment_answer(se, deal, foreign),
        ):
            with pytest.raises(Conflict, match="another company"):
                act()
        bare = OpportunityFactory(team=team, owner=ae, se=se, company=None)
        with pytest.raises(Conflict, match="no company"):
            answer_environment(se, bare, said(BankQuestionFactory()))

    def test_removed_it_stays_in_the_history(self, deal, se):
        made = answer_environment(se, deal, said(BankQuestionFactory()))
        remove_environment_answer(se, deal, made)
        remove_environment_answer(se, deal, made)
        assert not EnvironmentAnswer.objects.exists()
        gone = made._meta.get_field("events").related_model.objects.order_by("-pgh_id").first()
        assert (gone.pgh_label, gone.text) == ("delete", "Oracle 19c")

    @pytest.mark.parametrize("role", ["ae", "marketing", "se"])
    def test_outside_the_lane_nobody_writes(self, deal, team, role):
        other = deal.owner if role == "ae" else UserFactory(role=role, team=team)
        made = EnvironmentAnswerFactory(company=deal.company)
        for act in (
            lambda: answer_environment(other, deal, said(BankQuestionFactory())),
            lambda: answer_environment(other, deal, made, made.version),
            lambda: remove_environment_answer(other, deal, made),
        ):
            with pytest.raises(NotAllowed):
                act()

    def test_the_database_wants_words_and_one_answer(self, deal):
        made = EnvironmentAnswerFactory(company=deal.company)
        for facts in ({"text": "", "question": BankQuestionFactory()}, {"text": "Twice", "question": made.question}):
            with pytest.raises(IntegrityError), transaction.atomic():
                EnvironmentAnswer.objects.create(company=deal.company, said_on=TODAY(), **facts)


class TestReading:
    def test_who_sees_the_company_reads_and_nobody_else(self, deal, se, ae, manager, marketing, admin, other_team):
        EnvironmentAnswerFactory(company=deal.company)
        for user in (se, ae, manager, marketing, admin):
            assert EnvironmentAnswer.objects.visible_to(user).count() == 1
        for role in ("ae", "se", "manager"):
            stranger = UserFactory(role=role, team=other_team)
            assert EnvironmentAnswer.objects.visible_to(stranger).count() == 0

    def test_what_to_ask_next_begins_with_what_nobody_asked_and_goes_on_with_the_oldest(self, deal, se):
        old, older, fresh = (BankQuestionFactory(order=order) for order in range(3))
        unasked = BankQuestionFactory(topic=old.topic, order=9)
        BankQuestionFactory(is_asked=False)
        for question, days in ((old, 200), (older, 400), (fresh, 3)):
            EnvironmentAnswerFactory(company=deal.company, question=question, said_on=TODAY() - days * DAY)
        found = environment_of(deal.company, se)
        assert [line.question for line in found.next] == [unasked, older, old]
        assert (found.answered, found.total) == (3, 4)

    def test_a_question_asked_no_more_is_read_where_it_was_answered(self, deal, se):
        made = EnvironmentAnswerFactory(company=deal.company, question__is_asked=False)
        [section] = environment_of(deal.company, se).sections
        assert section.lines[0].answer == made

    def test_never_more_than_a_few_to_ask_next(self, deal, se):
        for order in range(NEXT + 3):
            BankQuestionFactory(order=order)
        assert len(environment_of(deal.company, se).next) == NEXT


class TestBank:
    def test_it_comes_with_questions_and_keeps_what_admins_made_of_it(self, admin):
        seed()
        assert EnvironmentTopic.objects.count() == len(BANK)
        EnvironmentQuestion.objects.update(is_asked=False)
        seed()
        assert EnvironmentQuestion.objects.count() == sum(map(len, BANK.values()))
        assert not EnvironmentQuestion.objects.filter(is_asked=True).exists()

    def test_only_an_admin_changes_it(self, admin, manager, se):
        for user in (manager, se):
            with pytest.raises(NotAllowed):
                save_topic(user, EnvironmentTopic(name="Network"))
        topic = save_topic(admin, EnvironmentTopic(name="Network"))
        with pytest.raises(NotAllowed):
            save_question(manager, EnvironmentQuestion(topic=topic, text="Which?"))

    def test_names_and_questions_stand_once(self, admin):
        question = BankQuestionFactory()
        with pytest.raises(Conflict, match="of this name"):
            save_topic(admin, EnvironmentTopic(name=question.topic.name.upper()))
        with pytest.raises(Conflict, match="already"):
            save_question(admin, EnvironmentQuestion(topic=question.topic, text=question.text.upper()))

    def test_the_second_to_save_is_told(self, admin):
        question = BankQuestionFactory()
        save_question(admin, question, question.version)
        question.refresh_from_db()
        with pytest.raises(StaleEdit):
            save_question(admin, question, question.version - 1)


class TestPages:
    def test_a_first_answer_from_the_form(self, client, deal, se):
        question = BankQuestionFactory()
        client.force_login(se)
        url = f"/opportunities/{deal.pk}/environment/{question.pk}/"
        assert "What they answered before" not in client.get(url).content.decode()
        answer = client.post(url, {"text": "Oracle", "said_by": " Their  DBA ", "said_on": TODAY().isoformat()})
        assert answer.status_code == 302
        assert EnvironmentAnswer.objects.get().said_by == "Their DBA"

    def test_both_values_where_two_wrote(self, client, deal, se, manager):
        made = EnvironmentAnswerFactory(company=deal.company, text="Oracle")
        theirs = EnvironmentAnswer.objects.get()
        theirs.text = "SQL Server"
        answer_environment(manager, deal, theirs, made.version)
        client.force_login(se)
        url = f"/opportunities/{deal.pk}/environment/{made.question_id}/"
        answer = client.post(url, {"text": "MySQL", "said_on": TODAY().isoformat(), "version": made.version})
        assert answer.status_code == 409
        assert "SQL Server" in answer.content.decode()
        assert "MySQL" in answer.content.decode()

    def test_words_are_words(self, client, deal, se):
        EnvironmentAnswerFactory(company=deal.company, text="<script>alert(1)</script>", said_by="<b>x</b>")
        client.force_login(se)
        for url in (f"/opportunities/{deal.pk}/environment/", f"/companies/{deal.company_id}/environment/"):
            page = client.get(url).content.decode()
            assert "<script>alert" not in page
            assert "<b>x" not in page

    def test_few_queries_however_many_answers(self, client, deal, se, django_assert_max_num_queries):
        seed()
        for question in EnvironmentQuestion.objects.all():
            EnvironmentAnswerFactory(company=deal.company, question=question)
        client.force_login(se)
        for url in (
            f"/opportunities/{deal.pk}/environment/", f"/companies/{deal.company_id}/environment/",
            f"/companies/{deal.company_id}/", f"/opportunities/{deal.pk}/timeline/",
        ):  # fmt: skip
            with django_assert_max_num_queries(12):
                assert client.get(url).status_code == 200

    def test_the_story_of_the_deal_tells_it(self, client, deal, se):
        made = answer_environment(se, deal, said(BankQuestionFactory(text="Which database?")))
        remove_environment_answer(se, deal, made)
        client.force_login(se)
        page = client.get(f"/opportunities/{deal.pk}/timeline/").content.decode()
        assert "asked “Which database?”" in page
        assert "removed the answer to “Which database?”" in page

    def test_what_was_asked_on_one_day_is_one_line_of_the_story(self, client, deal, se):
        for _ in range(3):
            answer_environment(se, deal, said(BankQuestionFactory()))
        client.force_login(se)
        page = client.get(f"/opportunities/{deal.pk}/timeline/").content.decode()
        assert "asked 3 questions about their technical environment" in page

    def test_a_deal_without_a_company_says_so(self, client, team, ae, se):
        bare = OpportunityFactory(team=team, owner=ae, se=se, company=None)
        client.force_login(se)
        assert "No company yet" in client.get(f"/opportunities/{bare.pk}/environment/").content.decode()
