"""Replies out of a mailbox: a whole conversation with a server, and mails of every kind."""

import contextlib
import imaplib
import ssl
from email.message import EmailMessage

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from leads.models import Engagement, Lead, NurtureEnrolment, NurtureTouch
from leads.nurture import mailbox
from leads.nurture.mails import read
from leads.tasks.nurture import read_replies as job
from presales.mailbox import Mailbox, mailbox_of
from presales.models import OutboxMail
from presales.outbox import message_id
from tests.leads.imap_server import Box, serving
from tests.leads.nurture_factories import reader, run, track


def mail(sender="Lena Ortiz <Lena@Acme.example>", text="Call me in May.", **headers):
    made = EmailMessage()
    made["From"], made["Subject"] = sender, "Re: Step 0"
    for name, value in {"Message_ID": "<9@acme.example>", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def answer_to(**headers):
    (owed,) = OutboxMail.objects.all()
    return mail(In_Reply_To=message_id(owed.key), **headers)


@pytest.fixture
def touch(db):
    track("email", "email")
    reader(email="lena@acme.example")
    run()
    return NurtureTouch.objects.get()


@pytest.fixture
def box(settings):
    found = Box()
    with serving(found) as url:
        settings.REPLY_MAILBOX = mailbox_of(url, encrypted=False)
        yield found


def arrive(box, *mails):
    for number, one in enumerate(mails, len(box.mails) + 7):
        box.mails[number], box.flags[number] = bytes(one), set()


class TestAConversation:
    def test_a_reply_is_noted_ends_the_track_and_is_marked_as_read(self, touch, box):
        arrive(box, answer_to())
        assert mailbox.read_replies() == {"replies": 1, "others": 0, "unreadable": 0}
        lead = Lead.objects.get()
        assert lead.engagements.get(kind="email_replied").note == "Re: Step 0"
        assert lead.comments.get().text == "Call me in May."
        assert NurtureEnrolment.objects.get().stop_reason == "replied"
        assert box.flags == {7: {"\\Seen"}}
        assert 'SELECT "Re\\"plies"' in box.said
        assert box.said[-1] == "LOGOUT"
        assert mailbox.read_replies() == {"replies": 0, "others": 0, "unreadable": 0}

    def test_whoever_died_before_marking_reads_it_again_and_it_counts_once(self, touch, box):
        arrive(box, answer_to(), mail("eve@evil.example", Message_ID="<2@evil>"))
        box.hang_up_on = "UID STORE 7"
        with pytest.raises((OSError, imaplib.IMAP4.error)):
            mailbox.read_replies()
        assert Engagement.objects.filter(kind="email_replied").count() == 1
        assert box.unread() == [7, 8]
        assert mailbox.read_replies() == {"replies": 1, "others": 1, "unreadable": 0}
        assert Engagement.objects.filter(kind="email_replied").count() == 1
        assert Lead.objects.get().comments.count() == 1
        assert box.unread() == []

    def test_the_same_mail_without_any_number_counts_once_too(self, touch, box):
        one = answer_to()
        del one["Message-ID"]
        arrive(box, one, one)
        assert mailbox.read_replies()["replies"] == 2
        assert Engagement.objects.filter(kind="email_replied").count() == 1

    def test_while_the_database_is_away_the_mail_stays_unread(self, touch, box, monkeypatch):
        arrive(box, answer_to())

        def away(*args, **kwargs):
            raise OperationalError("gone")

        with monkeypatch.context() as patched:
            patched.setattr(mailbox, "replied", away)
            with pytest.raises(OperationalError):
                mailbox.read_replies()
        assert box.unread() == [7]
        assert mailbox.read_replies()["replies"] == 1

    def test_what_cannot_be_read_is_flagged_and_stands_in_nobody_s_way(self, touch, box, monkeypatch, caplog):
        arrive(box, mail("secret@acme.example", Message_ID="<1@x>"), answer_to())
        real = mailbox.read

        def strange(content):
            if b"secret@" in content:
                raise RecursionError("secret@acme.example")
            return real(content)

        monkeypatch.setattr(mailbox, "read", strange)
        assert mailbox.read_replies() == {"replies": 1, "others": 0, "unreadable": 1}
        assert box.flags[7] == {"\\Seen", "\\Flagged"}
        assert "secret" not in caplog.text

    def test_a_run_takes_only_so_many_and_only_so_long(self, touch, box, monkeypatch):
        monkeypatch.setattr(mailbox, "AT_ONCE", 2)
        arrive(box, *(mail(f"p{number}@else.example", Message_ID=f"<{number}@x>") for number in range(5)))
        assert mailbox.read_replies()["others"] == 2
        assert box.unread() == [9, 10, 11]  # the oldest first
        ticks = iter([0.0, 1.0, 100.0])
        assert mailbox.read_replies(lambda: next(ticks))["others"] == 1
        assert box.unread() == [10, 11]

    def test_only_the_beginning_of_a_huge_mail_is_fetched(self, touch, box, monkeypatch):
        monkeypatch.setattr(mailbox, "BYTES", 4000)
        huge = answer_to()
        huge.add_attachment(b"x" * 200_000, maintype="application", subtype="pdf", filename="offer.pdf")
        arrive(box, huge)
        assert mailbox.read_replies()["replies"] == 1
        assert Lead.objects.get().comments.get().text == "Call me in May."
        assert "UID FETCH 7 (BODY.PEEK[]<0.4000>)" in box.said

    @pytest.mark.parametrize("refused", ["SELECT", "SEARCH", "FETCH"])
    def test_a_server_that_refuses_is_reported(self, touch, box, refused):
        arrive(box, answer_to())
        box.no_to = refused
        with pytest.raises(imaplib.IMAP4.error):
            mailbox.read_replies()
        assert box.unread() == [7]

    def test_a_wrong_password_and_nobody_there_are_reported(self, touch, box, settings):
        there = settings.REPLY_MAILBOX
        settings.REPLY_MAILBOX = Mailbox("imap", there.host, there.port, there.user, "wrong")
        with pytest.raises(imaplib.IMAP4.error):
            mailbox.read_replies()
        settings.REPLY_MAILBOX = Mailbox("imap", "127.0.0.1", 1, "a", "b")
        with pytest.raises(OSError, match="refused"):
            mailbox.read_replies()

    def test_an_encrypted_mailbox_never_speaks_in_the_clear(self, touch, box, settings):
        there = settings.REPLY_MAILBOX
        for scheme in ("imaps", "imap+starttls"):
            settings.REPLY_MAILBOX = Mailbox(scheme, there.host, there.port, there.user, there.password)
            with pytest.raises((ssl.SSLError, OSError, imaplib.IMAP4.error)):
                mailbox.read_replies()
        assert not [said for said in box.said if "LOGIN" in said]

    def test_the_job_reads_it_and_without_a_mailbox_does_nothing(self, touch, box, settings):
        arrive(box, answer_to())
        there, settings.REPLY_MAILBOX = settings.REPLY_MAILBOX, None
        job()
        assert box.said == []
        settings.REPLY_MAILBOX = there
        job()
        assert box.unread() == []


class TestMails:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Auto_Submitted": "auto-replied (vacation)"}, {"Precedence": "bulk"}, {"X_Autoreply": "yes"},
            {"List_Id": "<news.acme.example>"}, {"sender": "MAILER-DAEMON@acme.example"}, {"sender": "nobody"},
        ],
    )  # fmt: skip
    def test_machines_and_nobody_do_not_answer(self, headers):
        assert read(bytes(mail(**headers))) is None
        assert read(bytes(mail(Auto_Submitted="no"))) is not None

    def test_bounces_do_not_answer(self):
        bounce = (
            b"From: a@b.example\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nNo such user\r\n--x--"
        )
        assert read(bounce) is None

    def test_own_words_are_what_stands_above_the_mail_that_is_answered(self):
        text = "Yes, please.\n\n> Hello Lena\nNot quoted\nOn Mon, 2 Nov 2026, Presales wrote:\n> more\nand more"
        assert read(bytes(mail(text=text))).text == "Yes, please.\n\nNot quoted"

    def test_html_alone_is_read_without_its_tags(self):
        made = mail()
        made.set_content("<style>p{}</style><p>Call&nbsp;me</p><script>evil()</script><p>in May</p>", subtype="html")
        assert read(bytes(made)).text.split() == ["Call", "me", "in", "May"]

    def test_attachments_are_no_words_of_theirs(self):
        made = mail(text="See there.")
        made.add_attachment("attached text", filename="notes.txt")
        assert read(bytes(made)).text == "See there."

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"From: a@b.example\nContent-Type: text/plain; charset=klingon\n\ncaf\xe9", "café"),
            (b"From: a@b.example\nContent-Type: text/plain; charset=utf-16\n\nodd", "odd"),
            (b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\nNUL \x00 \x1b[31m", "NUL    [31m"),
            (b"From: a@b.example\nContent-Transfer-Encoding: base64\n\n!!!! not base64", None),
            (b"From: a@b.example\nContent-Type: multipart/mixed; boundary=\n\n--\n", None),
            (b"From: =?utf-8?q?=FF=FE?= <a@b.example>\nSubject: =?nope?b?####?=\n\nhi", "hi"),
            (b"From: a@b.example\nSubject: " + b"x" * 100_000 + b"\n\nlong", "long"),
            (b"From: a@b.example\nReferences: " + b"<1@x> " * 50_000 + b"\n\nmany", "many"),
        ],
    )  # fmt: skip
    def test_broken_and_hostile_mails_are_read_as_well_as_they_can_be(self, content, text):
        found = read(content)
        assert found.sender == "a@b.example"
        assert text is None or found.text == text
        assert len(found.subject) <= 300
        assert len(found.references) <= 50
        assert "\x00" not in found.text

    @pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"no headers at all", b"From:\n\n", b"\xff\xfe\n\n"])
    def test_what_is_no_mail_is_nobody_s(self, content):
        assert read(content) is None

    def test_parts_within_parts_without_end_stop_nothing(self):
        deep = b"From: a@b.example\n"
        for number in range(3000):
            deep += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        # Too deep for the reader, it is flagged: test_what_cannot_be_read_is_flagged_and_stands_in_nobody_s_way
        with contextlib.suppress(RecursionError):
            read(deep)

    def test_the_mails_it_answers_are_named_the_nearest_kept(self):
        many = " ".join(f"<{number}@x>" for number in range(90))
        found = read(bytes(mail(In_Reply_To="<nearest@x>", References=many)))
        assert found.references[0] == "<nearest@x>"
        assert found.references[-1] == "<89@x>"
        assert len(found.references) == 50


class TestTheSetting:
    def test_it_names_a_mailbox(self):
        found = mailbox_of("imaps://lena%40acme.example:p%40ss@mail.example/Re%20plies", encrypted=True)
        assert found == Mailbox("imaps", "mail.example", 993, "lena@acme.example", "p@ss", "Re plies")
        assert mailbox_of("imap+starttls://a:b@mail.example", encrypted=True).folder == "INBOX"
        assert mailbox_of("", encrypted=True) is None
        assert "p@ss" not in repr(found)

    @pytest.mark.parametrize(
        "url",
        [
            "imap://a:b@mail.example", "https://a:b@mail.example", "imaps://mail.example", "imaps://a@mail.example",
            "imaps://a:b@mail.example:port", "imaps://a:b%0d%0aX@mail.example", "secret",
        ],
    )  # fmt: skip
    def test_anything_else_keeps_production_from_starting(self, url):
        with pytest.raises(ImproperlyConfigured) as refused:
            mailbox_of(url, encrypted=True)
        assert url not in str(refused.value)
