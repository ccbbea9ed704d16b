"""The huddle before a meeting, two debriefs after it, and evidence on its way into the dossier."""

import pytest
from django.utils import timezone

from deals.actions import debriefs as actions
from deals.actions.debriefs import Found
from deals.models import Debrief, HuddleItem, HuddlePoint, Meeting, SpecialistRequest
from presales.errors import Conflict, NotAllowed, StaleEdit
from qualification.models import Criterion, Evidence
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory
from tests.factories import UserFactory
from tests.qualification.factories import evidence as known

pytestmark = pytest.mark.django_db
FORM = {"missed": "Their auditors", "real_pain": "yes", "context": "4"}


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


@pytest.fixture
def over(deal):
    """A meeting that is over."""
    return MeetingFactory(opportunity=deal, hours=-3)


def unsaved(**fields):
    return Debrief(**{"missed": "Their auditors", "real_pain": "partly", "context": 3} | fields)


def criterion(deal, key):
    return Criterion.objects.get(framework=deal.dossier.framework, key=key)


def readable(user):
    return {debrief.author for debrief in Debrief.objects.visible_to(user)}


class TestHuddle:
    def test_each_point_remembers_who_ticked_it(self, deal, ae, se):
        meeting = MeetingFactory(opportunity=deal)
        actions.tick_huddle(ae, meeting, "prospect", note="They bought a rival of ours' client")
        actions.tick_huddle(se, meeting, "screen")
        actions.tick_huddle(se, meeting, "prospect")
        assert {(point.item, point.by) for point in HuddlePoint.objects.all()} == {("prospect", ae), ("screen", se)}
        assert not Meeting.objects.with_state(timezone.now()).get().huddled
        for item in HuddleItem.values:
            actions.tick_huddle(se, meeting, item)
        assert Meeting.objects.with_state(timezone.now()).get().huddled
        actions.untick_huddle(ae, meeting, "screen")
        assert not Meeting.objects.with_state(timezone.now()).get().huddled

    def test_it_is_before_the_meeting(self, over, ae):
        with pytest.raises(Conflict, match="before"):
            actions.tick_huddle(ae, over, "prospect")
        with pytest.raises(Conflict, match="before"):
            actions.untick_huddle(ae, over, "prospect")

    def test_only_of_those_who_work_on_the_deal(self, deal, team):
        with pytest.raises(NotAllowed):
            actions.tick_huddle(UserFactory(role="se", team=team), MeetingFactory(opportunity=deal), "prospect")

    def test_by_the_page(self, deal, se, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        client, url = sign_in(se), f"/meetings/{meeting.pk}/huddle/"
        assert client.post(url, {"item": "lunch"}).status_code == 422
        assert client.post(url, {"item": "screen", "note": "Sam"}).status_code == 302
        page = client.get(meeting.get_absolute_url()).content.decode()
        assert "1 of 5" in page
        client.post(url, {"item": "screen", "undo": "on"})
        assert not HuddlePoint.objects.exists()


class TestTwoDebriefs:
    def test_the_partners_is_read_once_the_own_one_is_written(self, over, ae, se):
        actions.write_debrief(ae, over, unsaved())
        assert (readable(ae), readable(se)) == ({ae}, set())
        actions.write_debrief(se, over, unsaved())
        assert readable(ae) == readable(se) == {ae, se}
        assert set(Debrief.objects.values_list("author", "lane")) == {(ae.pk, "ae"), (se.pk, "se")}

    def test_managers_read_each_and_colleagues_both_together(self, over, ae, se, manager, team):
        mate = UserFactory(role="ae", team=team)
        actions.write_debrief(se, over, unsaved())
        assert (readable(manager), readable(mate)) == ({se}, set())
        actions.write_debrief(ae, over, unsaved())
        assert readable(manager) == readable(mate) == {ae, se}

    def test_who_does_not_see_the_deal_reads_nothing(self, over, ae, se, other_team):
        for author in (ae, se):
            actions.write_debrief(author, over, unsaved())
        assert readable(UserFactory(role="manager", team=other_team)) == set()

    def test_the_text_is_not_on_the_partners_page_before(self, over, ae, se, sign_in):
        debrief = actions.write_debrief(ae, over, unsaved(missed="The CFO was silent"))
        page = sign_in(se).get(over.get_absolute_url()).content.decode()
        assert "The CFO was silent" not in page
        assert "Your partner has written" in page
        assert sign_in(se).get(f"/debriefs/{debrief.pk}/edit/").status_code == 404
        sign_in(se).post(f"/meetings/{over.pk}/debrief/", FORM)
        assert "The CFO was silent" in sign_in(se).get(over.get_absolute_url()).content.decode()

    def test_only_the_author_changes_it(self, over, ae, se, manager, sign_in):
        debrief = actions.write_debrief(ae, over, unsaved())
        actions.write_debrief(se, over, unsaved())
        for other in (se, manager):
            with pytest.raises(NotAllowed):
                actions.edit_debrief(other, debrief, 1)
            assert sign_in(other).post(f"/debriefs/{debrief.pk}/edit/", FORM | {"version": 1}).status_code == 403
        assert sign_in(ae).post(f"/debriefs/{debrief.pk}/edit/", FORM | {"version": 1}).status_code == 302
        assert Debrief.objects.get(pk=debrief.pk).real_pain == "yes"
        with pytest.raises(StaleEdit):
            actions.edit_debrief(ae, debrief, 1)

    def test_not_before_the_meeting_not_twice_not_of_a_cancelled_one(self, deal, over, ae):
        with pytest.raises(Conflict, match="after"):
            actions.write_debrief(ae, MeetingFactory(opportunity=deal), unsaved())
        actions.write_debrief(ae, over, unsaved())
        with pytest.raises(Conflict, match="already"):
            actions.write_debrief(ae, over, unsaved())
        cancelled = MeetingFactory(opportunity=deal, hours=-3, cancelled_at=timezone.now())
        with pytest.raises(Conflict, match="cancelled"):
            actions.write_debrief(ae, cancelled, unsaved())

    def test_of_the_pair_and_of_colleagues_who_were_there(self, over, manager, team):
        guest = UserFactory(role="se", team=team)
        for actor in (manager, guest):
            with pytest.raises(NotAllowed):
                actions.write_debrief(actor, over, unsaved())
        AttendeeFactory(meeting=over, user=guest)
        assert actions.write_debrief(guest, over, unsaved()).lane == "se"

    def test_a_specialist_who_came_reads_and_writes_none(self, deal, over, ae, se, other_team, sign_in):
        helper = UserFactory(role="se", team=other_team)
        SpecialistRequest.objects.create(
            opportunity=deal, kind="security", skill="Security", purpose="Their auditors", due_on=timezone.localdate(),
            requested_by=se, state="engaged", specialist=helper, accepted_at=timezone.now(),
        )  # fmt: skip
        AttendeeFactory(meeting=over, user=helper)
        with pytest.raises(NotAllowed):
            actions.write_debrief(helper, over, unsaved())
        assert b"Write yours" not in sign_in(helper).get(over.get_absolute_url()).content
        actions.write_debrief(ae, over, unsaved())
        assert readable(helper) == set()
        actions.write_debrief(se, over, unsaved())
        assert readable(helper) == {ae, se}

    def test_an_agreed_next_step_has_a_name(self, over, ae, sign_in):
        url = f"/meetings/{over.pk}/debrief/"
        assert sign_in(ae).post(url, FORM | {"next_step_agreed": "on"}).status_code == 422
        assert sign_in(ae).post(url, FORM | {"context": "6"}).status_code == 422
        assert sign_in(ae).post(url, FORM | {"next_step_agreed": "on", "next_step": "POC"}).status_code == 302

    def test_a_debrief_is_owed_until_it_is_written(self, over, ae, se):
        now = timezone.now()
        assert Meeting.objects.debrief_owed_by(ae, now).exists()
        actions.write_debrief(ae, over, unsaved())
        assert not Meeting.objects.debrief_owed_by(ae, now).exists()
        assert Meeting.objects.debrief_owed_by(se, now).exists()


class TestEvidence:
    def found(self, deal, **fields):
        said = {"level": 2, "text": "Losing two days a week", "source_person": "Lena Ortiz, CTO"}
        return Found(criterion(deal, "need"), **said | fields)

    def test_it_goes_into_the_dossier_with_the_debrief(self, deal, over, se, sign_in):
        data = FORM | {
            "found-criterion": criterion(deal, "need").pk, "found-level": "3", "found-source_person": "Lena Ortiz, CTO",
            "found-text": "Losing two days a week",
        }  # fmt: skip
        assert sign_in(se).post(f"/meetings/{over.pk}/debrief/", data).status_code == 302
        entry = deal.dossier.evidence.current().get()
        assert (entry.level, entry.text, entry.recorded_by) == (3, "Losing two days a week", se)
        assert entry.observed_on == timezone.localdate(over.starts_at)
        assert list(Debrief.objects.get().evidence.all()) == [entry]
        assert "Losing two days a week" in sign_in(se).get(deal.get_absolute_url()).content.decode()

    @pytest.mark.parametrize(
        "wrong", [{"level": ""}, {"text": ""}, {"source_person": ""}, {"level": "9"}, {"criterion": ""}, {"level": "3"}]
    )
    def test_what_the_dossier_would_refuse_keeps_neither(self, deal, over, ae, sign_in, wrong):
        found = {"criterion": criterion(deal, "need").pk, "level": "2", "text": "X", "source_person": "Lena"} | wrong
        data = FORM | {f"found-{name}": value for name, value in found.items()}
        assert sign_in(ae).post(f"/meetings/{over.pk}/debrief/", data).status_code == 422
        assert not Debrief.objects.exists()
        assert not Evidence.objects.exists()

    def test_the_other_lanes_validation_undoes_the_whole_step(self, deal, over, ae):
        with pytest.raises(NotAllowed):
            actions.write_debrief(ae, over, unsaved(), self.found(deal, level=3))
        assert not Debrief.objects.exists()

    def test_more_of_it_later_by_the_author_alone(self, deal, over, ae, se, sign_in):
        debrief = actions.write_debrief(ae, over, unsaved())
        actions.write_debrief(se, over, unsaved())
        with pytest.raises(NotAllowed):
            actions.add_evidence(se, debrief, self.found(deal))
        data = {"found-criterion": criterion(deal, "need").pk, "found-level": "1"}
        assert sign_in(ae).post(f"/debriefs/{debrief.pk}/evidence/", data).status_code == 302
        assert debrief.evidence.get().level == 1

    def test_a_budget_known_before_is_not_lost(self, deal, over, ae):
        known(deal.dossier, "budget", 2, amount=60000)
        budget = criterion(deal, "budget")
        found = Found(budget, 2, "The CFO repeated it", "Lena Ortiz, CTO")
        actions.write_debrief(ae, over, unsaved(), found)
        assert deal.dossier.evidence.current().get(criterion=budget).amount == 60000

    def test_who_has_no_lane_on_the_deal_is_not_asked_for_it(self, deal, over, team, sign_in):
        guest = UserFactory(role="ae", team=team)
        AttendeeFactory(meeting=over, user=guest)
        url = f"/meetings/{over.pk}/debrief/"
        assert b"Evidence for the dossier" not in sign_in(guest).get(url).content
        assert sign_in(guest).post(url, FORM | {"found-criterion": criterion(deal, "need").pk}).status_code == 302
        assert not Evidence.objects.exists()


class TestThePage:
    def test_few_queries(self, over, ae, se, manager, sign_in, django_assert_max_num_queries):
        for author in (ae, se):
            debrief = actions.write_debrief(author, over, unsaved())
            need = criterion(over.opportunity, "need")
            actions.add_evidence(author, debrief, Found(need, 1))
        client = sign_in(manager)
        with django_assert_max_num_queries(12):
            client.get(over.get_absolute_url())
