"""Nurture tracks: who gets on, what is sent, who gets off, and never the same twice."""

import datetime

import pytest
from django.core import mail
from django.utils import timezone

from leads.actions import nurture as actions
from leads.actions import nurture_answers as answers
from leads.actions.duplicates import merge
from leads.actions.leads import record_engagement, update_lead
from leads.actions.stages import nurture as set_aside
from leads.models import Lead, NurtureEnrolment, NurtureStep, NurtureTouch, Unsubscribed
from leads.nurture import words
from leads.nurture.advance import advance
from leads.nurture.enrol import would_join
from leads.timeline import timeline_of
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.models import OutboxMail
from presales.outbox import message_id, send
from tests.factories import CompanyFactory, LeadFactory, TeamFactory
from tests.leads.nurture_factories import days_pass, reader, run, track

pytestmark = pytest.mark.django_db


def state_of(lead):
    found = NurtureEnrolment.objects.filter(lead=lead).first()
    return found and (found.state, found.stop_reason)


class TestWhoGetsOn:
    @pytest.mark.parametrize(
        ("values", "joins"),
        [
            ({}, True), ({"band": "hot"}, False), ({"stage": "mql"}, False), ({"source": "event"}, True),
            ({"consent": "unknown"}, False), ({"consent": "withdrawn"}, False), ({"email": ""}, False),
        ],
    )  # fmt: skip
    def test_by_band_stage_and_consent(self, values, joins):
        track()
        lead = reader(**values)
        run()
        assert NurtureEnrolment.objects.filter(lead=lead).exists() is joins
        assert len(mail.outbox) == joins

    def test_by_source_and_team(self):
        west = TeamFactory()
        track(sources=["webinar"], team=west)
        in_it, other = reader(source="webinar", team=west), reader(source="webinar")
        run()
        assert (state_of(in_it)[0], state_of(other)) == ("finished", None)

    def test_by_how_long_it_is_quiet(self, admin):
        long_ago = timezone.now() - datetime.timedelta(days=40)
        quiet, lively = reader(stage_since=long_ago), reader(stage_since=long_ago)
        record_engagement(admin, lively, kind="page_visit")
        made = track(quiet_days=30)
        assert would_join(made) == 1
        run()
        assert (state_of(quiet) is not None, state_of(lively)) == (True, None)

    @pytest.mark.parametrize("state", ["draft", "paused"])
    def test_only_while_it_runs(self, state):
        track(state=state)
        reader()
        run()
        assert not NurtureEnrolment.objects.exists()

    def test_of_two_leads_with_one_address_one_hears_of_us(self):
        track()
        first, second = reader(email="lena@acme.example"), reader(email="LENA@acme.example")
        run()
        run()
        assert (state_of(first)[0], state_of(second)) == ("finished", None)
        assert len(mail.outbox) == 1

    def test_one_track_at_a_time_and_each_once(self):
        track("email", "email")
        lead = reader()
        track(name="Z second")
        run()
        assert NurtureEnrolment.objects.count() == 1
        days_pass(2)
        run()
        run()
        assert set(NurtureEnrolment.objects.filter(lead=lead).values_list("track__name", "state")) == {
            ("Track 0", "finished"), ("Z second", "finished"),
        }  # fmt: skip
        run()
        assert len(mail.outbox) == 3

    def test_by_hand(self, admin, ae):
        made, lead = track("email", "email"), reader(band="hot", stage="sal", owner=ae, team=ae.teams.get())
        actions.enrol_lead(ae, lead, made)
        run()
        assert len(mail.outbox) == 1
        with pytest.raises(Conflict):
            actions.enrol_lead(ae, lead, made)
        actions.take_off(ae, lead)
        assert state_of(lead) == ("stopped", "by_hand")
        with pytest.raises(Conflict, match="before"):
            actions.enrol_lead(ae, lead, made)
        with pytest.raises(Conflict, match="consent"):
            actions.enrol_lead(admin, LeadFactory(), made)


class TestWhatIsSent:
    def test_step_by_step_with_the_days_between(self):
        track("email", "case_study", "webinar")
        reader(company=CompanyFactory(name="Acme"))
        run()
        run()
        assert [message.subject for message in mail.outbox] == ["Step 0"]
        assert mail.outbox[0].body.startswith("Hello Lena,\n\nhow do you move data at Acme?")
        days_pass(1)
        run()
        days_pass(1)
        run()
        assert [message.subject for message in mail.outbox] == ["Step 0", "Step 1", "Step 2"]
        assert "/n/" in mail.outbox[1].body
        assert "https://ours.example/story" not in mail.outbox[1].body
        assert NurtureEnrolment.objects.get().state == "finished"
        days_pass(5)
        run()
        assert len(mail.outbox) == 3

    def test_every_mail_says_how_to_end_it_with_one_click(self):
        track()
        reader()
        run()
        (message,) = mail.outbox
        link = message.extra_headers["List-Unsubscribe"]
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link.strip("<>") in message.body

    def test_never_the_same_step_twice_to_one_address(self):
        made = track()
        lead = reader(email="lena@acme.example")
        run()
        twin = reader(email="Lena@Acme.example")
        enrolment = NurtureEnrolment.objects.create(
            track=made, lead=twin, stage="new", next_step=made.steps.get(), next_due_at=lead.created_at
        )
        run()
        enrolment.refresh_from_db()
        assert enrolment.state == "finished"
        assert len(mail.outbox) == 1

    def test_what_people_wrote_into_their_names_stays_text(self):
        track()
        reader(name="{link} {unknown}\x85Bcc", company=None)
        run()
        assert len(mail.outbox) == 1
        assert "\n" not in mail.outbox[0].subject

    def test_a_removed_step_is_passed_over(self, admin):
        made = track("email", "email", "email")
        reader()
        run()
        actions.remove_step(admin, made.steps.get(order=1))
        days_pass(1)
        run()
        assert [message.subject for message in mail.outbox] == ["Step 0", "Step 2"]
        assert NurtureEnrolment.objects.get().state == "finished"

    def test_calls_go_to_who_looks_after_the_lead(self, admin):
        track("call", "email")
        lead = reader()
        run()
        assert mail.outbox == []
        (call,) = NurtureTouch.objects.filter(done_at=None, step__kind="call")
        actions.finish_call(admin, call, result="not_reached", note="Voice mail")
        with pytest.raises(Conflict):
            actions.finish_call(admin, call, result="reached")
        assert state_of(lead) == ("running", "")
        assert any("call" in entry.title for entry in timeline_of(lead))

    def test_reaching_somebody_ends_the_mails(self, admin):
        track("call", "email")
        lead = reader()
        run()
        actions.finish_call(admin, NurtureTouch.objects.get(), result="reached")
        days_pass(9)
        run()
        assert state_of(lead)[0] == "stopped"
        assert mail.outbox == []

    def test_mails_are_in_the_timeline(self):
        track()
        lead = reader()
        run()
        entry = next(entry for entry in timeline_of(lead) if entry.kind == "nurture")
        assert (entry.title, entry.text) == ("was sent an e-mail", "Step 0")


class TestWhoGetsOff:
    @pytest.fixture
    def lead(self, ae):
        track("email", "email")
        made = reader(email="lena@acme.example", owner=ae, team=ae.teams.get())
        run()
        return made

    def ends(self, lead, reason):
        days_pass(1)
        run()
        assert state_of(lead) == ("stopped", reason)
        assert len(mail.outbox) == 1

    def test_a_reply(self, lead):
        assert answers.replied(None, sender="Lena@acme.example", references=[], message="<1@x>", text="Call me") == lead
        answers.replied(None, sender="lena@acme.example", references=[], message="<1@x>", text="Call me")
        assert lead.engagements.filter(kind="email_replied").count() == 1
        assert lead.comments.get().text == "Call me"
        self.ends(lead, "replied")

    def test_a_reply_names_its_mail(self, lead):
        days_pass(1)
        run()
        first = OutboxMail.objects.order_by("pk").first()
        answers.replied(None, sender="lena@acme.example", references=[message_id(first.key)])
        assert NurtureTouch.objects.get(mail=first).replied_at

    def test_a_stranger_s_reply_says_nothing(self, lead):
        first = OutboxMail.objects.get()
        assert answers.replied(None, sender="eve@evil.example", references=[message_id(first.key)]) is None
        assert answers.replied(None, sender="", references=[]) is None
        assert state_of(lead)[0] == "running"

    def test_another_stage(self, lead, ae):
        set_aside(ae, lead, until=datetime.date.today() + datetime.timedelta(days=30))
        self.ends(lead, "stage")

    def test_withdrawn_consent(self, lead):
        Lead.objects.update(consent="withdrawn")
        self.ends(lead, "consent")

    def test_unsubscribing_holds_for_every_lead_of_the_address_now_and_later(self, lead):
        twin = reader(email="LENA@acme.example")
        answers.unsubscribe(None, NurtureTouch.objects.get())
        answers.unsubscribe(None, NurtureTouch.objects.get())
        assert set(Lead.objects.filter(pk__in=[lead.pk, twin.pk]).values_list("consent", flat=True)) == {"withdrawn"}
        assert Unsubscribed.objects.get().pk == "lena@acme.example"
        later = reader(email="lena@acme.example")
        track(name="Another")
        days_pass(1)
        run()
        assert state_of(lead) == ("stopped", "unsubscribed")
        assert state_of(later) is None
        assert len(mail.outbox) == 1

    def test_who_changes_their_mind_hears_of_us_again(self, lead, ae):
        answers.unsubscribe(None, NurtureTouch.objects.get())
        lead.refresh_from_db()
        update_lead(ae, lead, version=lead.version, consent="given")
        track(name="Another")
        run()
        assert set(lead.nurture.values_list("track__name", "state")) == {
            ("Track 0", "stopped"), ("Another", "finished"),
        }  # fmt: skip

    def test_a_mail_that_waits_is_called_off(self, lead):
        days_pass(1)
        assert advance()
        answers.unsubscribe(None, NurtureTouch.objects.order_by("pk").first())
        run()
        assert list(OutboxMail.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "cancelled"]
        assert len(mail.outbox) == 1

    def test_a_paused_track_sends_nothing_and_goes_on_later(self, lead, admin):
        made = lead.nurture.get().track
        actions.set_track_state(admin, made, state="paused")
        days_pass(1)
        run()
        assert len(mail.outbox) == 1
        actions.set_track_state(admin, made, state="running")
        run()
        assert len(mail.outbox) == 2

    def test_a_click_counts_once(self, lead):
        touch = NurtureTouch.objects.get()
        answers.clicked(None, touch)
        answers.clicked(None, touch)
        assert lead.engagements.get().kind == "email_clicked"


class TestMakingTracks:
    def test_marketing_and_admins_do(self, ae, marketing):
        with pytest.raises(NotAllowed):
            actions.add_track(ae, name="Mine", bands=["cold"], stages=["new"])
        made = actions.add_track(marketing, name="Mine", bands=["cold"], stages=["new"])
        assert made.state == "draft"
        with pytest.raises(Conflict):
            actions.add_track(marketing, name="Mine", bands=["cold"], stages=["new"])
        with pytest.raises(Conflict, match="step"):
            actions.set_track_state(marketing, made, state="running")
        step = actions.add_step(marketing, made, kind="email", subject="Hi", body="There", delay_days=0)
        actions.set_track_state(marketing, made, state="running")
        with pytest.raises(Conflict, match="last step"):
            actions.remove_step(marketing, step)
        with pytest.raises(StaleEdit):
            actions.update_track(marketing, made, version=1, name="Other")
        with pytest.raises(StaleEdit):
            actions.update_step(marketing, step, version=7, subject="Other")

    def test_order(self, marketing):
        made = track("email", "call")
        actions.move_step(marketing, made.steps.get(kind="call"), up=True)
        assert list(made.steps.values_list("kind", flat=True)) == ["call", "email"]

    def test_a_test_mail_goes_to_who_asks_once(self, marketing):
        made = track()
        lead = reader()
        actions.send_test(marketing, made.steps.get(), lead, key="k")
        actions.send_test(marketing, made.steps.get(), lead, key="k")
        send()
        (message,) = mail.outbox
        assert (message.to, message.subject) == ([marketing.email], "[Test] Step 0")

    def test_tokens_are_ours_alone(self):
        track()
        reader()
        run()
        touch = NurtureTouch.objects.get()
        signed = words.token(touch)
        assert words.touch_of(signed) == touch
        for bad in ("", "1:x", signed + "x", f"{touch.pk}", "a" * 5000, "99999999999999999999:abc"):
            assert words.touch_of(bad) is None
        assert NurtureStep.objects.count() == 1


def test_merged_leads_keep_their_story_and_hear_of_us_once(admin):
    made = track("email", "email")
    lead, other = reader(email="a@acme.example"), reader(email="b@acme.example")
    alone = reader(email="c@acme.example", band="hot")
    run()
    merge(admin, lead, other)
    merge(admin, alone, lead)
    days_pass(1)
    run()
    assert len(mail.outbox) == 2
    found = NurtureEnrolment.objects.filter(track=made).values_list("lead", "state", "stop_reason")
    assert set(found) == {(alone.pk, "stopped", "merged"), (other.pk, "stopped", "merged")}
    assert any(entry.kind == "nurture" for entry in timeline_of(alone))
