"""Demos: what was shown for which requirement, in the SE's lane, and what came of it."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions.demos import add_demo, add_part, edit_demo, edit_part, remove_demo, remove_part
from deals.models import Claim, Demo, DemoPart, LibraryItem, Opportunity
from deals.models.demos import MOST_PARTS
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import (
    DemoFactory,
    DemoPartFactory,
    LibraryItemFactory,
    MeetingFactory,
    OpportunityFactory,
    RequirementFactory,
    stage,
)
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate
TOMORROW = datetime.timedelta(days=1)


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("presentation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


class TestRecording:
    def test_it_is_work_on_the_deal_and_says_who_wrote_it(self, deal, se):
        before = deal.last_activity_at
        made = add_demo(se, deal, Demo(title="Their orders", held_on=TODAY()))
        assert made.recorded_by == se
        assert Opportunity.objects.get().last_activity_at > before

    def test_each_requirement_shown_becomes_a_part(self, deal, se):
        wanted = [RequirementFactory(opportunity=deal, text=text) for text in ("Sign-on", "Audit trail")]
        made = add_demo(se, deal, Demo(title="Their orders", held_on=TODAY()), wanted)
        assert list(made.parts.values_list("what", "requirement")) == [(row.text, row.pk) for row in wanted]

    def test_nothing_is_half_recorded(self, deal, se):
        foreign = RequirementFactory()
        with pytest.raises(Conflict, match="another deal"):
            add_demo(
                se, deal, Demo(title="Their orders", held_on=TODAY()), [RequirementFactory(opportunity=deal), foreign]
            )
        assert not Demo.objects.exists()

    def test_only_what_was_held_and_in_a_meeting_of_the_deal(self, deal, se):
        with pytest.raises(Conflict, match="has been held"):
            add_demo(se, deal, Demo(title="Next week", held_on=TODAY() + 2 * TOMORROW))
        with pytest.raises(Conflict, match="another deal"):
            add_demo(se, deal, Demo(title="Theirs", held_on=TODAY(), meeting=MeetingFactory(hours=-3)))

    def test_the_second_to_save_is_told(self, deal, se, manager):
        made = DemoFactory(opportunity=deal)
        mine, theirs = Demo.objects.get(), Demo.objects.get()
        theirs.note = "Theirs"
        edit_demo(manager, theirs, made.version)
        mine.note = "Mine"
        with pytest.raises(StaleEdit):
            edit_demo(se, mine, made.version)
        assert Demo.objects.get().note == "Theirs"

    def test_removed_it_stays_in_the_history(self, deal, se):
        made = DemoPartFactory(demo__opportunity=deal).demo
        remove_demo(se, made, reason="Never held")
        remove_demo(se, made)
        assert not DemoPart.objects.exists()
        gone = made._meta.get_field("events").related_model.objects.order_by("-pgh_id").first()
        assert gone.pgh_context["reason"] == "Never held"

    @pytest.mark.parametrize("role", ["ae", "marketing", "se"])
    def test_outside_the_lane_nobody_writes(self, deal, team, role):
        other = deal.owner if role == "ae" else UserFactory(role=role, team=team)
        part = DemoPartFactory(demo__opportunity=deal)
        for act in (
            lambda: add_demo(other, deal, Demo(title="Mine", held_on=TODAY())),
            lambda: edit_demo(other, part.demo, part.demo.version),
            lambda: remove_demo(other, part.demo),
            lambda: add_part(other, part.demo, DemoPart(what="Mine")),
            lambda: edit_part(other, part, part.version),
            lambda: remove_part(other, part),
        ):
            with pytest.raises(NotAllowed):
                act()

    @pytest.mark.parametrize("facts", [{"title": ""}, {"outcome": "great"}])
    def test_the_database_refuses_it_too(self, deal, facts):
        with pytest.raises(IntegrityError), transaction.atomic():
            DemoFactory(opportunity=deal, **facts)


class TestParts:
    def test_each_comes_behind_the_last(self, deal, se):
        demo = DemoFactory(opportunity=deal)
        for what in ("Sign-on", "Audit trail"):
            add_part(se, demo, DemoPart(what=what))
        assert list(demo.parts.values_list("what", flat=True)) == ["Sign-on", "Audit trail"]

    def test_for_a_requirement_of_this_deal_alone(self, deal, se):
        demo = DemoFactory(opportunity=deal)
        with pytest.raises(Conflict, match="another deal"):
            add_part(se, demo, DemoPart(what="Sign-on", requirement=RequirementFactory()))

    def test_what_is_out_of_date_is_not_shown_anew_but_stays_where_it_was(self, deal, se):
        item = LibraryItemFactory()
        part = DemoPartFactory(demo__opportunity=deal, item=item)
        LibraryItem.objects.update(is_retired=True)
        item.refresh_from_db()
        with pytest.raises(Conflict, match="out of date"):
            add_part(se, part.demo, DemoPart(what="Sign-on", item=item))
        part = DemoPart.objects.select_related("item", "demo__opportunity").get()
        part.result = "convinced"
        edit_part(se, part, part.version)
        assert DemoPart.objects.get().result == "convinced"

    def test_a_demo_has_so_many_and_no_more(self, deal, se):
        demo = DemoFactory(opportunity=deal)
        DemoPart.objects.bulk_create(DemoPart(demo=demo, what=f"No. {n}", order=n) for n in range(MOST_PARTS))
        with pytest.raises(Conflict, match=f"up to {MOST_PARTS}"):
            add_part(se, demo, DemoPart(what="One more"))

    def test_a_demo_that_is_gone_gets_none(self, deal, se):
        demo = DemoFactory(opportunity=deal)
        Demo.objects.all().delete()
        with pytest.raises(Conflict, match="removed"):
            add_part(se, demo, DemoPart(what="Late"))

    def test_what_was_shown_outlives_its_requirement(self, deal):
        wanted = RequirementFactory(opportunity=deal)
        part = DemoPartFactory(demo__opportunity=deal, requirement=wanted)
        wanted.delete()
        part.refresh_from_db()
        assert part.requirement is None


class TestReuse:
    def test_an_item_counts_once_for_each_demo_it_is_shown_in(self, deal):
        item = LibraryItemFactory()
        first, second = DemoFactory(opportunity=deal), DemoFactory(opportunity=deal)
        for demo in (first, first, second):
            DemoPartFactory(demo=demo, item=item)
        assert LibraryItem.objects.with_uses().get().uses == 2
        first.delete()
        assert LibraryItem.objects.with_uses().get().uses == 1


class TestPages:
    def test_from_a_meeting_with_the_requirements_it_showed(self, client, deal, se):
        meeting = MeetingFactory(opportunity=deal, hours=-3, objective="They see their orders")
        wanted = RequirementFactory(opportunity=deal)
        client.force_login(se)
        url = f"/opportunities/{deal.pk}/demos/add/?meeting={meeting.pk}"
        form = client.get(url).context["form"]
        assert (form["title"].value(), form["meeting"].value()) == ("They see their orders", meeting.pk)
        facts = {"title": "Orders", "held_on": TODAY().isoformat(), "meeting": meeting.pk, "requirements": [wanted.pk]}
        assert client.post(url, facts).status_code == 302
        demo = Demo.objects.get()
        assert (demo.meeting, demo.parts.get().requirement) == (meeting, wanted)

    @pytest.mark.parametrize("nonsense", ["x", "9" * 30, "-1", "0"])
    def test_a_meeting_that_is_none_is_left_out(self, client, deal, se, nonsense):
        client.force_login(se)
        answer = client.get(f"/opportunities/{deal.pk}/demos/add/?meeting={nonsense}")
        assert answer.context["form"]["meeting"].value() is None

    def test_nothing_of_another_deal_can_be_sent(self, client, deal, se):
        demo = DemoFactory(opportunity=deal)
        client.force_login(se)
        facts = {"what": "Sign-on", "requirement": RequirementFactory().pk}
        assert client.post(f"/demos/{demo.pk}/parts/add/", facts).status_code == 422
        meeting = MeetingFactory(hours=-3)
        facts = {"title": "X", "held_on": TODAY().isoformat(), "meeting": meeting.pk}
        assert client.post(f"/opportunities/{deal.pk}/demos/add/", facts).status_code == 422

    def test_words_are_words(self, client, deal, se):
        hostile = "<script>alert(1)</script>"
        part = DemoPartFactory(
            demo__opportunity=deal, demo__title=hostile, demo__note=hostile, what=hostile,
            item=LibraryItemFactory(title=hostile), requirement=RequirementFactory(opportunity=deal, text=hostile),
        )  # fmt: skip
        client.force_login(se)
        for url in (f"/demos/{part.demo_id}/", f"/opportunities/{deal.pk}/demos/", f"/library/{part.item_id}/"):
            assert "<script>alert" not in client.get(url).content.decode()

    def test_few_queries_however_much_was_shown(self, client, deal, se, django_assert_max_num_queries):
        for number in range(20):
            demo = DemoFactory(opportunity=deal, meeting=MeetingFactory(opportunity=deal, hours=-number - 2))
            for _ in range(3):
                wanted = RequirementFactory(opportunity=deal)
                DemoPartFactory(demo=demo, requirement=wanted, item=LibraryItemFactory())
        client.force_login(se)
        for url in (f"/opportunities/{deal.pk}/demos/", f"/demos/{demo.pk}/", f"/opportunities/{deal.pk}/timeline/"):
            with django_assert_max_num_queries(12):
                client.get(url)

    def test_the_story_of_the_deal_tells_it(self, client, deal, se):
        add_demo(se, deal, Demo(title="Their orders", held_on=TODAY(), note="They liked it"))
        client.force_login(se)
        page = client.get(f"/opportunities/{deal.pk}/timeline/").content.decode()
        assert "recorded the demo “Their orders”" in page
        assert "They liked it" in page
