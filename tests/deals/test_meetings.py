"""Meetings: who may plan them, who comes, and when a meeting risks being an ambush."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import meetings as actions
from deals.models import Attendee, Meeting, Opportunity
from insights.home import roles
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory, StakeholderFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se)


def unsaved(**fields):
    start = timezone.now() + 48 * HOUR
    return Meeting(**{"kind": "demo", "starts_at": start, "minutes": 60, "objective": "Their own case"} | fields)


def at_risk():
    return set(Meeting.objects.at_ambush_risk(timezone.now()))


def prepared(deal, hours=5, **fields):
    """A meeting soon, of which everything is confirmed."""
    meeting = MeetingFactory(opportunity=deal, hours=hours, agenda_confirmed=True, **fields)
    AttendeeFactory(meeting=meeting)
    AttendeeFactory(meeting=meeting, user=deal.owner)
    return meeting


class TestWhoMayPlan:
    @pytest.mark.parametrize("who", ["ae", "se", "manager", "admin"])
    def test_both_lanes_and_managers(self, request, deal, who):
        actor = request.getfixturevalue(who)
        meeting = actions.plan_meeting(actor, deal, unsaved())
        meeting.objective = "Another"
        actions.edit_meeting(actor, meeting, meeting.version)
        actions.cancel_meeting(actor, meeting, reason="They are ill")
        stored = deal.meetings.get()
        assert (stored.objective, stored.is_cancelled, stored.cancel_reason) == ("Another", True, "They are ill")

    def test_others_of_the_team_read_only(self, deal, team, marketing, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        attendee = AttendeeFactory(meeting=meeting)
        mate = UserFactory(role="ae", team=team)
        for actor in (mate, UserFactory(role="se", team=team), marketing):
            for act in (
                lambda who: actions.plan_meeting(who, deal, unsaved()),
                lambda who: actions.edit_meeting(who, meeting, 1),
                lambda who: actions.cancel_meeting(who, meeting),
                lambda who: actions.add_attendee(who, meeting, Attendee(name="X")),
                lambda who: actions.confirm_attendee(who, attendee, confirmed=True),
                lambda who: actions.remove_attendee(who, attendee),
            ):
                with pytest.raises(NotAllowed):
                    act(actor)
        page = sign_in(mate).get(meeting.get_absolute_url())
        assert page.status_code == 200
        assert b"Cancel the meeting" not in page.content

    def test_who_does_not_see_the_deal_finds_no_meeting(self, deal, other_team, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        stranger = UserFactory(role="manager", team=other_team)
        assert not Meeting.objects.visible_to(stranger).exists()
        assert sign_in(stranger).get(meeting.get_absolute_url()).status_code == 404

    def test_not_on_a_closed_deal(self, team, ae):
        closed = OpportunityFactory(
            team=team, owner=ae, outcome="lost", lost_reason="price", closed_on=timezone.localdate()
        )
        with pytest.raises(Conflict, match="closed"):
            actions.plan_meeting(ae, closed, unsaved())


class TestWhoComes:
    def test_the_planner_has_confirmed_and_a_person_with_two_roles_comes_once(self, deal, ae, se):
        two = [StakeholderFactory(opportunity=deal, name="Lena Ortiz", role=role) for role in ("champion", "user")]
        meeting = actions.plan_meeting(ae, deal, unsaved(), ours=[ae, se], theirs=two)
        confirmed = {str(person): person.is_confirmed for person in meeting.attendees.all()}
        assert confirmed == {"Ada AE": True, "Sam SE": False, "Lena Ortiz": False}

    def test_nobody_of_another_deals_committee(self, deal, ae):
        foreign = StakeholderFactory()
        assert not actions.plan_meeting(ae, deal, unsaved(), theirs=[foreign]).attendees.exists()

    def test_nobody_comes_twice(self, deal, ae, se):
        meeting = MeetingFactory(opportunity=deal)
        actions.add_attendee(ae, meeting, Attendee(name="Lena Ortiz"))
        actions.add_attendee(ae, meeting, Attendee(user=se))
        for again in (Attendee(name="lena  ORTIZ"), Attendee(user=se)):
            with pytest.raises(Conflict, match="already"):
                actions.add_attendee(se, meeting, again)

    def test_an_attendee_is_ours_or_theirs(self, se):
        meeting = MeetingFactory()
        for fields in ({}, {"user": se, "name": "Sam"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Attendee.objects.create(meeting=meeting, **fields)

    def test_a_new_time_wants_everybodys_word_again_but_the_movers(self, deal, ae, se):
        meeting = prepared(deal)
        AttendeeFactory(meeting=meeting, user=se)
        meeting.objective = "The same hour"
        actions.edit_meeting(ae, meeting, 1)
        assert not meeting.attendees.filter(is_confirmed=False).exists()
        meeting.starts_at += HOUR
        actions.edit_meeting(se, meeting, 2)
        assert [person.user for person in meeting.attendees.filter(is_confirmed=True)] == [se]
        assert Meeting.objects.get().ends_at == meeting.starts_at + datetime.timedelta(minutes=45)

    def test_adding_and_confirming_by_the_pages(self, deal, ae, se, sign_in):
        lena = StakeholderFactory(opportunity=deal, name="Lena Ortiz", job_title="CTO")
        meeting = MeetingFactory(opportunity=deal)
        url = f"/meetings/{meeting.pk}/attendees/add/"
        client = sign_in(se)
        assert client.post(url, {}).status_code == 422
        assert client.post(url, {"stakeholder": lena.pk}).status_code == 302
        assert client.post(f"{url}?side=ours", {"user": ae.pk, "is_confirmed": "on"}).status_code == 302
        theirs = meeting.attendees.get(user=None)
        assert (theirs.name, theirs.job_title, theirs.is_confirmed) == ("Lena Ortiz", "CTO", False)
        client.post(f"/attendees/{theirs.pk}/confirm/", {"confirmed": "on"})
        assert not meeting.attendees.filter(is_confirmed=False).exists()
        client.post(f"/attendees/{theirs.pk}/remove/")
        assert meeting.attendees.get().user == ae

    def test_the_form_names_nobody_of_another_team(self, deal, ae, other_team, sign_in):
        foreign = UserFactory(role="se", team=other_team)
        url = f"/meetings/{MeetingFactory(opportunity=deal).pk}/attendees/add/?side=ours"
        assert sign_in(ae).post(url, {"user": foreign.pk}).status_code == 422


class TestAmbushRisk:
    def test_a_confirmed_meeting_is_none(self, deal):
        prepared(deal)
        assert at_risk() == set()

    @pytest.mark.parametrize("hours", [1, 23])
    def test_an_unconfirmed_agenda_is_one(self, deal, hours):
        meeting = prepared(deal, hours=hours)
        Meeting.objects.update(agenda_confirmed=False)
        assert at_risk() == {meeting}
        assert Meeting.objects.with_state(timezone.now()).get().ambush_reasons == ["agenda not confirmed"]

    def test_so_is_one_attendee_who_has_not_confirmed(self, deal, se):
        meeting = prepared(deal)
        AttendeeFactory(meeting=meeting, user=se, is_confirmed=False)
        assert at_risk() == {meeting}
        assert Meeting.objects.with_state(timezone.now()).get().ambush_reasons == ["1 attendee not confirmed"]

    def test_and_nobody_of_theirs(self, deal):
        meeting = prepared(deal)
        meeting.attendees.filter(user=None).delete()
        assert at_risk() == {meeting}

    @pytest.mark.parametrize("hours", [25, -1])
    def test_only_within_the_day_before_the_start(self, deal, hours):
        MeetingFactory(opportunity=deal, hours=hours)
        assert at_risk() == set()

    def test_a_cancelled_meeting_surprises_nobody(self, deal):
        MeetingFactory(opportunity=deal, hours=3, cancelled_at=timezone.now())
        assert at_risk() == set()

    def test_it_shows_on_the_meeting_the_deal_and_both_home_pages(self, deal, ae, se, manager, sign_in):
        meeting = MeetingFactory(opportunity=deal, hours=3)
        for url in (meeting.get_absolute_url(), deal.get_absolute_url()):
            assert "Ambush risk" in sign_in(manager).get(url).content.decode()
        for user in (ae, se):
            assert "Ambush risk" in sign_in(user).get("/").content.decode()


class TestTheHomePage:
    def lines(self, user):
        home = roles.ROLES[user.role](user)
        found = next(section for section in home.sections if section.title == "Meetings")
        return [(line.title, [label for label, _ in line.pills]) for line in found.lines]

    def test_it_names_what_is_missing_the_most_urgent_first(self, deal, ae, se):
        deal.name = "Acme"
        deal.save()
        MeetingFactory(opportunity=deal, kind="discovery", hours=-30)
        prepared(deal, hours=4, kind="technical")
        MeetingFactory(opportunity=deal, kind="demo", hours=20)
        MeetingFactory(opportunity=deal, kind="executive", hours=90)
        for user in (ae, se):
            assert self.lines(user) == [
                ("Demo: Acme", ["Ambush risk", "No huddle yet"]),
                ("Technical discovery: Acme", ["No huddle yet"]),
                ("Discovery call: Acme", ["Debrief owed"]),
            ]

    def test_not_what_others_owe_nor_what_is_long_past(self, deal, team):
        MeetingFactory(opportunity=deal, hours=-3)
        MeetingFactory(opportunity=deal, hours=3)
        mate = UserFactory(role="ae", team=team)
        assert self.lines(mate) == []
        Meeting.objects.all().delete()
        MeetingFactory(opportunity=deal, hours=-24 * 15)
        assert self.lines(deal.owner) == []


class TestThePages:
    def data(self, **fields):
        start = (timezone.now() + 72 * HOUR).strftime("%Y-%m-%dT%H:%M")
        return {"kind": "demo", "starts_at": start, "minutes": 45, "objective": "Their own case"} | fields

    def test_planning(self, deal, ae, se, sign_in):
        client = sign_in(ae)
        url = f"/opportunities/{deal.pk}/meetings/plan/"
        assert b'value="technical" selected' in client.get(f"{url}?kind=technical").content
        answer = client.post(url, self.data(ours=[ae.pk, se.pk], notes_by=se.pk))
        meeting = deal.meetings.get()
        assert answer.url == meeting.get_absolute_url()
        assert (meeting.notes_by, meeting.created_by, meeting.attendees.count()) == (se, ae, 2)

    @pytest.mark.parametrize(
        "wrong",
        [{"starts_at": "1212-01-01T10:00"}, {"starts_at": "soon"}, {"minutes": 0}, {"minutes": 99999},
         {"objective": ""}, {"objective": "x" * 301}, {"kind": "lunch"}],
    )  # fmt: skip
    def test_nonsense_is_refused(self, deal, ae, sign_in, wrong):
        answer = sign_in(ae).post(f"/opportunities/{deal.pk}/meetings/plan/", self.data(**wrong))
        assert answer.status_code == 422
        assert not deal.meetings.exists()

    def test_the_second_of_two_writers_sees_both_values(self, deal, ae, se, sign_in):
        meeting = MeetingFactory(opportunity=deal)
        url = f"/meetings/{meeting.pk}/edit/"
        assert sign_in(ae).post(url, self.data(version=1, objective="First")).status_code == 302
        second = sign_in(se).post(url, self.data(version=1, objective="Second"))
        assert second.status_code == 409
        assert "Now stored: First" in second.content.decode()
        with pytest.raises(StaleEdit):
            actions.edit_meeting(ae, Meeting.objects.get(), 99)

    def test_cancelled_is_cancelled(self, deal, ae):
        meeting = MeetingFactory(opportunity=deal)
        actions.cancel_meeting(ae, meeting)
        actions.cancel_meeting(ae, meeting)
        with pytest.raises(Conflict, match="cancelled"):
            actions.edit_meeting(ae, Meeting.objects.get(), 2)
        with pytest.raises(Conflict, match="begun"):
            actions.cancel_meeting(ae, MeetingFactory(opportunity=deal, hours=-1))

    def test_it_counts_as_activity_and_stands_in_the_history(self, deal, ae):
        before = Opportunity.objects.get(pk=deal.pk).last_activity_at
        meeting = actions.plan_meeting(ae, deal, unsaved())
        actions.cancel_meeting(ae, meeting)
        assert Opportunity.objects.get(pk=deal.pk).last_activity_at > before
        events = Meeting.events.rel.related_model.objects
        assert list(events.values_list("pgh_label", flat=True)) == ["insert", "update"]

    def test_the_deals_page_takes_few_queries_whatever_the_number_of_meetings(
        self, deal, ae, sign_in, django_assert_max_num_queries
    ):
        for number in range(12):
            prepared(deal, hours=number * 30 - 100)
        client = sign_in(ae)
        for url in (deal.get_absolute_url(), Meeting.objects.first().get_absolute_url()):
            with django_assert_max_num_queries(12):
                client.get(url)

    def test_an_empty_panel_says_what_meetings_are_for(self, deal, ae, sign_in):
        assert "No meeting yet" in sign_in(ae).get(deal.get_absolute_url()).content.decode()
