"""Meetings on a lead: its AE plans them, who comes sees them, and they go on with the opportunity."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from deals.actions import debriefs, meetings
from deals.actions.debriefs import Found
from deals.actions.opportunities import convert_lead
from deals.calendar_address import token_of
from deals.models import Attendee, Debrief, HuddleItem, Meeting
from insights.home import roles
from leads.actions.duplicates import merge
from presales.errors import Conflict, NotAllowed
from qualification.models import Criterion, Evidence
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory, pipeline
from tests.factories import CompanyFactory, LeadFactory, UserFactory
from tests.qualification.factories import DossierFactory, evidence, framework

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def lead(team, ae):
    pipeline()
    return LeadFactory(
        name="Lena Ortiz", job_title="CTO", company=CompanyFactory(name="Acme"), team=team, owner=ae, stage="sql",
        dossier=DossierFactory(team=team),
    )  # fmt: skip


def unsaved(hours=48, **fields):
    start = timezone.now() + hours * HOUR
    return Meeting(**{"kind": "discovery", "starts_at": start, "minutes": 45, "objective": "Their pain"} | fields)


def of(lead, hours=48, **fields):
    return MeetingFactory(opportunity=None, lead=lead, hours=hours, **fields)


def written(**fields):
    return Debrief(**{"missed": "Their auditors", "real_pain": "partly", "context": 3} | fields)


def home_lines(user):
    section = next(section for section in roles.ROLES[user.role](user).sections if section.title == "Meetings")
    return [(line.title, [label for label, _ in line.pills]) for line in section.lines]


class TestWhoPlans:
    @pytest.mark.parametrize("who", ["ae", "manager", "admin"])
    def test_its_ae_and_the_managers(self, request, lead, who):
        actor = request.getfixturevalue(who)
        meeting = meetings.plan_meeting(actor, lead, unsaved(), ours=[lead.owner], theirs=[lead])
        assert (meeting.lead, meeting.opportunity, meeting.about) == (lead, None, "Lena Ortiz, Acme")
        theirs = meeting.attendees.get(user=None)
        assert (theirs.name, theirs.job_title) == ("Lena Ortiz", "CTO")
        meeting.objective = "Another"
        meetings.edit_meeting(actor, meeting, 1)
        assert meetings.cancel_meeting(actor, meeting).is_cancelled

    def test_nobody_else(self, lead, se, team, marketing):
        meeting = of(lead)
        theirs = AttendeeFactory(meeting=meeting)
        AttendeeFactory(meeting=meeting, user=se)
        for actor in (se, UserFactory(role="ae", team=team), marketing):
            for act in (
                lambda who: meetings.plan_meeting(who, lead, unsaved()),
                lambda who: meetings.edit_meeting(who, meeting, 1),
                lambda who: meetings.cancel_meeting(who, meeting),
                lambda who: meetings.add_attendee(who, meeting, Attendee(name="X")),
                lambda who: meetings.confirm_attendee(who, theirs, confirmed=True),
                lambda who: meetings.remove_attendee(who, theirs),
            ):
                with pytest.raises(NotAllowed):
                    act(actor)

    def test_it_opens_the_dossier_of_a_lead_that_has_none(self, team, ae):
        framework()
        fresh = LeadFactory(team=team, owner=ae, stage="new")
        meetings.plan_meeting(ae, fresh, unsaved())
        fresh.refresh_from_db()
        assert fresh.dossier is not None

    @pytest.mark.parametrize(("stage", "says"), [("converted", "became"), ("disqualified", "Reopen")])
    def test_not_where_there_is_nothing_to_meet_about(self, lead, ae, stage, says):
        type(lead).objects.filter(pk=lead.pk).update(
            stage=stage, converted_at=timezone.now(), disqualify_reason="no_fit"
        )
        with pytest.raises(Conflict, match=says):
            meetings.plan_meeting(ae, lead, unsaved())

    def test_a_meeting_is_about_one_thing(self, lead):
        deal = OpportunityFactory()
        for fields in ({"opportunity": deal, "lead": lead}, {"opportunity": None, "lead": None}):
            with pytest.raises(IntegrityError), transaction.atomic():
                MeetingFactory(**fields)


class TestWhoSeesIt:
    def test_whoever_sees_the_lead_and_those_of_us_who_come(self, lead, ae, se, manager, marketing, team, other_team):
        meeting = of(lead)
        stranger, guest = UserFactory(role="ae", team=other_team), UserFactory(role="se", team=other_team)
        AttendeeFactory(meeting=meeting, user=guest)

        def sees(user):
            return Meeting.objects.visible_to(user).filter(pk=meeting.pk).exists()

        assert all(map(sees, [ae, manager, marketing, UserFactory(role="ae", team=team), guest]))
        assert not any(map(sees, [se, stranger]))

    def test_who_only_comes_reads_the_meeting_and_not_the_lead(self, lead, ae, se, sign_in):
        meeting = of(lead, hours=-3)
        AttendeeFactory(meeting=meeting, user=se)
        entry = evidence(lead.dossier, "need", 2)
        debrief = debriefs.write_debrief(ae, meeting, written())
        debrief.evidence.add(entry)
        debriefs.write_debrief(se, meeting, written(missed="Their data"))
        page = sign_in(se).get(meeting.get_absolute_url()).content.decode()
        assert "Lena Ortiz, Acme" in page
        assert "Their auditors" in page
        assert lead.get_absolute_url() not in page
        assert "in the dossier" not in page
        assert sign_in(se).get(lead.get_absolute_url()).status_code == 404
        assert f"/leads/{lead.pk}/#meetings" in sign_in(ae).get(meeting.get_absolute_url()).content.decode()


class TestBeforeIt:
    def test_ambush_risk_on_the_meeting_the_lead_and_the_homes_of_those_who_come(self, lead, ae, se, sign_in):
        meeting = of(lead, hours=3)
        AttendeeFactory(meeting=meeting, user=se)
        assert set(Meeting.objects.at_ambush_risk(timezone.now())) == {meeting}
        for url in (meeting.get_absolute_url(), f"/leads/{lead.pk}/meetings/"):
            assert "Ambush risk" in sign_in(ae).get(url).content.decode()
        for user in (ae, se):
            assert home_lines(user) == [("Demo: Lena Ortiz, Acme", ["Ambush risk", "No huddle yet"])]

    def test_the_huddle_is_of_the_ae_and_the_se_who_comes(self, lead, ae, se, team):
        meeting = of(lead)
        AttendeeFactory(meeting=meeting, user=se)
        mate = UserFactory(role="ae", team=team)
        AttendeeFactory(meeting=meeting, user=mate)
        for number, item in enumerate(HuddleItem.values):
            debriefs.tick_huddle((ae, se)[number % 2], meeting, item)
        assert Meeting.objects.with_state(timezone.now()).get().huddled
        for actor in (mate, UserFactory(role="se", team=team)):
            with pytest.raises(NotAllowed):
                debriefs.untick_huddle(actor, meeting, "prospect")

    def test_each_of_ours_confirms_for_themselves(self, lead, se, sign_in):
        meeting = of(lead)
        own = AttendeeFactory(meeting=meeting, user=se, is_confirmed=False)
        other = AttendeeFactory(meeting=meeting, is_confirmed=False)
        client = sign_in(se)
        page = client.get(meeting.get_absolute_url()).content.decode()
        assert f"/attendees/{own.pk}/confirm/" in page
        assert f"/attendees/{other.pk}/confirm/" not in page
        assert client.post(f"/attendees/{own.pk}/confirm/", {"confirmed": "on"}).status_code == 302
        assert client.post(f"/attendees/{other.pk}/confirm/", {"confirmed": "on"}).status_code == 403
        assert set(meeting.attendees.filter(is_confirmed=True)) == {own}


class TestAfterIt:
    def test_ae_and_se_write_each_alone(self, lead, ae, se, manager, team):
        meeting = of(lead, hours=-3)
        AttendeeFactory(meeting=meeting, user=se)
        mate = UserFactory(role="ae", team=team)

        def readable(user):
            return {debrief.author for debrief in Debrief.objects.visible_to(user)}

        debriefs.write_debrief(ae, meeting, written())
        assert [readable(user) for user in (ae, se, mate, manager)] == [{ae}, set(), set(), {ae}]
        assert debriefs.write_debrief(se, meeting, written()).lane == "se"
        assert [readable(user) for user in (ae, se, mate)] == [{ae, se}] * 3

    def test_where_no_se_came_one_debrief_is_all(self, lead, ae, team):
        meeting = of(lead, hours=-3)
        assert Meeting.objects.with_state(timezone.now()).get().debriefs_owed == 1
        debriefs.write_debrief(ae, meeting, written())
        assert Meeting.objects.with_state(timezone.now()).get().debriefs_owed == 0
        assert Debrief.objects.visible_to(UserFactory(role="ae", team=team)).exists()
        AttendeeFactory(meeting=meeting, user=UserFactory(role="se", team=team))
        assert Meeting.objects.with_state(timezone.now()).get().debriefs_owed == 1

    def test_it_is_owed_by_the_ae_and_the_se_who_came_alone(self, lead, ae, se, team):
        meeting = of(lead, hours=-3)
        mate = UserFactory(role="ae", team=team)
        for user in (se, mate):
            AttendeeFactory(meeting=meeting, user=user)
        for user, lines in ((ae, 1), (se, 1), (mate, 0)):
            assert len(home_lines(user)) == lines

    def test_what_it_brought_up_is_in_the_leads_dossier(self, lead, ae, sign_in):
        meeting = of(lead, hours=-3)
        need = Criterion.objects.get(framework=lead.dossier.framework, key="need")
        form = {"missed": "Their auditors", "real_pain": "yes", "context": "4"}
        found = {
            "found-criterion": need.pk, "found-level": 2, "found-text": "Late orders", "found-source_person": "Lena",
        }  # fmt: skip
        assert sign_in(ae).post(f"/meetings/{meeting.pk}/debrief/", form | found).status_code == 302
        assert lead.dossier.evidence.get().text == "Late orders"
        more = Found(need, 2, "Every night", "Lena")
        debriefs.add_evidence(ae, Debrief.objects.get(), more)
        assert lead.dossier.evidence.current().get(criterion=need).text == "Every night"

    def test_an_se_who_came_writes_but_has_no_lane_on_the_lead(self, lead, se, sign_in):
        meeting = of(lead, hours=-3)
        AttendeeFactory(meeting=meeting, user=se)
        client, url = sign_in(se), f"/meetings/{meeting.pk}/debrief/"
        assert b"Evidence for the dossier" not in client.get(url).content
        assert client.post(url, {"missed": "Their data", "real_pain": "no", "context": "2"}).status_code == 302
        mine = Debrief.objects.get()
        assert client.get(f"/debriefs/{mine.pk}/evidence/").status_code == 403
        assert not Evidence.objects.exists()


class TestConversion:
    def convert(self, actor, lead):
        return convert_lead(actor, lead, name="Acme", amount=60000, close_date=timezone.localdate() + 90 * 24 * HOUR)

    def test_the_meetings_go_on_with_the_opportunity(self, lead, ae, se):
        held, coming = of(lead, hours=-3), of(lead, hours=30)
        AttendeeFactory(meeting=held, user=se)
        debriefs.tick_huddle(ae, coming, "prospect")
        debriefs.write_debrief(ae, held, written())
        deal = self.convert(ae, lead)
        assert set(deal.meetings.all()) == {held, coming}
        assert not lead.meetings.exists()
        assert Meeting.objects.count() == 2
        assert deal.meetings.get(pk=held.pk).debriefs.count() == 1
        assert deal.meetings.get(pk=coming.pk).huddle_points.count() == 1
        assert self.convert(ae, lead) == deal

    def test_the_se_who_came_still_owes_a_debrief_until_another_has_the_deal(self, lead, ae, se):
        held = of(lead, hours=-3)
        AttendeeFactory(meeting=held, user=se)
        deal = self.convert(ae, lead)
        assert len(home_lines(se)) == 1
        type(deal).objects.update(se=UserFactory(role="se"))
        assert home_lines(se) == []

    def test_whoever_had_the_page_open_works_on_under_the_rules_of_the_deal(self, lead, ae, manager):
        meeting = of(lead)
        opened = Meeting.objects.get(pk=meeting.pk)
        deal = self.convert(manager, lead)
        debriefs.tick_huddle(ae, opened, "prospect")
        type(deal).objects.update(owner=UserFactory(role="ae"))
        with pytest.raises(NotAllowed):
            debriefs.tick_huddle(ae, Meeting(pk=meeting.pk, lead=lead), "screen")

    def test_a_merged_lead_gives_its_meetings_to_the_other(self, lead, ae, team):
        twin = LeadFactory(name="Lena Ortis", team=team, owner=ae)
        meeting = of(twin)
        merge(ae, lead, twin)
        assert lead.meetings.get() == meeting


class TestThePages:
    def test_planning_from_the_leads_page(self, lead, ae, se, sign_in):
        client = sign_in(ae)
        url = f"/leads/{lead.pk}/meetings/plan/"
        assert url in client.get(lead.get_absolute_url()).content.decode()
        assert "Lena Ortiz, CTO, comes" in client.get(url).content.decode()
        start = (timezone.now() + 72 * HOUR).strftime("%Y-%m-%dT%H:%M")
        data = {"kind": "discovery", "starts_at": start, "minutes": 45, "objective": "Their pain"}
        answer = client.post(url, data | {"with_lead": "on", "ours": [ae.pk, se.pk], "notes_by": se.pk})
        meeting = lead.meetings.get()
        assert answer.url == meeting.get_absolute_url()
        assert {str(person) for person in meeting.attendees.all()} == {"Ada AE", "Sam SE", "Lena Ortiz"}
        add = f"/meetings/{meeting.pk}/attendees/add/"
        assert client.post(add, {}).status_code == 422
        assert client.post(add, {"name": "Ravi Rao", "job_title": "CFO"}).status_code == 302
        edit = f"/meetings/{meeting.pk}/edit/"
        assert client.post(edit, data | {"version": 1, "objective": "Their budget"}).status_code == 302
        assert client.post(edit, data | {"version": 1, "objective": "Another"}).status_code == 409

    def test_the_panel_is_fetched_and_teaches(self, lead, ae, sign_in, django_assert_max_num_queries):
        url = f"/leads/{lead.pk}/meetings/"
        client = sign_in(ae)
        assert "No meeting yet" in client.get(url, headers={"HX-Request": "true"}).content.decode()
        of(lead, objective="The auditors")
        assert "The auditors" in client.get(url).content.decode()
        client.get(lead.get_absolute_url())  # the first look at a score writes the settings
        with django_assert_max_num_queries(11):
            assert f'hx-get="{url}"' in client.get(lead.get_absolute_url()).content.decode()

    def test_calendars_read_it(self, lead, ae, se, sign_in):
        meeting = of(lead)
        AttendeeFactory(meeting=meeting, user=se)
        for user in (ae, se):
            told = Client().get(f"/calendar/{token_of(user)}.ics").content.decode().replace("\r\n ", "")
            assert "SUMMARY:Demo: Lena Ortiz\\, Acme" in told
            assert sign_in(user).get(f"/meetings/{meeting.pk}/calendar/").status_code == 200
