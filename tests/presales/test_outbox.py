"""Mail that the domain owes: once for each cause, whatever dies meanwhile."""

import contextlib
import datetime
import smtplib

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from presales import outbox, set_aside
from presales.models import OutboxMail
from presales.tasks import send_outbox

pytestmark = pytest.mark.django_db
State = OutboxMail.State


def owed(key="cause", kind="test", **values):
    return OutboxMail(key=key, kind=kind, to="lena@acme.example", subject="Hello", text="There you are.", **values)


def test_a_mail_is_written_once_for_its_cause_and_sent_once():
    outbox.post([owed(), owed("other")])
    outbox.post([owed()])
    assert OutboxMail.objects.count() == 2
    assert outbox.send() == 2
    assert outbox.send() == 0
    assert [message.subject for message in mail.outbox] == ["Hello", "Hello"]
    assert {message.extra_headers["Message-ID"] for message in mail.outbox} == {
        outbox.message_id("cause"), outbox.message_id("other"),
    }  # fmt: skip


def test_what_is_rolled_back_is_not_owed():
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        outbox.post([owed()])
        1 / 0  # noqa: B018
    assert outbox.send() == 0


def test_what_is_not_wanted_any_more_does_not_leave(monkeypatch):
    outbox.post([owed("a", "asked"), owed("b", "asked")])
    keep = OutboxMail.objects.get(key="a").pk
    monkeypatch.setitem(outbox.wanted, "asked", lambda mails: {keep} & set(mails))
    outbox.send()
    assert dict(OutboxMail.objects.values_list("key", "state")) == {"a": State.SENT, "b": State.CANCELLED}
    assert len(mail.outbox) == 1


def test_mails_called_off_do_not_hold_up_those_behind_them(monkeypatch):
    outbox.post([owed(f"called off {number}", "asked") for number in range(outbox.BATCH)])
    outbox.post([owed()])
    monkeypatch.setitem(outbox.wanted, "asked", lambda mails: set())
    send_outbox()
    assert OutboxMail.objects.get(key="cause").state == State.SENT


def test_a_server_that_refuses_is_asked_again_later_and_at_last_given_up(monkeypatch):
    def refuse(message):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)
    outbox.post([owed()])
    moment = timezone.now()
    for attempt in range(outbox.MAX_ATTEMPTS):
        assert outbox.send(moment) == 1
        row = OutboxMail.objects.get()
        assert row.attempts == attempt + 1
        assert row.next_try_at > moment
        moment = row.next_try_at
    assert (row.state, "gone" in row.last_error) == (State.FAILED, True)
    assert outbox.send(moment) == 0
    kind = set_aside.kinds()["presales-outbox"]
    assert kind.rows().count() == 1
    monkeypatch.undo()
    assert kind.retry() == 1
    outbox.send()
    assert OutboxMail.objects.get().state == State.SENT


def test_a_worker_that_dies_while_sending_never_makes_a_second_mail():
    outbox.post([owed()])
    OutboxMail.objects.update(state=State.SENDING, taken_at=timezone.now())
    assert outbox.send() == 0
    late = timezone.now() + outbox.LEASE + datetime.timedelta(seconds=1)
    assert outbox.send(late) == 0
    assert OutboxMail.objects.get().state == State.UNSURE
    assert mail.outbox == []


def test_files_on_disk_repeat_themselves_so_nothing_stays_unsure(settings, tmp_path):
    settings.EMAIL_BACKEND = "presales.mail_files.Backend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    outbox.post([owed(headers={"List-Unsubscribe": "<https://ours.example/x>"})])
    outbox.send()
    OutboxMail.objects.update(state=State.SENDING, taken_at=timezone.now() - outbox.LEASE)
    outbox.send()
    outbox.send()
    assert OutboxMail.objects.get().state == State.SENT
    (file,) = tmp_path.iterdir()
    text = file.read_text()
    assert "List-Unsubscribe: <https://ours.example/x>" in text
    assert "There you are." in text


def test_headers_cannot_be_smuggled():
    outbox.post([owed()])
    OutboxMail.objects.update(subject="Hello\nBcc: all@acme.example")
    outbox.send()
    assert mail.outbox == []
    assert OutboxMail.objects.get().state == State.WAITING
