"""The pages of nurture tracks, and what their mail leads to."""

import json
import re

import pytest
from django.core import mail
from django.urls import reverse

from leads.models import Lead, NurtureEnrolment, NurtureStep, NurtureTouch, NurtureTrack
from leads.nurture import words
from presales.models import OutboxMail
from presales.outbox import message_id, send
from tests.leads.nurture_factories import days_pass, reader, run, track

pytestmark = pytest.mark.django_db
TOKEN = "t" * 40


class TestMarketing:
    def test_from_nothing_to_a_running_track(self, client, marketing, django_assert_max_num_queries):
        client.force_login(marketing)
        assert "No track yet" in client.get(reverse("leads:nurture_tracks")).content.decode()
        sent = {"name": "Warm up", "bands": ["cold"], "stages": ["new"], "quiet_days": "0"}
        assert client.post(reverse("leads:add_track"), sent).status_code == 302
        made = NurtureTrack.objects.get()
        assert client.post(reverse("leads:add_track"), sent).status_code == 422
        add = reverse("leads:add_step", args=[made.pk, "case_study"])
        sent = {"delay_days": "0", "subject": "For {first_name}", "body": "Look", "link": "https://ours.example/a"}
        assert client.get(add).status_code == 200
        assert client.post(add, sent).status_code == 302
        assert (
            client.post(reverse("leads:add_step", args=[made.pk, "call"]), {"delay_days": 2, "body": "Ask"}).status_code
            == 302
        )
        lead = reader()
        page = reverse("leads:nurture_track", args=[made.pk])
        assert "Would join now" in client.get(page).content.decode()
        assert client.post(reverse("leads:start_track", args=[made.pk])).status_code == 302
        run()
        with django_assert_max_num_queries(12):
            text = client.get(page).content.decode()
        assert lead.name in text
        step = made.steps.first()
        preview = client.get(reverse("leads:preview_step", args=[step.pk])).content.decode()
        assert "For Lena" in preview
        key = re.search(r'name="key" value="([^"]+)"', preview)[1]
        for _ in range(2):
            assert client.post(reverse("leads:test_step", args=[step.pk]), {"key": key}).status_code == 302
        send()
        assert [message.to for message in mail.outbox] == [[lead.email], [marketing.email]]
        edit = reverse("leads:edit_step", args=[step.pk])
        assert client.get(edit).status_code == 200
        sent |= {"version": 1, "subject": "New"}
        assert client.post(edit, sent).status_code == 302
        assert client.post(edit, sent | {"subject": "Newer"}).status_code == 409
        edit = reverse("leads:edit_track", args=[made.pk])
        rule = {"name": "Warm up", "bands": ["hot"], "stages": ["new"], "quiet_days": "30", "version": "2"}
        assert client.post(edit, rule).status_code == 302
        assert client.post(edit, rule).status_code == 409

    @pytest.mark.parametrize(
        ("kind", "sent"),
        [
            ("email", {}), ("email", {"delay_days": 1, "subject": "S", "body": "{nobody}"}),
            ("email", {"delay_days": 999, "subject": "S", "body": "b"}),
            ("email", {"delay_days": 1, "subject": "S" * 161, "body": "b"}),
            ("case_study", {"delay_days": 1, "subject": "S", "body": "b"}),
            ("webinar", {"delay_days": 1, "subject": "S", "body": "b", "link": "javascript:alert(1)"}),
            ("webinar", {"delay_days": 1, "subject": "S", "body": "b", "link": "ftp://x.example/"}),
            ("call", {"delay_days": 1}),
        ],
    )  # fmt: skip
    def test_a_step_that_cannot_be_is_said(self, client, marketing, kind, sent):
        client.force_login(marketing)
        made = track(state="draft")
        assert client.post(reverse("leads:add_step", args=[made.pk, kind]), sent).status_code == 422
        assert made.steps.count() == 1

    def test_hostile_addresses(self, client, marketing):
        client.force_login(marketing)
        made = track()
        assert client.get(f"/nurture/{made.pk}/steps/bomb/new/").status_code == 404
        assert client.get("/nurture/99999999999999999999/").status_code == 404
        assert (
            client.post(reverse("leads:add_track"), {"name": "x", "bands": ["x"], "stages": ["sql"]}).status_code == 422
        )

    def test_a_text_is_text(self, client, marketing):
        client.force_login(marketing)
        made = track()
        NurtureStep.objects.update(body="<script>alert(1)</script>", subject="<b>")
        text = client.get(reverse("leads:preview_step", args=[made.steps.get().pk])).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


class TestOnALead:
    def test_the_panel_joining_leaving_and_a_call(self, client, ae):
        made = track("call", "email", name="Calls", bands=["hot"])
        lead = reader(owner=ae, team=ae.teams.get())
        client.force_login(ae)
        panel = reverse("leads:nurture_of_lead", args=[lead.pk])
        assert "Put on a track" in client.get(panel).content.decode()
        join = reverse("leads:enrol_lead", args=[lead.pk])
        assert client.post(join, {"track": made.pk}).status_code == 302
        run()
        text = client.get(panel).content.decode()
        assert "Note the call" in text
        assert "Calls" in text
        call = NurtureTouch.objects.get()
        finish = reverse("leads:finish_call", args=[call.pk])
        assert client.post(finish, {}).status_code == 422
        assert client.post(finish, {"result": "not_reached"}).status_code == 302
        assert client.post(reverse("leads:take_off_track", args=[lead.pk])).status_code == 302
        assert NurtureEnrolment.objects.get().stop_reason == "by_hand"
        assert client.post(join, {"track": made.pk}).status_code == 409


class TestReaders:
    @pytest.fixture
    def touch(self):
        track("case_study", "email")
        reader(email="lena@acme.example")
        run()
        return NurtureTouch.objects.get()

    def test_the_link_leads_on_and_counts_once(self, client, touch):
        link = re.search(r"http\S+/n/\S+/\n", mail.outbox[0].body + "\n")[0].strip()
        path = (
            link.split("localhost:8000")[-1]
            if "localhost:8000" in link
            else reverse("leads:nurture_go", args=[words.token(touch)])
        )
        for _ in range(2):
            answer = client.get(path)
            assert (answer.status_code, answer["Location"]) == (302, "https://ours.example/story")
        assert Lead.objects.get().engagements.get().kind == "content_downloaded"
        client.head(path)
        assert client.get(reverse("leads:nurture_go", args=["1:forged"])).status_code == 404

    def test_unsubscribing_asks_on_get_and_does_on_post(self, client, touch):
        address = reverse("leads:nurture_unsubscribe", args=[words.token(touch)])
        assert "Unsubscribe" in client.get(address).content.decode()
        assert Lead.objects.get().consent == "given"
        answer = client.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 200
        assert Lead.objects.get().consent == "withdrawn"
        assert client.post(address).status_code == 200
        days_pass(9)
        run()
        assert len(mail.outbox) == 1

    def inlet(self, client, token=TOKEN, **data):
        return client.post(
            reverse("leads:reply_inlet"), json.dumps(data), content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    def test_replies_come_in_by_the_inlet(self, client, touch, settings):
        settings.REPLY_INLET_TOKEN = TOKEN
        sent = {
            "from": "Lena@Acme.example", "in_reply_to": message_id(OutboxMail.objects.get().key),
            "message_id": "<9@acme>", "subject": "Re: Step 0", "text": "Call me in May.",
        }  # fmt: skip
        for _ in range(2):
            answer = self.inlet(client, **sent)
            assert (answer.status_code, answer.json()) == (200, {"status": "recorded"})
        lead = Lead.objects.get()
        assert lead.engagements.filter(kind="email_replied").count() == 1
        assert lead.comments.get().text == "Call me in May."
        assert NurtureEnrolment.objects.get().stop_reason == "replied"
        assert self.inlet(client, **{"from": "eve@evil.example"}).json() == {"status": "nobody we wrote to"}

    def test_nothing_gets_in_without_the_token(self, client, touch, settings):
        assert self.inlet(client, **{"from": "lena@acme.example"}).status_code == 401
        assert self.inlet(client, token="").status_code == 401
        settings.REPLY_INLET_TOKEN = TOKEN
        assert self.inlet(client, token="wrong" * 8).status_code == 401
        assert NurtureEnrolment.objects.get().state == "running"

    @pytest.mark.parametrize("body", ["", "[]", "{", '"x"', "null", '{"from": 5, "references": {"a": 1}}', "[" * 9000])
    def test_half_a_message_is_refused_or_nobody_s(self, client, touch, settings, body):
        settings.REPLY_INLET_TOKEN = TOKEN
        answer = client.post(
            reverse("leads:reply_inlet"), body, content_type="application/json",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )  # fmt: skip
        assert answer.status_code in (200, 400)
        assert NurtureEnrolment.objects.get().state == "running"
