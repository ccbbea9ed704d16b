"""Meetings in calendars: the format, and the signed address of each person."""

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from deals.actions import meetings as actions
from deals.actions.calendar_feeds import renew_calendar_address
from deals.calendar_address import owner_of, token_of
from deals.ical import escaped, folded
from deals.models import Meeting
from tests.deals.factories import AttendeeFactory, MeetingFactory, OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_throttled():
    cache.clear()


@pytest.fixture
def deal(team, ae, se):
    return OpportunityFactory(team=team, owner=ae, se=se, name="Acme, Inc.; one\\two")


def feed_of(user):
    return Client().get(f"/calendar/{token_of(user)}.ics")


def lines(response):
    """The content lines, unfolded."""
    text = response.content.decode()
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


class TestTheFormat:
    def test_text_is_escaped(self):
        assert escaped("a\\b;c,d\r\ne\rf\ng:h") == "a\\\\b\\;c\\,d\\ne\\nf\\ng:h"

    @pytest.mark.parametrize("text", ["x" * 75, "x" * 76, "x" * 400, "é" * 200, "日本" * 90, "a" + "😀" * 60, ""])
    def test_lines_are_folded_at_75_octets_between_characters(self, text):
        octets = folded(text)
        for part in octets.split(b"\r\n")[:-1]:
            assert len(part) <= 75
            part.decode()
        assert octets.endswith(b"\r\n")
        assert octets[:-2].replace(b"\r\n ", b"").decode() == text

    def test_one_meeting_as_a_file(self, deal, ae, sign_in):
        start = datetime.datetime(2026, 7, 1, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
        meeting = MeetingFactory(opportunity=deal, starts_at=start, agenda="One\nTwo", place="Room 4", version=3)
        AttendeeFactory(meeting=meeting, name="Lena Ortiz", job_title="CTO")
        response = sign_in(ae).get(f"/meetings/{meeting.pk}/calendar/")
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        found = lines(response)
        assert (found[0], found[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
        for wanted in (
            "VERSION:2.0", f"UID:meeting-{meeting.pk}@localhost", "SEQUENCE:2", "DTSTART:20260701T073000Z",
            "DTEND:20260701T081500Z", "SUMMARY:Demo: Acme\\, Inc.\\; one\\\\two", "LOCATION:Room 4", "STATUS:CONFIRMED",
            "DESCRIPTION:Objective: They see their own case\\nWho comes: Lena Ortiz\\, CTO\\nAgenda:\\nOne\\nTwo",
        ):  # fmt: skip
            assert wanted in found

    def test_nobody_breaks_out_of_a_line(self, deal, ae, sign_in):
        evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil"
        meeting = MeetingFactory(opportunity=deal, agenda=evil, objective=evil, place=evil, call_to_action=evil)
        AttendeeFactory(meeting=meeting, name=evil)
        found = lines(sign_in(ae).get(f"/meetings/{meeting.pk}/calendar/"))
        assert found.count("BEGIN:VEVENT") == found.count("END:VEVENT") == 1

    def test_a_change_keeps_the_uid_and_raises_the_sequence(self, deal, ae):
        meeting = MeetingFactory(opportunity=deal)
        before = [line for line in lines(feed_of(ae)) if line.startswith(("UID", "SEQUENCE"))]
        actions.edit_meeting(ae, meeting, 1)
        actions.cancel_meeting(ae, meeting)
        after = lines(feed_of(ae))
        assert before == [f"UID:meeting-{meeting.pk}@localhost", "SEQUENCE:0"]
        assert before[0] in after
        assert "SEQUENCE:2" in after
        assert "STATUS:CANCELLED" in after


class TestTheAddress:
    def test_it_shows_the_own_meetings_without_a_session(self, deal, ae, se, team):
        MeetingFactory(opportunity=deal)
        MeetingFactory(opportunity=OpportunityFactory(team=team))
        MeetingFactory(opportunity=deal, hours=-24 * 70)
        for user in (ae, se):
            assert lines(feed_of(user)).count("BEGIN:VEVENT") == 1
        assert "BEGIN:VEVENT" not in lines(feed_of(UserFactory(role="ae", team=team)))

    def test_somebody_invited_reads_it_while_they_see_the_deal(self, deal, team, other_team):
        meeting = MeetingFactory(opportunity=deal)
        mate, stranger = UserFactory(role="ae", team=team), UserFactory(role="ae", team=other_team)
        for user in (mate, stranger):
            AttendeeFactory(meeting=meeting, user=user)
        assert "BEGIN:VEVENT" in lines(feed_of(mate))
        assert "BEGIN:VEVENT" not in lines(feed_of(stranger))

    def test_a_renewed_one_makes_the_old_one_void(self, deal, ae, se):
        old, others = token_of(ae), token_of(se)
        renew_calendar_address(ae)
        assert owner_of(old) is None
        assert owner_of(token_of(ae)) == ae
        assert owner_of(others) == se
        assert Client().get(f"/calendar/{old}.ics").status_code == 404

    @pytest.mark.parametrize(
        "change", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.split(":")[0], lambda t: "a:b"]
    )
    def test_a_forged_one_is_nobodys(self, ae, change):
        assert Client().get(f"/calendar/{change(token_of(ae))}.ics").status_code == 404

    def test_nor_is_that_of_somebody_who_left(self, ae):
        token = token_of(ae)
        type(ae).objects.filter(pk=ae.pk).update(is_active=False)
        assert Client().get(f"/calendar/{token}.ics").status_code == 404

    def test_a_client_that_asks_without_end_is_slowed_down(self, ae, monkeypatch):
        monkeypatch.setattr("deals.views.calendar.PER_PERSON", 2)
        assert [feed_of(ae).status_code for _ in range(3)] == [200, 200, 429]

    def test_the_account_page_shows_it_and_gives_a_new_one(self, ae, sign_in):
        client = sign_in(ae)
        assert token_of(ae) in client.get("/account/").content.decode()
        old = token_of(ae)
        assert client.post("/calendar/renew/").status_code == 302
        assert token_of(ae) != old
        assert token_of(ae) in client.get("/account/").content.decode()

    def test_few_queries_whatever_the_number(self, deal, ae, se, django_assert_max_num_queries):
        for hours in range(20):
            meeting = MeetingFactory(opportunity=deal, hours=hours)
            AttendeeFactory(meeting=meeting, user=se)
        with django_assert_max_num_queries(6):
            feed_of(ae)

    def test_dates_of_the_meeting_do_not_move_with_the_readers_clock(self, deal, ae, se):
        MeetingFactory(opportunity=deal)
        type(se).objects.filter(pk=se.pk).update(time_zone="Asia/Tokyo")
        starts = [[line for line in lines(feed_of(user)) if line.startswith("DTSTART")] for user in (ae, se)]
        assert starts[0] == starts[1]
        assert Meeting.objects.get().starts_at > timezone.now()
