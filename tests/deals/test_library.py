"""The library: written by SEs and managers, read by everybody who sells, found by its words."""

import pytest
from django.db import IntegrityError, transaction

from deals.actions.library import keep_answer, save_item, use_library_answer
from deals.answers import topics
from deals.forms.library import LibraryItemForm, item_of
from deals.library import answers_like
from deals.models import Claim, LibraryItem, Rfp, RfpQuestion
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import LibraryItemFactory, OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("presentation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def question(deal):
    rfp = Rfp.objects.create(opportunity=deal, name="Acme's RFP", due_on="2026-12-01")
    return RfpQuestion.objects.create(
        rfp=rfp, line=2, text="How is our data encrypted at rest?", answer="AES-256.", state="done"
    )


def found(client, query):
    return [item.title for item in client.get(f"/library/?{query}").context["page"]]


class TestWriting:
    def test_se_manager_and_admin_write_and_nobody_else(self, se, manager, admin, ae, marketing):
        for user in (se, manager, admin):
            save_item(user, LibraryItem(title=f"Of {user}", script="Steps"))
        for user in (ae, marketing):
            with pytest.raises(NotAllowed):
                save_item(user, LibraryItem(title="Mine", script="Steps"))
        assert LibraryItem.objects.count() == 3

    def test_the_second_to_save_is_told(self, se, manager):
        made = LibraryItemFactory()
        mine, theirs = LibraryItem.objects.get(), LibraryItem.objects.get()
        theirs.title = "Theirs"
        save_item(manager, theirs, made.version)
        with pytest.raises(StaleEdit):
            save_item(se, mine, made.version)
        assert LibraryItem.objects.get().title == "Theirs"

    @pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://a.example", "data:text/html,x"])
    def test_links_lead_to_the_web(self, link):
        form = LibraryItemForm({"title": "A", "script": "B", "link": link}, instance=LibraryItem())
        assert not form.is_valid()

    @pytest.mark.parametrize("facts", [{"title": ""}, {"script": ""}, {"kind": "song"}])
    def test_the_database_refuses_it_too(self, facts):
        with pytest.raises(IntegrityError), transaction.atomic():
            LibraryItemFactory(**facts)


class TestFinding:
    def test_by_the_beginnings_of_the_words_of_all_it_says(self, client, ae, se):
        save_item(se, LibraryItem(title="Single sign-on", script="Open the directory.", tags=["Okta"]))
        save_item(se, LibraryItem(title="Orders", shows="How a late order is found", script="Search for it."))
        client.force_login(ae)
        for words, title in (("sign", "Single sign-on"), ("okt", "Single sign-on"), ("late order", "Orders")):
            assert found(client, f"q={words}") == [title]
        assert found(client, "q=sign+order") == []

    def test_by_kind_and_tag_and_retired_ones_apart(self, client, ae):
        LibraryItemFactory(title="A", tags=["SSO"])
        LibraryItemFactory(title="B", kind="answer")
        LibraryItemFactory(title="C", is_retired=True)
        client.force_login(ae)
        assert found(client, "sort=title") == ["A", "B"]
        assert found(client, "kind=answer") == ["B"]
        assert found(client, "tag=SSO") == ["A"]
        assert found(client, "retired=1") == ["C"]

    def test_what_makes_no_sense_in_the_address_is_left_out(self, client, ae):
        LibraryItemFactory(title="A")
        client.force_login(ae)
        assert found(client, "sort=script&kind=x&cursor=zzz&q=%20") == ["A"]

    def test_every_page_of_many_in_few_queries(self, client, ae, django_assert_max_num_queries):
        for number in range(70):
            LibraryItemFactory(title=f"Item {number:03}", tags=[f"tag {number}"])
        client.force_login(ae)
        seen, cursor = [], ""
        while True:
            with django_assert_max_num_queries(12):
                page = client.get(f"/library/?sort=title&cursor={cursor}").context["page"]
            seen += [item.title for item in page]
            cursor = page.next
            if not cursor:
                break
        assert seen == sorted(seen)
        assert len(seen) == 70


class TestAnswers:
    def test_an_answer_is_kept_once_and_without_whose_it_was(self, client, question, se, other_team):
        item = keep_answer(se, question, item_of(question))
        assert (item.kind, item.script, item.source) == ("answer", "AES-256.", question)
        with pytest.raises(Conflict, match="already"):
            keep_answer(se, question, item_of(question))
        stranger = UserFactory(role="ae", team=other_team)
        client.force_login(stranger)
        page = client.get(item.get_absolute_url()).content.decode()
        assert "AES-256." in page
        assert "Acme" not in page
        assert question.rfp.opportunity.name not in page
        client.force_login(se)
        assert "Acme&#x27;s RFP" in client.get(item.get_absolute_url()).content.decode()

    def test_only_the_lane_of_the_deal_lets_it_out(self, question, team, ae):
        for other in (ae, UserFactory(role="se", team=team)):
            with pytest.raises(NotAllowed):
                keep_answer(other, question, item_of(question))

    def test_without_an_answer_there_is_nothing_to_keep(self, question, se):
        RfpQuestion.objects.update(answer="", state="open")
        with pytest.raises(Conflict, match="no answer"):
            keep_answer(se, question, item_of(question))

    def test_it_is_offered_beside_a_question_like_it(self, client, question, se):
        LibraryItemFactory(kind="answer", title="Encryption of data at rest", script="AES-256, keys rotated.")
        LibraryItemFactory(kind="demo", title="Encryption of data at rest", script="A demo is no answer.")
        LibraryItemFactory(kind="answer", title="Price of data", script="Per plant.")
        assert [item.script for item in answers_like(se, topics(question.text))] == ["AES-256, keys rotated."]
        client.force_login(se)
        page = client.get(f"/rfp-questions/{question.pk}/suggestions/").content.decode()
        assert "AES-256, keys rotated." in page
        assert "A demo is no answer." not in page

    def test_taken_over_it_is_a_draft_and_counts(self, question, se):
        item = LibraryItemFactory(kind="answer", script="AES-256, keys rotated.")
        use_library_answer(se, question, item, question.version)
        stored = RfpQuestion.objects.get()
        assert (stored.answer, stored.state, stored.library_item) == (item.script, "drafted", item)
        assert LibraryItem.objects.with_uses().get().uses == 1
        with pytest.raises(StaleEdit):
            use_library_answer(se, question, item, 1)

    def test_neither_a_demo_nor_what_is_out_of_date(self, question, se):
        for item in (LibraryItemFactory(), LibraryItemFactory(kind="answer", is_retired=True)):
            with pytest.raises(Conflict, match="any more"):
                use_library_answer(se, question, item, question.version)

    def test_words_of_a_question_are_words_to_the_search(self, se):
        for text in ("'drop' encryption' | backup & (x):*", ""):
            assert answers_like(se, topics(text)) == []
