"""The solution design: in the SE's lane, a version for every change, any two of them compared."""

import pytest
from django.db import IntegrityError, transaction

from deals.actions.designs import save_design
from deals.forms.designs import DesignForm
from deals.models import Claim, Opportunity, SolutionDesign
from deals.models.designs import MAX_LINKS, Link, links_of, versions_of
from presales.diff import MOST_LINES
from presales.errors import NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("presentation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


def write(actor, deal, text, note="", links=""):
    """The next version, from what stands there."""
    design = SolutionDesign.objects.filter(opportunity=deal).first() or SolutionDesign()
    version = design.version if design.pk else None
    design.text, design.links = text, links
    return save_design(actor, deal, design, version, note=note)


class TestVersions:
    def test_every_change_is_one_with_who_and_what(self, deal, se, manager):
        write(se, deal, "A hub")
        write(manager, deal, "A hub and a queue", "Their architects asked for a buffer")
        design = write(se, deal, "Two hubs")
        told = [(row.version, row.text, row.note, row.author) for row in versions_of(design)]
        assert told == [
            (3, "Two hubs", "", se),
            (2, "A hub and a queue", "Their architects asked for a buffer", manager),
            (1, "A hub", "", se),
        ]

    def test_saving_the_same_again_makes_none(self, deal, se):
        write(se, deal, "A hub")
        assert write(se, deal, "A hub", "Again").version == 1
        assert len(versions_of(SolutionDesign.objects.get())) == 1

    def test_the_second_to_save_is_told_and_nothing_is_lost(self, deal, se, manager):
        write(se, deal, "A hub")
        mine, theirs = SolutionDesign.objects.get(), SolutionDesign.objects.get()
        theirs.text = "Theirs"
        save_design(manager, deal, theirs, 1)
        for text in ("Mine", "Theirs"):
            mine.text = text
            with pytest.raises(StaleEdit):
                save_design(se, deal, mine, 1)
        with pytest.raises(StaleEdit, match="begun"):
            save_design(se, deal, SolutionDesign(text="Another first one"))
        assert SolutionDesign.objects.get().text == "Theirs"

    def test_it_is_work_on_the_deal(self, deal, se):
        before = deal.last_activity_at
        write(se, deal, "A hub")
        assert Opportunity.objects.get().last_activity_at > before

    def test_a_version_is_never_changed(self, deal, se):
        [row] = versions_of(write(se, deal, "A hub"))
        with pytest.raises(Exception, match="pend"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(text="Never said")

    def test_the_database_wants_words(self, deal):
        with pytest.raises(IntegrityError), transaction.atomic():
            SolutionDesign.objects.create(opportunity=deal, text="")

    @pytest.mark.parametrize("role", ["ae", "marketing", "se"])
    def test_outside_the_lane_nobody_writes(self, deal, team, role):
        other = deal.owner if role == "ae" else UserFactory(role=role, team=team)
        with pytest.raises(NotAllowed):
            write(other, deal, "A hub")


class TestForm:
    @pytest.mark.parametrize(
        "line",
        ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/y", "not a link", "//x.example", "https://"],
    )
    def test_links_lead_to_the_web_and_nowhere_else(self, line):
        form = DesignForm({"text": "A hub", "links": f"https://a.example/1 Flow\n{line}"})
        assert not form.is_valid()
        assert "http" in form.errors["links"][0]

    def test_links_are_kept_one_a_line_with_their_titles(self):
        form = DesignForm({"text": "A hub", "links": "https://a.example/1  Data   flow\r\n\r\nhttp://b.example"})
        assert form.is_valid(), form.errors
        assert links_of(form.cleaned_data["links"]) == [
            Link("https://a.example/1", "Data flow"), Link("http://b.example", "http://b.example"),
        ]  # fmt: skip

    def test_not_more_than_can_be_compared(self):
        assert not DesignForm({"text": "a\n" * (MOST_LINES + 1) + "b"}).is_valid()
        assert DesignForm({"text": "a\n" * MOST_LINES}).is_valid()
        assert not DesignForm({"text": "a", "links": "https://a.example\n" * (MAX_LINKS + 1)}).is_valid()


class TestPages:
    def test_words_are_words_and_links_are_links(self, client, deal, se):
        hostile = "<script>alert(1)</script> see https://a.example/x and javascript:alert(2)"
        write(se, deal, hostile, links="https://a.example/d <b>bold</b>")
        write(se, deal, hostile.replace("see", "<i>look</i>"), note="<u>why</u>")
        client.force_login(se)
        for url in ("", "compare/?from=1&to=2", "?version=1"):
            page = client.get(f"/opportunities/{deal.pk}/design/{url}").content.decode()
            assert "&lt;script&gt;" in page
            assert not any(tag in page for tag in ("<script>alert", "<b>bold", "<i>look", "<u>why", 'href="javascript'))
        assert 'href="https://a.example/x"' in client.get(f"/opportunities/{deal.pk}/design/").content.decode()

    def test_any_two_versions_in_either_order(self, client, deal, se):
        for text in ("A hub", "A hub\nA queue", "A hub\nTwo queues"):
            write(se, deal, text)
        client.force_login(se)
        for query in ("?from=1&to=3", "?from=3&to=1"):
            page = client.get(f"/opportunities/{deal.pk}/design/compare/{query}").content.decode()
            assert "<ins>Two queues</ins>" in page
        page = client.get(f"/opportunities/{deal.pk}/design/compare/").content.decode()
        assert "from version 2 to version 3" in page
        for nonsense in ("?from=x&to=9999999999999999999999", "?from=2&to=2", "?version=%00"):
            assert client.get(f"/opportunities/{deal.pk}/design/compare/{nonsense}").status_code in (200, 400)

    def test_one_goes_on_from_an_older_version(self, client, deal, se):
        for text in ("A hub", "Two hubs"):
            write(se, deal, text)
        client.force_login(se)
        form = client.get(f"/opportunities/{deal.pk}/design/edit/?version=1").context["form"]
        assert form["text"].value() == "A hub"
        assert form["what_changed"].value() == "Back to version 1"
        answer = client.post(
            f"/opportunities/{deal.pk}/design/edit/?version=1", {"text": "A hub", "version": 2, "what_changed": "Back"}
        )
        assert answer.status_code == 302
        assert SolutionDesign.objects.get().version == 3

    def test_both_texts_where_two_wrote(self, client, deal, se, manager):
        write(se, deal, "A hub")
        write(manager, deal, "Theirs")
        client.force_login(se)
        answer = client.post(f"/opportunities/{deal.pk}/design/edit/", {"text": "Mine", "version": 1})
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Theirs" in page
        assert "Mine" in page

    def test_few_queries_however_many_versions(self, client, deal, se, django_assert_max_num_queries):
        for number in range(30):
            write(se, deal, f"Design {number}")
        client.force_login(se)
        for url in ("", "compare/", "edit/"):
            with django_assert_max_num_queries(12):
                client.get(f"/opportunities/{deal.pk}/design/{url}")

    def test_the_story_of_the_deal_tells_it(self, client, deal, se):
        write(se, deal, "A hub")
        write(se, deal, "Two hubs", "One a site")
        client.force_login(se)
        page = client.get(f"/opportunities/{deal.pk}/timeline/").content.decode()
        assert "changed the solution design to version 2" in page
        assert "One a site" in page
