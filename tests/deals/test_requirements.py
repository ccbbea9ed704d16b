"""Requirements: what the customer wants, in the SE's lane, by importance, with how well we fit."""

import pytest
from django.db import IntegrityError, transaction

from deals.actions.requirements import (
    add_requirement,
    edit_requirement,
    judge_fit,
    move_requirement,
    remove_requirement,
)
from deals.coverage import groups_of
from deals.models import Claim, Opportunity, Requirement
from deals.models.requirements import MOST
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, RequirementFactory, StakeholderFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se, stage=stage("presentation"))
    Claim.objects.create(opportunity=made, se=se)
    return made


def texts(deal):
    return list(deal.requirements.values_list("text", flat=True))


def page(deal):
    return f"/opportunities/{deal.pk}/requirements/"


class TestWriting:
    def test_each_comes_behind_the_last(self, deal, se):
        for text in ("Single sign-on", "Audit trail", "Dark mode"):
            add_requirement(se, deal, Requirement(text=text))
        assert texts(deal) == ["Single sign-on", "Audit trail", "Dark mode"]

    def test_it_is_work_on_the_deal(self, deal, se):
        before = deal.last_activity_at
        add_requirement(se, deal, Requirement(text="Single sign-on"))
        assert Opportunity.objects.get().last_activity_at > before

    def test_the_same_words_stand_once_in_a_deal(self, deal, se, team):
        add_requirement(se, deal, Requirement(text="Single sign-on"))
        with pytest.raises(Conflict, match="on the list already"):
            add_requirement(se, deal, Requirement(text="single SIGN-ON"))
        other = add_requirement(se, deal, Requirement(text="Audit trail"))
        other.text = "Single sign-on"
        with pytest.raises(Conflict, match="on the list already"):
            edit_requirement(se, other, other.version)
        RequirementFactory(opportunity=OpportunityFactory(team=team), text="Single sign-on")

    def test_who_asked_is_of_this_deal_and_may_leave(self, deal, se):
        with pytest.raises(Conflict, match="another deal"):
            add_requirement(se, deal, Requirement(text="Single sign-on", asked_by=StakeholderFactory()))
        buyer = StakeholderFactory(opportunity=deal)
        add_requirement(se, deal, Requirement(text="Single sign-on", asked_by=buyer))
        buyer.delete()
        assert Requirement.objects.get().asked_by is None

    def test_a_deal_has_so_many_and_no_more(self, deal, se):
        Requirement.objects.bulk_create(Requirement(opportunity=deal, text=f"No. {n}", order=n) for n in range(MOST))
        with pytest.raises(Conflict, match=f"up to {MOST}"):
            add_requirement(se, deal, Requirement(text="One more"))

    def test_an_edit_on_what_was_changed_meanwhile_is_refused(self, deal, se, manager):
        made = RequirementFactory(opportunity=deal)
        mine, theirs = Requirement.objects.get(), Requirement.objects.get()
        theirs.note = "Theirs"
        edit_requirement(manager, theirs, made.version)
        mine.note = "Mine"
        with pytest.raises(StaleEdit):
            edit_requirement(se, mine, made.version)
        with pytest.raises(StaleEdit):
            judge_fit(se, mine, "native", made.version)
        assert Requirement.objects.get().note == "Theirs"

    def test_removed_it_stays_in_the_history(self, deal, se):
        made = RequirementFactory(opportunity=deal, text="Dark mode")
        remove_requirement(se, made, reason="They laughed at it")
        remove_requirement(se, made)
        assert texts(deal) == []
        gone = made._meta.get_field("events").related_model.objects.order_by("-pgh_id").first()
        assert (gone.text, gone.pgh_context["reason"]) == ("Dark mode", "They laughed at it")

    @pytest.mark.parametrize(
        "facts", [{"importance": "would"}, {"fit": "perfect"}, {"text": ""}, {"text": "SINGLE sign-on"}]
    )
    def test_the_database_refuses_it_too(self, deal, facts):
        RequirementFactory(opportunity=deal, text="Single sign-on")
        with pytest.raises(IntegrityError), transaction.atomic():
            Requirement.objects.create(**{"opportunity": deal, "text": "Another", **facts})


class TestOrder:
    def test_one_changes_places_with_its_neighbour_of_the_same_importance(self, deal, se):
        first, could, second = (
            RequirementFactory(opportunity=deal, importance=importance, order=order)
            for order, importance in enumerate(["must", "could", "must"])
        )
        move_requirement(se, second, up=True)
        assert texts(deal) == [second.text, could.text, first.text]
        move_requirement(se, Requirement.objects.get(pk=second.pk), up=False)
        assert texts(deal) == [first.text, could.text, second.text]

    def test_the_first_and_the_last_stay(self, deal, se):
        rows = [RequirementFactory(opportunity=deal, order=order) for order in range(2)]
        move_requirement(se, rows[0], up=True)
        move_requirement(se, rows[1], up=False)
        assert texts(deal) == [row.text for row in rows]

    def test_one_that_is_gone_has_no_neighbour(self, deal, se):
        gone = RequirementFactory(opportunity=deal)
        Requirement.objects.all().delete()
        with pytest.raises(Conflict, match="removed"):
            move_requirement(se, gone, up=True)


class TestCoverage:
    def test_by_importance_what_is_met_today(self, deal):
        for importance, fit in [("could", "gap"), ("must", "native"), ("must", "configurable"), ("must", "")]:
            RequirementFactory(opportunity=deal, importance=importance, fit=fit)
        must, could = groups_of(list(deal.requirements.all()))
        assert (must.importance, must.ready, must.unjudged, must.percent) == ("must", 2, 1, 66)
        assert must.fits == [("native", "Native", 1), ("configurable", "Configurable", 1), ("", "Not judged yet", 1)]
        assert (could.importance, could.percent, could.fits) == ("could", 0, [("gap", "Gap", 1)])

    def test_custom_work_is_not_there_today(self, deal):
        RequirementFactory(opportunity=deal, fit="custom")
        [group] = groups_of(list(deal.requirements.all()))
        assert group.percent == 0


class TestLane:
    """Straight to the address, as somebody who does not care for buttons."""

    def acts(self, deal):
        row = RequirementFactory(opportunity=deal, text="Single sign-on")
        RequirementFactory(opportunity=deal, text="Audit trail")
        return {
            f"{page(deal)}add/": {"text": "New", "importance": "must"},
            f"/requirements/{row.pk}/edit/": {"text": "Changed", "importance": "could", "version": 1},
            f"/requirements/{row.pk}/fit/": {"fit": "native", "version": 1},
            f"/requirements/{row.pk}/move/": {"to": "down"},
            f"/requirements/{row.pk}/remove/": {},
        }

    def stored(self):
        return list(Requirement.objects.order_by("pk").values_list("text", "importance", "fit", "order"))

    def test_the_ae_and_se_who_do_not_hold_the_deal_write_nothing(self, deal, ae, team, sign_in):
        acts, before_se = self.acts(deal), UserFactory(role="se", team=team)
        Claim.objects.create(opportunity=deal, se=before_se, ended_at=deal.created_at, end="handed_back")
        before = self.stored()
        for person in (ae, before_se):
            client = sign_in(person)
            assert client.get(page(deal)).status_code == 200
            for address, data in acts.items():
                assert client.post(address, data).status_code == 403, address
        assert self.stored() == before

    def test_for_those_who_do_not_see_the_deal_there_is_nothing(self, deal, marketing, other_team, sign_in):
        acts = self.acts(deal)
        for person in (marketing, UserFactory(role="se", team=other_team), UserFactory(role="ae", team=other_team)):
            client = sign_in(person)
            for address, data in acts.items():
                assert client.post(address, data).status_code == 404, address

    @pytest.mark.parametrize("number", range(5))
    @pytest.mark.parametrize("role", ["se", "manager"])
    def test_the_se_and_the_manager_do(self, number, role, deal, se, manager, sign_in):
        address, data = list(self.acts(deal).items())[number]
        before = self.stored()
        answer = sign_in({"se": se, "manager": manager}[role]).post(address, data)
        assert answer.url.partition("#")[0] == page(deal)
        assert self.stored() != before

    def test_the_actions_ask_too(self, deal, ae):
        row = RequirementFactory(opportunity=deal)
        for act in (
            lambda: add_requirement(ae, deal, Requirement(text="New")),
            lambda: edit_requirement(ae, row, 1),
            lambda: judge_fit(ae, row, "native", 1),
            lambda: move_requirement(ae, row, up=True),
            lambda: remove_requirement(ae, row),
        ):
            with pytest.raises(NotAllowed):
                act()


class TestInTheBrowser:
    def test_written_one_after_the_other_and_read_by_the_ae(self, deal, se, ae, sign_in):
        buyer = StakeholderFactory(opportunity=deal, name="Kim Doe", job_title="Architect")
        client = sign_in(se)
        data = {"text": "  Single   sign-on ", "importance": "should", "fit": "configurable", "asked_by": buyer.pk}
        assert client.post(f"{page(deal)}add/", data).url == page(deal)
        assert texts(deal) == ["Single sign-on"]
        answer = client.get(page(deal))
        # The next is most likely as important, and asked for by the same.
        assert answer.context["quick"].initial == {"importance": "should", "asked_by": buyer.pk}
        shown = sign_in(ae).get(page(deal)).content.decode()
        for text in ("Single sign-on", "Kim Doe", "Architect", "Configurable", "1 of 1", "The technical lane"):
            assert text in shown
        assert "Add a requirement" not in shown
        assert "judge" not in shown

    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({}, "text"),
            ({"text": "   ", "importance": "must"}, "text"),
            ({"text": "x" * 501, "importance": "must"}, "text"),
            ({"text": "x", "importance": "would"}, "importance"),
            ({"text": "x", "importance": "must", "fit": "perfect"}, "fit"),
            ({"text": "x", "importance": "must", "asked_by": "99999"}, "asked_by"),
            ({"text": "x", "importance": "must", "note": "x" * 1001}, "note"),
        ],
    )
    def test_bad_input_is_a_form_error(self, deal, se, sign_in, data, field):
        answer = sign_in(se).post(f"{page(deal)}add/", data)
        assert answer.status_code == 422
        assert field in answer.context["form"].errors

    @pytest.mark.parametrize("act", ["edit", "fit"])
    def test_the_second_of_two_sees_both_values(self, act, deal, se, manager, sign_in):
        row = RequirementFactory(opportunity=deal, text="Single sign-on", fit="native")
        judge_fit(manager, row, "custom", 1)
        data = {"text": row.text, "importance": "must", "fit": "gap", "version": 1}
        answer = sign_in(se).post(f"/requirements/{row.pk}/{act}/", data)
        assert answer.status_code == 409
        assert "Now stored: Custom work" in answer.content.decode()
        assert Requirement.objects.get().fit == "custom"

    @pytest.mark.parametrize("data", [{}, {"to": "sideways"}])
    def test_it_moves_up_or_down(self, deal, se, sign_in, data):
        row = RequirementFactory(opportunity=deal)
        assert sign_in(se).post(f"/requirements/{row.pk}/move/", data).status_code == 422

    def test_what_they_wrote_is_text(self, deal, se, sign_in):
        RequirementFactory(opportunity=deal, text="<script>alert(1)</script>", note='"><img src=x>')
        shown = sign_in(se).get(page(deal)).content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown

    def test_few_queries_whatever_the_number(self, deal, se, sign_in, django_assert_max_num_queries):
        for number in range(40):
            asked_by = StakeholderFactory(opportunity=deal, name=f"Person {number}")
            RequirementFactory(opportunity=deal, asked_by=asked_by)
        client = sign_in(se)
        with django_assert_max_num_queries(12):
            assert client.get(page(deal)).status_code == 200
